/**
 * The one client of the HTTP API: paths, parameters and bodies are typed by what `npm run openapi` generates. Every
 * answer that is no success, and every request that reaches nobody, is thrown as a Problem; an abort stays an abort.
 */
import createFetchClient, { type Client } from 'openapi-fetch'
import { bounded, MOST_ANSWER_BYTES } from './bounded.ts'
import { type Problem, throwUnreachable } from './problem.ts'
import { readProblem } from './read-problem.ts'
import type { paths } from './wire.ts'

export type KappaClient = Client<paths>

export interface ClientOptions {
  /** Where the API is; in a browser the empty string is where the page came from. */
  readonly baseUrl: string
  readonly key: string
  readonly fetch?: (request: Request) => Promise<Response>
  /** Called with the API's answer when the key is not taken (any more). */
  /** Of one answer; a page on its own origin may lift it. */
  readonly mostAnswerBytes?: number
  readonly onUnauthorized?: (problem: Problem) => void
}

/** Followed for days, by events that are counted one by one (event-stream.ts). */
export const isStream = ({ headers }: Request): boolean => headers.get('accept') === 'text/event-stream'

export function createKappaClient({ baseUrl, key, onUnauthorized, ...options }: ClientOptions): KappaClient {
  const { mostAnswerBytes = MOST_ANSWER_BYTES } = options
  const send = options.fetch ?? ((request) => fetch(request))

  async function sendOrThrow(request: Request): Promise<Response> {
    const response = await send(request).catch(throwUnreachable)
    if (response.ok) return isStream(request) ? response : bounded(response, mostAnswerBytes)
    const problem = await readProblem(response)
    if (response.status === 401) onUnauthorized?.(problem)
    throw problem
  }

  const headers = { authorization: `Bearer ${key}`, accept: 'application/json' }
  return createFetchClient<paths>({ baseUrl, headers, fetch: sendOrThrow })
}

export interface Answer<T> {
  readonly data: T
  readonly headers: Headers
}

/** What a call of the client was answered with: `data` is undefined where the route has no body. */
export async function answerOf<T>(
  call: Promise<{ readonly data?: T; readonly response: Response }>
): Promise<Answer<T>> {
  const { data, response } = await call.catch((error: unknown) => {
    if (error instanceof TypeError) throwUnreachable(error) // a body that broke off
    throw error
  })
  return { data: data as T, headers: response.headers } // failures were thrown, so this is the success's type
}

export const dataOf = async <T>(call: Parameters<typeof answerOf<T>>[0]): Promise<T> => (await answerOf(call)).data

/** Makes a repeated POST safe: the API answers the second with the first one's response. */
export const idempotent = (key: string) => ({ headers: { 'idempotency-key': key } })

/** Not crypto.randomUUID: browsers have that on https and localhost alone, and a first look is often plain http. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
