import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { sendProblem } from './core/errors.ts'
import { createClientErrorHandler, registerUnmetRequests } from './core/parser-errors.ts'
import { registerPipelineLimit } from './core/pipeline-limit.ts'
import { toAppError } from './core/problem.ts'
import { parseQuery } from './core/query.ts'
import { readRequestId } from './core/request-log.ts'
import { SECURITY_HEADERS } from './core/security-headers.ts'
import { createValidatorCompiler } from './core/validation.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Control requests: a run's recipe takes 4 KiB, 10,000 part tags of an upload take half a MiB. */
const SMALL_BODY_BYTES = 1024 * 1024
/** A part of an upload, or 64 MiB of images, over a slow line. */
const RECEIVE_WITHIN_MS = 300_000
/** Object tokens are long; find-my-way's default of 100 would answer 404. */
const MAX_PARAM_LENGTH = 4096

/** Whose X-Forwarded-For is believed: that of so many proxies in a row, or of proxies at these addresses; null: of nobody. */
export type TrustedProxies = number | readonly string[] | null

/** Fastify takes a number for a mistake, since whoever reaches the API past the proxies can lie: .env.example says so. */
const trustProxy = (proxies: NonNullable<TrustedProxies>) =>
  typeof proxies === 'number' ? (_: string, hop: number) => hop < proxies : [...proxies]

/** Fastify with our own way of reading, validating and refusing, and no route yet. */
export function createServer(clock: Clock, trustedProxies: TrustedProxies): App {
  const server = fastify({
    logger: false,
    trustProxy: trustedProxies === null ? false : trustProxy(trustedProxies),
    bodyLimit: SMALL_BODY_BYTES,
    requestTimeout: RECEIVE_WITHIN_MS,
    requestIdHeader: false,
    genReqId: (request) => readRequestId(request, clock),
    // Without a Host Node would answer by itself, and say nothing.
    http: { requireHostHeader: false },
    clientErrorHandler: createClientErrorHandler(clock),
    // Before any route and any hook: a URL that cannot be decoded, or with a part that is too long.
    frameworkErrors: (error, request, reply) =>
      sendProblem(request, reply.headers({ 'x-request-id': request.id, ...SECURITY_HEADERS }), toAppError(error)),
    routerOptions: { querystringParser: parseQuery, maxParamLength: MAX_PARAM_LENGTH }
  }).withTypeProvider<TypeBoxTypeProvider>()
  registerUnmetRequests(server.server, clock)
  registerPipelineLimit(server)
  server.setValidatorCompiler(createValidatorCompiler())
  // What is sent was typed by its schema already; the tests validate every response against the document.
  server.setSerializerCompiler(() => (value) => JSON.stringify(value))
  return server
}
