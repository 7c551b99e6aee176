import { Problem, readProblem } from './problem.ts'

type Query = Readonly<Record<string, string | number | null | undefined>>

export interface SendOptions {
  readonly body?: unknown
  /** Makes a repeated POST safe: the API answers the second with the first one's response. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

export interface Answer<T> {
  readonly data: T
  readonly headers: Headers
}

/**
 * The one place that speaks HTTP to the API. Throws Problem for every answer that is not 2xx. Response types are the
 * caller's word for what the route's schema promises; the API validates what it sends.
 */
export interface Client {
  get<T>(path: string, signal?: AbortSignal): Promise<T>
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, options?: SendOptions): Promise<T>
  /** One image as the raw body. */
  sendImage<T>(path: string, image: Blob, signal?: AbortSignal): Promise<Answer<T>>
  /** The body of an event stream, from after `lastEventId`. */
  openStream(path: string, lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
}

export interface ClientOptions {
  readonly key: string
  readonly fetch: typeof fetch
  /** Called with the API's answer when the key is not taken (any more). */
  readonly onUnauthorized: (problem: Problem) => void
}

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

/** Appends the parameters that have a value. */
export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value))
  }
  const tail = parameters.toString()
  if (tail === '') return path
  return `${path}${path.includes('?') ? '&' : '?'}${tail}`
}

/** Not crypto.randomUUID: browsers have that on https and localhost alone, and a first look is often plain http. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The caller names the type: the API checks what it sends against its schema. An empty answer is undefined. */
async function readJson<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T
}

export function createClient({ key, fetch, onUnauthorized }: ClientOptions): Client {
  async function request(path: string, init: Init): Promise<Response> {
    const response = await fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } })
    if (response.ok) return response
    const problem = await readProblem(response)
    if (response.status === 401) onUnauthorized(problem)
    throw problem
  }

  const withSignal = (signal: AbortSignal | undefined): Init => (signal ? { signal } : {})

  return {
    async get(path, signal) {
      const response = await request(path, { headers: { accept: 'application/json' }, ...withSignal(signal) })
      return readJson(response)
    },

    async send(method, path, { body, idempotencyKey, signal } = {}) {
      const headers: Record<string, string> = { accept: 'application/json' }
      if (body !== undefined) headers['content-type'] = 'application/json'
      if (idempotencyKey) headers['idempotency-key'] = idempotencyKey
      const content = body === undefined ? {} : { body: JSON.stringify(body) }
      const response = await request(path, { method, headers, ...content, ...withSignal(signal) })
      return readJson(response)
    },

    async sendImage(path, image, signal) {
      const headers = { accept: 'application/json', 'content-type': image.type || 'application/octet-stream' }
      const response = await request(path, { method: 'POST', headers, body: image, ...withSignal(signal) })
      return { data: await readJson(response), headers: response.headers }
    },

    async openStream(path, lastEventId, signal) {
      const headers: Record<string, string> = { accept: 'text/event-stream' }
      if (lastEventId !== null) headers['last-event-id'] = lastEventId
      const response = await request(path, { headers, signal })
      const type = response.headers.get('content-type') ?? ''
      if (response.body && type.startsWith('text/event-stream')) return response.body
      const message = `The event stream answered with "${type}".`
      throw new Problem({ status: 0, code: 'no_stream', message, requestId: null, errors: [], retryAfterS: null })
    }
  }
}
