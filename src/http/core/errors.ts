/** From what was thrown to the problem that is sent, and what nobody answers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Dashboard } from './dashboard-files.ts'
import { methodsAt, type Operation } from './operations.ts'
import { openAiError, PROBLEM_TYPE, presentProblem, STATUS, toAppError } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Failures also have the field that OpenAI's clients read. */
    hasOpenAiErrors?: boolean
  }
}

export interface ErrorDeps {
  readonly logger: Logger
  readonly operations: readonly Operation[]
  readonly dashboard: Dashboard | null
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): FastifyReply {
  const { retryAfterS } = error.details
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS))
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="kappa"')
  const problem = presentProblem(error, request.id)
  const more = request.routeOptions.config.hasOpenAiErrors ? openAiError(problem) : {}
  return reply
    .code(STATUS[error.code])
    .type(PROBLEM_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ ...problem, ...more }))
}

export function registerErrors(app: FastifyInstance, { logger, operations, dashboard }: ErrorDeps): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toAppError(thrown)
    if (STATUS[error.code] >= 500) {
      const cause = toError(error.cause ?? error)
      logger.error({ requestId: request.id, code: error.code, err: cause }, cause.message)
    }
    return sendProblem(request, reply, error)
  })

  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const methods = methodsAt(operations, path)
    if (methods.length > 0) {
      reply.header('allow', methods.join(', '))
      return sendProblem(request, reply, new AppError('method_not_allowed'))
    }
    const isPage = request.method === 'GET' && !path.startsWith('/v1/')
    if (isPage && dashboard) return dashboard.send(reply, path)
    return sendProblem(request, reply, new AppError('route_not_found'))
  })
}
