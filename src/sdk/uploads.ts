/** Files into a dataset: in parts, several at a time, straight to the object store; one that was cut off goes on. */
import { dataOf, idempotent, type KappaClient, newIdempotencyKey } from '../client/client.ts'
import { reachableUrl } from '../client/object-url.ts'
import { ownProblem } from '../client/problem.ts'
import type { StartedUpload } from '../client/resources.ts'
import { type Part, putPart, type SendPart } from './upload-parts.ts'

export interface UploadSource {
  /** Without folders; its ending says what the file is. */
  readonly filename: string
  readonly bytes: number
  /** Bytes `start` to `end`, the last one not included; asked again where a part is sent again. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** What an upload goes on from, as plain JSON. Keep it where the process may die; it holds no secret. */
export interface UploadMemory {
  readonly idempotencyKey: string
  readonly uploadId: string | null
  readonly parts: readonly { readonly part: number; readonly etag: string }[]
}

export interface UploadOptions {
  /** Of an earlier call with the same file. */
  readonly memory?: UploadMemory | undefined
  /** Before the first byte, and after every part. */
  readonly onMemory?: (memory: UploadMemory) => void | Promise<void>
  /** Bytes that are there, those of before included. */
  readonly onProgress?: (bytes: number) => void
  /** Parts at the same time (3). */
  readonly parallel?: number
  readonly signal?: AbortSignal
}

const PARALLEL = 3
/** Each part is held in memory; object stores take no larger ones. */
const MOST_PART_BYTES = 5 * 1024 ** 3
const NEVER = new AbortController().signal

export const newUploadMemory = (): UploadMemory => ({ idempotencyKey: newIdempotencyKey(), uploadId: null, parts: [] })

const rangeOf = (part: number, { part_bytes, bytes }: StartedUpload) => {
  const start = (part - 1) * part_bytes
  return { start, end: Math.min(bytes, start + part_bytes) }
}

/** The parts say which bytes are read and how much memory that takes: those of this file, each once. @throws Problem bad_answer */
export function checkStarted(started: StartedUpload, bytes: number): StartedUpload {
  const { parts, part_bytes: each } = started
  const isSane = started.bytes === bytes && Number.isInteger(each) && each >= 1 && each <= MOST_PART_BYTES
  const numbers = new Set(parts.map(({ part }) => part))
  const count = Math.ceil(bytes / each)
  const isWhole =
    numbers.size === parts.length && parts.length === count && !parts.some(({ part }) => !isOf(part, count))
  if (isSane && isWhole) return started
  throw ownProblem('bad_answer', `The server answers with an upload of other parts than a file of ${bytes} bytes has.`)
}

const isOf = (part: number, count: number): boolean => Number.isInteger(part) && part >= 1 && part <= count

export type Uploads = ReturnType<typeof createUploads>

export function createUploads(api: KappaClient, baseUrl: string, send: SendPart) {
  /** The same key brings the same answer back, with the same addresses, for as long as they are good. */
  async function begin(datasetId: string, source: UploadSource, memory: UploadMemory, signal: AbortSignal) {
    const body = { filename: source.filename, bytes: source.bytes }
    const params = { path: { id: datasetId } }
    const once = { ...idempotent(memory.idempotencyKey), signal }
    return checkStarted(await dataOf(api.POST('/v1/datasets/{id}/uploads', { params, body, ...once })), source.bytes)
  }

  return {
    /**
     * @returns the id of the completed upload
     * @throws Problem of the API or of the object store; the memory that was kept last goes on, until its upload expires
     */
    async send(datasetId: string, source: UploadSource, options: UploadOptions = {}): Promise<string> {
      const { onMemory, onProgress, parallel = PARALLEL, signal = NEVER } = options
      let memory = options.memory ?? newUploadMemory()
      if (options.memory === undefined) await onMemory?.(memory)
      const started = await begin(datasetId, source, memory, signal)
      // The answer to another key's request, or one that was forgotten: parts of another upload.
      const kept = memory.uploadId === started.id ? memory.parts : []
      memory = { ...memory, uploadId: started.id, parts: kept }
      await onMemory?.(memory)
      await sendParts(started, source, { kept, parallel, signal, ...(onProgress && { onProgress }) }, async (tag) => {
        memory = { ...memory, parts: [...memory.parts, tag] }
        await onMemory?.(memory)
      })
      const path = { id: datasetId, upload_id: started.id }
      const parts = memory.parts.toSorted((a, b) => a.part - b.part)
      await dataOf(
        api.POST('/v1/datasets/{id}/uploads/{upload_id}:complete', { params: { path }, body: { parts }, signal })
      )
      return started.id
    }
  }

  async function sendParts(
    started: StartedUpload,
    source: UploadSource,
    { kept, parallel, signal: left, onProgress }: Sending,
    keep: (tag: UploadMemory['parts'][number]) => Promise<void>
  ): Promise<void> {
    const there = new Set(kept.map(({ part }) => part))
    const lengthOf = (part: number) => rangeOf(part, started).end - rangeOf(part, started).start
    let bytes = [...there].reduce((sum, part) => sum + lengthOf(part), 0)
    onProgress?.(bytes)
    const waiting = started.parts.filter(({ part }) => !there.has(part))
    const stop = new AbortController()
    const signal = AbortSignal.any([left, stop.signal])
    let keeping = Promise.resolve()

    async function sendNext(): Promise<void> {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { start, end } = rangeOf(next.part, started)
        const part: Part = {
          number: next.part,
          url: reachableUrl(next.url, baseUrl),
          body: await source.read(start, end)
        }
        const etag = await putPart(part, send, signal)
        // One after the other: a memory that is older must not be written over one that is newer.
        keeping = keeping.then(() => keep({ part: part.number, etag }))
        await keeping
        bytes += end - start
        onProgress?.(bytes)
      }
    }
    try {
      await Promise.all(Array.from({ length: Math.min(parallel, waiting.length) }, sendNext))
    } finally {
      stop.abort()
    }
  }
}

interface Sending {
  readonly kept: UploadMemory['parts']
  readonly parallel: number
  readonly signal: AbortSignal
  readonly onProgress?: (bytes: number) => void
}
