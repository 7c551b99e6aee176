/**
 * Requests as Lambda has them, of a function URL or an API Gateway (payload 2.0), through Fastify and back. Two modes, as the function's
 * URL is configured: `buffered`, an answer of 6 MB at the most in one piece, and `streamed`, 200 MB as they come, server-sent events included.
 */
import awsLambdaFastify, { type LambdaResponseStreamed } from '@fastify/aws-lambda'
import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { PROBLEM_TYPE, presentProblem, STATUS } from '../http/core/problem.ts'
import { SECURITY_HEADERS } from '../http/core/security-headers.ts'
import type { Invocation, RuntimeApi } from './runtime-api.ts'

export type ResponseMode = 'buffered' | 'streamed'

/** What Lambda takes as a whole answer, and gives as a whole event: 6 MB, of which its documentation says 6,291,556 bytes. */
export const MOST_BYTES = 6_291_556

/** As much of an event as is looked at here; the rest is the package's. */
export interface HttpEvent {
  readonly rawPath: string
  readonly rawQueryString: string
  readonly requestContext: { readonly http: { readonly method: string; readonly path: string } }
}

/** No client can send another kind: whatever comes through a URL is in such an event. */
export const isHttpEvent = (event: unknown): event is HttpEvent =>
  isRecord(event) &&
  typeof event['rawPath'] === 'string' &&
  isRecord(event['requestContext']) &&
  isRecord(event['requestContext']['http'])

type App = Parameters<typeof awsLambdaFastify>[0]

/** Of one connection, and there is none; Lambda says how long a body is. */
const OF_A_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])

const withoutConnection = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_A_CONNECTION.has(name.toLowerCase())))

/** Everything that is not text goes as base64: the event formats know no bytes. */
const isText = (type: string): boolean => /^(text\/|application\/([a-z.+-]*\+)?(json|yaml|javascript|xml)\b)/.test(type)

/** Answers an HTTP event through the runtime API. Made before the app is ready. */
export function createHttpAnswer(app: App, api: RuntimeApi, mode: ResponseMode) {
  const common = { decorateRequest: false, parseCommaSeparatedQueryParams: false }
  const streamed = awsLambdaFastify<object>(app, { ...common, payloadAsStream: true }) as unknown as (
    event: object,
    context: object
  ) => Promise<LambdaResponseStreamed>
  const buffered = awsLambdaFastify<object>(app, {
    ...common,
    enforceBase64: ({ headers }) => !isText(String(headers['content-type'] ?? 'text/plain'))
  }) as unknown as (event: object, context: object) => Promise<Answer>

  return async ({ id, event }: Invocation & { readonly event: HttpEvent }): Promise<void> => {
    const asked = withItsQuery(event)
    if (mode === 'streamed') {
      const { meta, stream } = await streamed(asked, {})
      const { statusCode, headers, cookies } = meta
      const answer = { statusCode, headers: withoutConnection(headers), ...(cookies && { cookies }) }
      await api.respondStreaming(id, answer, stream)
      return
    }
    const answer = await buffered(asked, {})
    await api.respond(id, withinLimit({ ...answer, headers: withoutConnection(answer.headers) }))
  }
}

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The package takes the parsed query, in which `a=1&a=2` is `a: '1,2'`: no other than `a=1,2`. Ours is judged as it was sent. */
function withItsQuery(event: HttpEvent): object {
  return { ...event, rawPath: urlOf(event), queryStringParameters: undefined }
}

/** What the URL parser on the way to Fastify would make another path of: `/x/../metrics`, `http://a/metrics`, `/met\nrics`, `\\metrics`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the parser takes them out
const OTHERWISE_READ = /^[^/]|[\u0000-\u001f\\#?]|\/(\.|%2e){1,2}(\/|$)/i

/** Of one process among many, which nobody can choose to ask; and no proxy stands before a function's URL to keep it inside. */
const METRICS = '/metrics'

/** A server of its own takes a path by its letters, and so do rules before a function: what is not that path leads nowhere here either. */
export function urlOf({ rawPath, rawQueryString }: Pick<HttpEvent, 'rawPath' | 'rawQueryString'>): string {
  const isNowhere = rawPath === METRICS || OTHERWISE_READ.test(rawPath)
  const path = isNowhere ? `/${encodeURIComponent(rawPath.toWellFormed())}` : rawPath
  return rawQueryString === '' ? path : `${path}?${rawQueryString}`
}

/** A client sees a problem that says what to do, where Lambda would answer 502 without a word. */
export function withinLimit(answer: Answer, most = MOST_BYTES): Answer {
  if (Buffer.byteLength(JSON.stringify(answer)) <= most) return answer
  const error = new AppError('answer_too_large', { limit: most })
  const id = answer.headers['x-request-id'] ?? ''
  const headers = { ...SECURITY_HEADERS, 'content-type': PROBLEM_TYPE, 'x-request-id': id, 'cache-control': 'no-store' }
  return { statusCode: STATUS[error.code], headers, body: JSON.stringify(presentProblem(error, id)) }
}
