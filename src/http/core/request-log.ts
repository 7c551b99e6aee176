/** Request ids, and one line per request. Headers and query strings are never logged: keys and signatures are there. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { type AppError, toError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { isOutage } from '../../base/outages.ts'
import { readTraceparent } from '../../base/tracing.ts'

const GIVEN_ID = /^[\w.:-]{1,128}$/

/** The caller's, if it is a reasonable one. */
export function readRequestId({ headers }: Pick<IncomingMessage, 'headers'>, clock: Clock): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : newId('request', clock.now())
}

/** An outage as it is; of what else went wrong the cause, which the client is not told. */
const reasonOf = (failure: AppError): Error => (isOutage(failure) ? failure : toError(failure.cause ?? failure))

/** Told here: an answer ends outside of what its request has begun. */
function traceOf({ span }: FastifyRequest): object {
  const context = readTraceparent(span?.traceparent)
  return context === null ? {} : { trace_id: context.traceId, span_id: context.spanId }
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
      ...traceOf(request),
      ...(request.principal && { projectId: request.principal.projectId, actor: request.principal.actor })
    }
    const { failure } = request
    // Why a token was refused is for the operator alone.
    const refused = failure?.code === 'unauthorized' && failure.cause ? { reason: toError(failure.cause).message } : {}
    if (reply.statusCode < 500) logger.debug({ ...fields, ...refused }, 'request')
    else if (failure === undefined) logger.error(fields, 'request failed')
    else {
      const err = reasonOf(failure)
      logger.error({ ...fields, code: failure.code, err }, err.message)
    }
  })
}
