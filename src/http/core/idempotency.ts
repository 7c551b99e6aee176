/**
 * The POSTs that create (config.isIdempotent): what they do is committed with their answer (services/access/held-work.ts), and
 * `Idempotency-Key` makes them safe to repeat (services/access/idempotency.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { HeldWork, type StoredResponse } from '../../services/access/held-work.ts'
import type { IdempotencyClaim } from '../../services/access/idempotency.ts'
import type { Services } from '../../services/services.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request with a key, until its work is known. */
    idempotencyClaim: IdempotencyClaim | null
    /** From before the work until the answer. */
    heldWork: HeldWork | null
  }
  interface FastifyContextConfig {
    isIdempotent?: boolean
    /** What of the response may be kept for a day: a secret may not. */
    redact?: (body: string) => string
  }
}

const IDEMPOTENCY_HEADER = 'idempotency-key'
const KEY = /^[\x21-\x7e]{1,255}$/
const KEPT_HEADERS = ['content-type', 'location', 'etag'] as const

function readKey({ headers }: FastifyRequest): string | null {
  const key = headers[IDEMPOTENCY_HEADER]
  if (key === undefined) return null
  if (typeof key === 'string' && KEY.test(key)) return key
  const message = 'must be 1 to 255 visible ASCII characters'
  throw new AppError('invalid_request', { errors: [{ path: 'Idempotency-Key', message }] })
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name)
      return value === undefined ? [] : [[name, String(value)]]
    })
  )
}

const answerOf = (request: FastifyRequest, reply: FastifyReply, payload: unknown): StoredResponse => {
  const { redact = (text: string) => text } = request.routeOptions.config
  const body = typeof payload === 'string' ? payload : ''
  return { status: reply.statusCode, headers: keptHeaders(reply), body: redact(body) }
}

export const sendStored = (reply: FastifyReply, { status, headers, body }: StoredResponse): FastifyReply =>
  reply.code(status).headers(headers).header('idempotent-replayed', 'true').send(body)

export function registerIdempotency(
  app: FastifyInstance,
  { idempotency, requestWork }: Pick<Services, 'idempotency' | 'requestWork'>
): void {
  app.decorateRequest('idempotencyClaim', null)
  app.decorateRequest('heldWork', null)

  app.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.config.isIdempotent) return
    const key = readKey(request)
    if (key === null) return
    const name = { projectId: request.principal.projectId, key, route: routeOf(request) }
    const claim = idempotency.claimOf(name, { url: request.url, body: request.body ?? null })
    const stored = await idempotency.find(claim)
    if (stored !== null) return sendStored(reply, stored)
    request.idempotencyClaim = claim
  })

  // With a callback: what it calls, and all that follows from it, is inside.
  app.addHook('preHandler', (request, _, done) => {
    if (!request.routeOptions.config.isIdempotent) return done()
    const claim = request.idempotencyClaim
    request.heldWork = new HeldWork(claim === null ? [] : [idempotency.recordOf(claim)])
    requestWork.run(request.heldWork, done)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const held = request.heldWork
    if (held === null) return
    request.heldWork = null
    try {
      await held.settle(reply.statusCode < 400 ? answerOf(request, reply, payload) : null)
    } catch (error) {
      // Of what is not there after all.
      for (const name of KEPT_HEADERS) reply.removeHeader(name)
      throw error
    }
  })
}

const routeOf = ({ method, routeOptions }: FastifyRequest): string => `${method} ${routeOptions.url ?? ''}`
