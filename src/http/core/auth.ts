/**
 * Finds out who asks, before anything else happens; then whether they ask too often; then whether they may.
 *
 * The key or token is looked at first, whoever sends it: what others do from the same address must not shut out a right one. Requests
 * without one are counted by address, apart from those of keys, and refused without another look once there are too many.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError } from '../../base/errors.ts'
import type { Principal } from '../../domain/access.ts'
import type { Authenticator } from '../../services/access/authenticator.ts'
import type { ProjectRates } from '../../services/projects/rates.ts'
import { type Access, requireScope } from './access.ts'
import { clientOf } from './client-address.ts'
import { headersOfProject, type RateLimiter } from './rate-limit.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route with a scope; reading it on another one is a bug and throws. */
    principal: Principal
  }
  interface FastifyContextConfig {
    access?: Access
  }
}

export type RefusedBy = 'key' | 'address' | 'project'

export interface AuthDeps {
  readonly authenticate: Authenticator
  readonly rates: Pick<ProjectRates, 'take'>
  /** Null takes any number of requests. */
  readonly limiters: { readonly keys: RateLimiter; readonly addresses: RateLimiter } | null
  readonly onRefused: (by: RefusedBy) => void
}

function bearerToken({ headers }: FastifyRequest): string {
  const match = /^Bearer +([^ ]{1,8000})$/i.exec(headers.authorization ?? '')
  if (!match?.[1]) throw new AppError('unauthorized')
  return match[1]
}

export function createAuthHook({ authenticate: authenticateToken, rates, limiters, onRefused }: AuthDeps) {
  function limit(by: 'key' | 'address', who: string, reply: FastifyReply): void {
    if (limiters === null) return
    const limiter = by === 'key' ? limiters.keys : limiters.addresses
    const state = limiter.take(who)
    reply.headers(limiter.headers(state))
    if (state.isAllowed) return
    onRefused(by)
    const message =
      by === 'key' ? {} : { message: 'Too many requests without a valid API key or token from this address.' }
    throw new AppError('rate_limited', { ...message, retryAfterS: state.retryAfterS })
  }

  async function limitProject({ projectId }: Principal, reply: FastifyReply): Promise<void> {
    const taken = await rates.take({ projectId, rate: 'requests', amount: 1 })
    if (taken === null) return
    for (const [name, value] of Object.entries(headersOfProject(taken.state))) {
      const before = reply.getHeader(name)
      reply.header(name, before === undefined ? value : `${before}, ${value}`)
    }
    if (taken.refusal === null) return
    onRefused('project')
    throw taken.refusal
  }

  async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    try {
      return await authenticateToken(bearerToken(request))
    } catch (error) {
      if (isAppError(error, 'unauthorized')) limit('address', clientOf(request.ip), reply)
      throw error
    }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'public' || access === 'signature') return
    const principal = await authenticate(request, reply)
    limit('key', principal.actor, reply)
    await limitProject(principal, reply)
    requireScope(principal, access)
    request.principal = principal
  }
}
