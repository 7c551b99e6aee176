/** What Node refuses before there is a request, or instead of one: the same problems, written by hand. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { PROBLEM_TYPE, presentProblem, STATUS, toAppError } from './problem.ts'
import { readRequestId } from './request-log.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

interface RawProblem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function rawProblem(error: AppError, requestId: string, more: Readonly<Record<string, string>> = {}): RawProblem {
  const body = JSON.stringify(presentProblem(error, requestId))
  const headers = {
    'x-request-id': requestId,
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    ...more,
    connection: 'close'
  }
  return { status: STATUS[error.code], headers, body }
}

function writeTo(socket: Duplex, { status, headers, body }: RawProblem): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
}

/** Node keeps the response that a socket is busy with under this name; its own handler looks at it in the same way. */
const isAnswering = (socket: Duplex): boolean =>
  (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage?.headersSent ?? false

/** Codes and reasons of the parser are its own words about the client's bytes. */
function readParserError(thrown: Error & { readonly code?: string; readonly reason?: string }): AppError {
  const known = toAppError(thrown)
  if (known.code !== 'internal') return known
  const message = `The request is not HTTP: ${thrown.reason ?? thrown.message}.`
  return new AppError('invalid_request', { message }, { cause: thrown })
}

/** For Fastify's `clientErrorHandler`. */
export const createClientErrorHandler =
  (clock: Clock) =>
  (thrown: Error & { readonly code?: string }, socket: Socket): void => {
    if (thrown.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy()
      return
    }
    writeTo(socket, rawProblem(readParserError(thrown), readRequestId({ headers: {} }, clock)))
  }

/** `Expect` with anything but 100-continue, and CONNECT: Node answers neither with a reason. */
export function registerUnmetRequests(server: Server, clock: Clock): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = rawProblem(new AppError('expectation_failed'), readRequestId(request, clock))
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
  })
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    writeTo(socket, rawProblem(new AppError('method_not_allowed'), readRequestId(request, clock), { allow: '' }))
  })
}
