/** Request ids, and one line per request. Headers and query strings are never logged: keys and signatures are there. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'

const GIVEN_ID = /^[\w.:-]{1,128}$/

/** The caller's, if it is a reasonable one. */
export function readRequestId({ headers }: Pick<IncomingMessage, 'headers'>, clock: Clock): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : newId('request', clock.now())
}

export function registerRequestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const fields = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...(request.principal && { projectId: request.principal.projectId, keyId: request.principal.keyId })
    }
    if (reply.statusCode >= 500) logger.error(fields, 'request failed')
    else logger.debug(fields, 'request')
  })
}
