/** From what was thrown to the problem that is sent, and what nobody answers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { AnsweredBefore } from '../../services/access/idempotency.ts'
import type { Dashboard } from './dashboard-files.ts'
import { sendStored } from './idempotency.ts'
import { inferenceError, openAiError, PROBLEM_TYPE, presentProblem, STATUS, toAppError } from './problem.ts'
import type { RouteTable } from './route-table.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What it was answered with, for the log. */
    failure?: AppError
  }
  interface FastifyContextConfig {
    /** Failures also have the field that OpenAI's clients read. */
    hasOpenAiErrors?: boolean
    /** Failures also have the field that clients of the Open Inference Protocol read. */
    hasInferenceErrors?: boolean
  }
}

export interface ErrorDeps {
  readonly routes: RouteTable
  readonly dashboard: Dashboard | null
}

const PAGE_METHODS = ['GET', 'HEAD']

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? ''

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): FastifyReply {
  const { retryAfterS } = error.details
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS))
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="kappa"')
  const problem = presentProblem(error, request.id)
  // What OpenAI's API has and this one has not is asked for by their clients as well.
  const isForOpenAi = request.routeOptions.config?.hasOpenAiErrors || error.code === 'route_not_found'
  const isForInference = request.routeOptions.config?.hasInferenceErrors
  const more = isForInference ? inferenceError(problem) : isForOpenAi ? openAiError(problem) : {}
  return reply
    .code(STATUS[error.code])
    .type(PROBLEM_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ ...problem, ...more }))
}

export function registerErrors(app: FastifyInstance, { routes, dashboard }: ErrorDeps): void {
  const isPage = ({ is404, headers }: FastifyRequest, path: string): boolean =>
    is404 && (dashboard?.answers(path, headers.accept ?? '') ?? false)

  app.setErrorHandler((thrown, request, reply) => {
    if (thrown instanceof AnsweredBefore) return sendStored(reply, thrown.response)
    const error = toAppError(thrown)
    request.failure = error
    return sendProblem(request, reply, error)
  })

  // Before the body is read and the key is looked at: what is not there needs neither.
  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request)
    if (!request.is404 && !routes.isShadowing(path)) return
    const methods = isPage(request, path) ? PAGE_METHODS : routes.methodsAt(path)
    if (methods.includes(request.method) || (!request.is404 && methods.length === 0)) return
    if (methods.length === 0) throw new AppError('route_not_found')
    reply.header('allow', methods.join(', '))
    throw new AppError('method_not_allowed')
  })

  app.setNotFoundHandler(async (request, reply) => {
    const path = pathOf(request)
    if (dashboard === null || !isPage(request, path)) throw new AppError('route_not_found')
    return dashboard.send(reply, path)
  })
}
