/** `Idempotency-Key` on the POSTs that create (config.isIdempotent): see services/access/idempotency.ts. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { IdempotencyClaim, IdempotencyService } from '../../services/access/idempotency.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Held from the first request with a key until its response is stored. */
    idempotencyClaim: IdempotencyClaim | null
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

export function registerIdempotency(app: FastifyInstance, idempotency: IdempotencyService): void {
  app.decorateRequest('idempotencyClaim', null)

  app.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.config.isIdempotent) return
    const key = readKey(request)
    if (key === null) return
    const route = `${request.method} ${request.routeOptions.url ?? ''}`
    const claim = { projectId: request.principal.projectId, key, route }
    const stored = await idempotency.begin(claim, { url: request.url, body: request.body ?? null })
    if (stored === null) {
      request.idempotencyClaim = claim
      return
    }
    return reply.code(stored.status).headers(stored.headers).header('idempotent-replayed', 'true').send(stored.body)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = request.idempotencyClaim
    if (claim === null) return
    request.idempotencyClaim = null
    // Nothing was decided: overload and failures of ours may pass.
    if (reply.statusCode >= 500 || reply.statusCode === 429) return idempotency.abandon(claim)
    const body = typeof payload === 'string' ? payload : ''
    const { redact = (text: string) => text } = request.routeOptions.config
    await idempotency.finish(claim, { status: reply.statusCode, headers: keptHeaders(reply), body: redact(body) })
  })
}
