/** `Idempotency-Key` on the POSTs that create (config.isIdempotent): services/access/idempotency.ts. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { IdempotencyClaim, IdempotencyService } from '../../services/access/idempotency.ts'
import type { StoredResponse } from '../../services/access/request-record.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request with a key that is the first one. */
    idempotencyClaim: IdempotencyClaim | null
  }
}

const IDEMPOTENCY_HEADER = 'idempotency-key'
const KEY = /^[\x21-\x7e]{1,255}$/

function readKey({ headers }: FastifyRequest): string | null {
  const key = headers[IDEMPOTENCY_HEADER]
  if (key === undefined) return null
  if (typeof key === 'string' && KEY.test(key)) return key
  const message = 'must be 1 to 255 visible ASCII characters'
  throw new AppError('invalid_request', { errors: [{ path: 'Idempotency-Key', message }] })
}

export const sendStored = (reply: FastifyReply, { status, headers, body }: StoredResponse): FastifyReply =>
  reply.code(status).headers(headers).header('idempotent-replayed', 'true').send(body)

export function registerIdempotency(app: FastifyInstance, idempotency: IdempotencyService): void {
  app.decorateRequest('idempotencyClaim', null)

  app.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.config.isIdempotent) return
    const key = readKey(request)
    if (key === null) return
    const route = `${request.method} ${request.routeOptions.url ?? ''}`
    const name = { projectId: request.principal.projectId, key, route }
    const claim = idempotency.claimOf(name, { url: request.url, body: request.body ?? null })
    const stored = await idempotency.find(claim)
    if (stored !== null) return sendStored(reply, stored)
    request.idempotencyClaim = claim
  })
}
