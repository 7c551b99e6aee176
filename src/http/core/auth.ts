/** Finds out who asks, before anything else happens; then whether they ask too often; then whether they may. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError } from '../../base/errors.ts'
import type { Principal } from '../../domain/access.ts'
import type { KeyService } from '../../services/access/keys.ts'
import { type Access, requireScope } from './access.ts'
import type { RateLimiter } from './rate-limit.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route with a scope; reading it on another one is a bug and throws. */
    principal: Principal
  }
  interface FastifyContextConfig {
    access?: Access
  }
}

export interface AuthDeps {
  readonly keys: Pick<KeyService, 'authenticate'>
  /** Null takes any number of requests. */
  readonly limiter: RateLimiter | null
}

function bearerToken({ headers }: FastifyRequest): string {
  const match = /^Bearer +([^ ]{1,400})$/i.exec(headers.authorization ?? '')
  if (!match?.[1]) throw new AppError('unauthorized')
  return match[1]
}

export function createAuthHook({ keys, limiter }: AuthDeps) {
  function limit(key: string, reply: FastifyReply): void {
    if (limiter === null) return
    const state = limiter.take(key)
    reply.headers(limiter.headers(state))
    if (!state.isAllowed) throw new AppError('rate_limited', { retryAfterS: state.retryAfterS })
  }

  /** Guessing keys costs the guesser's address its quota, so that it does not cost us a database query each. */
  async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    const address = `address ${request.ip}`
    const guesses = limiter?.look(address)
    if (guesses && !guesses.isAllowed) throw new AppError('rate_limited', { retryAfterS: guesses.retryAfterS })
    try {
      return await keys.authenticate(bearerToken(request))
    } catch (error) {
      if (isAppError(error, 'unauthorized')) limit(address, reply)
      throw error
    }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'public' || access === 'signature') return
    const principal = await authenticate(request, reply)
    limit(principal.keyId, reply)
    requireScope(principal, access)
    request.principal = principal
  }
}
