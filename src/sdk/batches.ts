/** A batch: its requests up, its end waited for, its answers read line by line. */

import { backoffMs } from '../client/backoff.ts'
import { createKappaClient, dataOf, idempotent, type KappaClient, newIdempotencyKey } from '../client/client.ts'
import { pause } from '../client/pause.ts'
import { isPassing, Problem } from '../client/problem.ts'
import type { Batch, EmbeddingList, RequestFile } from '../client/resources.ts'
import { base64Of } from './base64.ts'
import { linesOf } from './lines.ts'
import { type RetryOptions, retrying, type Send } from './retrying.ts'
import { type OutputDtype, type VectorsByType, vectorOf } from './vectors.ts'
import { type WaitOptions, waitUntil } from './waiting.ts'

export interface BatchLine {
  /** What the answer is called by. */
  readonly customId: string
  /** Every line names the same. */
  readonly model: string
  /** The bytes of image files. */
  readonly images: readonly Uint8Array[]
  readonly output?: 'cls' | 'bottleneck'
  readonly outputDtype?: OutputDtype
  readonly dimensions?: number
}

export interface BatchOptions {
  /** 1h to 999h; 24h unless it is given. */
  readonly completionWindow?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly filename?: string
  readonly signal?: AbortSignal
}

export interface BatchFailure {
  readonly code: string
  readonly message: string
}

export interface BatchResult<D extends OutputDtype = 'float32'> {
  readonly customId: string
  /** One an image of the line; null where it failed. */
  readonly embeddings: readonly VectorsByType[D][] | null
  readonly error: BatchFailure | null
}

export interface BatchReading<D extends OutputDtype = OutputDtype> {
  /** What the requests asked for; float32 unless it is given. */
  readonly outputDtype?: D
  readonly signal?: AbortSignal
}

/** One line of a file of requests, without its end. */
export function batchLine({ customId, model, images, output, outputDtype, dimensions }: BatchLine): string {
  const body = {
    ...{ model, input: images.map(base64Of), encoding_format: 'base64' },
    ...(output !== undefined && { output }),
    ...(outputDtype !== undefined && { output_dtype: outputDtype }),
    ...(dimensions !== undefined && { dimensions })
  }
  return JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/embeddings', body })
}

interface AnswerLine {
  readonly custom_id: string
  readonly response: { readonly status_code: number; readonly body: unknown } | null
  readonly error: BatchFailure | null
}

function failureOf({ response, error }: AnswerLine): BatchFailure {
  if (error !== null) return error
  const { error: inner, ...outer } = (response?.body ?? {}) as { error?: Partial<BatchFailure> } & Partial<BatchFailure>
  const { code = `http_${response?.status_code ?? 0}`, message = 'nobody says why' } = inner ?? outer
  return { code, message }
}

/** A line of a batch's output or error file. */
export function readBatchAnswer<D extends OutputDtype>(line: string, dtype: D): BatchResult<D> {
  const answer = JSON.parse(line) as AnswerLine // of the server's own file, in OpenAI's shape
  const { custom_id: customId, response } = answer
  if (response === null || response.status_code !== 200) return { customId, embeddings: null, error: failureOf(answer) }
  const { data } = response.body as EmbeddingList
  const vectors = [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => vectorOf(embedding, dtype))
  return { customId, embeddings: vectors, error: null }
}

const ENDS: ReadonlySet<Batch['status']> = new Set(['completed', 'failed', 'expired', 'cancelled'])
export const hasBatchEnded = ({ status }: Batch): boolean => ENDS.has(status)

const TRIES = 5
const LONGEST_WAIT_S = 90
const NEVER = new AbortController().signal

export interface BatchesDeps {
  readonly api: KappaClient
  readonly baseUrl: string
  readonly key: string
  readonly send: Send
  readonly retry?: RetryOptions | undefined
}

export type Batches = ReturnType<typeof createBatches>

export function createBatches({ api, baseUrl, key, send, retry }: BatchesDeps) {
  // To be sent again a request is cloned, which would hold a file of requests in memory: its form is made anew instead.
  const plain = createKappaClient({ baseUrl, key, fetch: send })
  // Answers of a million lines are one body.
  const endless = createKappaClient({
    baseUrl,
    key,
    fetch: retrying(send, retry),
    mostAnswerBytes: Number.POSITIVE_INFINITY
  })

  /** @param requests JSONL; a Blob may be a file that is larger than memory. @returns the file, which is kept until it is deleted */
  async function upload(requests: Blob | string, options: Pick<BatchOptions, 'filename' | 'signal'> = {}) {
    const { filename = 'requests.jsonl', signal = NEVER } = options
    const bodySerializer = () => {
      const form = new FormData()
      form.append('purpose', 'batch')
      form.append('file', typeof requests === 'string' ? new Blob([requests]) : requests, filename)
      return form
    }
    const body = { purpose: 'batch', file: '' } as const // the form takes its place
    for (let attempt = 1; ; attempt++) {
      try {
        return await dataOf<RequestFile>(plain.POST('/v1/files', { body, bodySerializer, signal }))
      } catch (error) {
        // Only what was refused for now: of one whose answer was lost there is a file that nobody knows.
        const wait = error instanceof Problem && error.status === 429 ? (error.details.retryAfterS ?? 1) : null
        if (wait === null || wait > LONGEST_WAIT_S || attempt === (retry?.tries ?? TRIES)) throw error
        await pause(wait * 1000, signal)
        signal.throwIfAborted()
      }
    }
  }

  /** Uploads the requests and queues them. What is refused leaves no file behind. */
  async function create(requests: Blob | string, options: BatchOptions = {}): Promise<Batch> {
    const { completionWindow = '24h', metadata, signal } = options
    const file = await upload(requests, options)
    const body = {
      input_file_id: file.id,
      endpoint: '/v1/embeddings' as const,
      completion_window: completionWindow,
      ...(metadata && { metadata: { ...metadata } })
    }
    try {
      const once = { ...idempotent(newIdempotencyKey()), ...(signal && { signal }) }
      return (await dataOf<unknown>(api.POST('/v1/batches', { body, ...once }))) as Batch // the client drops what is always null
    } catch (error) {
      const isRefused = error instanceof Problem && error.status >= 400 && error.status < 500
      if (isRefused) await api.DELETE('/v1/files/{id}', { params: { path: { id: file.id } } }).catch(() => {})
      throw error
    }
  }

  const get = (id: string, signal?: AbortSignal): Promise<Batch> =>
    dataOf<unknown>(
      api.GET('/v1/batches/{id}', { params: { path: { id } }, ...(signal && { signal }) })
    ) as Promise<Batch>

  /** However it ends: `completed`, `failed`, `expired` or `cancelled`. */
  const wait = (id: string, options: WaitOptions<Batch> = {}): Promise<Batch> =>
    waitUntil((signal) => get(id, signal), hasBatchEnded, options)

  /** Of a file; where the connection breaks it is read again, and what was given before is passed over. */
  async function* lines(fileId: string, signal: AbortSignal = NEVER): AsyncGenerator<string, void> {
    let given = 0
    for (let attempt = 1; ; ) {
      const before = given
      try {
        const params = { path: { id: fileId } }
        const headers = { accept: 'application/octet-stream' }
        const call = endless.GET('/v1/files/{id}/content', { params, headers, parseAs: 'stream', signal })
        let place = 0
        for await (const line of linesOf((await dataOf<unknown>(call)) as ReadableStream<Uint8Array>)) {
          if (place++ < given) continue
          given++
          yield line
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        attempt = given > before ? 1 : attempt + 1
        if (!(error instanceof Problem) || !isPassing(error) || attempt > TRIES) throw error
        await pause(backoffMs(attempt, Math.random()), signal)
      }
    }
  }

  /** Answers in the order of the requests, then what failed. Of one that ended early these are the lines that were reached. */
  async function* results<D extends OutputDtype = 'float32'>(
    { output_file_id: answers, error_file_id: failures }: Pick<Batch, 'output_file_id' | 'error_file_id'>,
    { outputDtype, signal }: BatchReading<D> = {}
  ): AsyncGenerator<BatchResult<D>, void> {
    const dtype = outputDtype ?? ('float32' as D)
    for (const file of [answers, failures]) {
      if (file === null) continue
      for await (const line of lines(file, signal)) yield readBatchAnswer(line, dtype)
    }
  }

  return { upload, create, get, wait, lines, results }
}
