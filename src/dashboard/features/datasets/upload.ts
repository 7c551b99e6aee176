/** A file into the object store, part by part, to the URLs that the API signed: its bytes do not pass through the API. */
import { backoffMs } from '../../../client/backoff.ts'
import { dataOf, idempotent, type KappaClient, newIdempotencyKey } from '../../../client/client.ts'
import { reachableUrl } from '../../../client/object-url.ts'
import { Problem } from '../../../client/problem.ts'
import type { StartedUpload } from '../../../client/resources.ts'
import { partRange } from './part-range.ts'

type UploadPart = StartedUpload['parts'][number]

const PARALLEL_PARTS = 3
const TRIES_PER_PART = 5

export interface UploadRequest {
  readonly client: KappaClient
  readonly datasetId: string
  readonly file: File
  readonly signal: AbortSignal
  /** Bytes of this file that have left so far. */
  readonly onProgress: (bytes: number) => void
}

/** Returns the id of the completed upload. A part that fails is tried again; what the API refuses is not. */
export async function uploadFile({ client, datasetId, file, signal, onProgress }: UploadRequest): Promise<string> {
  const body = { filename: file.name, bytes: file.size }
  const once = { ...idempotent(newIdempotencyKey()), signal }
  const params = { path: { id: datasetId } }
  const upload = await dataOf(client.POST('/v1/datasets/{id}/uploads', { params, body, ...once }))
  const sent = new Map<number, number>()
  const report = (part: number, bytes: number) => {
    sent.set(part, bytes)
    onProgress([...sent.values()].reduce((sum, one) => sum + one, 0))
  }
  const waiting = [...upload.parts]
  const tags: { part: number; etag: string }[] = []
  const sendNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { part, url } = next
      const { start, end } = partRange(part, upload.part_bytes, file.size)
      const etag = await putWithRetry({ url, part }, file.slice(start, end), { signal, report })
      tags.push({ part, etag })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_PARTS }, sendNext))
  const parts = tags.sort((a, b) => a.part - b.part)
  const path = { id: datasetId, upload_id: upload.id }
  await dataOf(
    client.POST('/v1/datasets/{id}/uploads/{upload_id}:complete', { params: { path }, body: { parts }, signal })
  )
  return upload.id
}

interface PutOptions {
  readonly signal: AbortSignal
  readonly report: (part: number, bytes: number) => void
}

async function putWithRetry(target: UploadPart, bytes: Blob, options: PutOptions): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await putPart(target, bytes, options)
    } catch (error) {
      if (options.signal.aborted || attempt === TRIES_PER_PART) throw error
      options.report(target.part, 0)
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random())))
    }
  }
}

function storeProblem(message: string, status: number): Problem {
  return new Problem({ status, code: 'upload_failed', message, requestId: null, errors: [], retryAfterS: null })
}

/** XMLHttpRequest, because fetch does not tell how much of a body has left. Resolves with the part's ETag. */
function putPart({ url, part }: UploadPart, bytes: Blob, { signal, report }: PutOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    const fail = (message: string) => reject(storeProblem(message, request.status))
    request.upload.onprogress = (event) => report(part, event.loaded)
    request.onload = () => {
      if (request.status >= 300) return fail(`The object store answered part ${part} with ${request.status}.`)
      const etag = request.getResponseHeader('etag')
      if (etag === null) return fail('The object store hides the ETag header: its CORS rules must expose it.')
      report(part, bytes.size)
      resolve(etag)
    }
    request.onerror = () => fail(`Part ${part} did not reach the object store.`)
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'))
    request.onloadend = () => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    request.open('PUT', reachableUrl(url, window.location.origin))
    request.send(bytes)
    if (signal.aborted) request.abort()
  })
}
