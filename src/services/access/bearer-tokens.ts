/**
 * Tokens of an OpenID Connect issuer (JWTs) beside API keys. One says who asks (`sub`), in which project, and what it may; nothing of
 * it is kept here, and what it may ends with it. Whoever configures the issuer trusts it with all projects.
 */
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import { idPattern } from '../../base/ids.ts'
import { type Principal, SCOPES, type Scope } from '../../domain/access.ts'
import type { Stores } from '../../domain/stores.ts'
import { KEY_LIFE_MS } from './key-cache.ts'

export interface TokenRules {
  readonly issuer: string
  readonly audience: string
  /** Names of claims: the id of a project; scopes of Kappa, in a text with blanks between them or in a list. */
  readonly projectClaim: string
  readonly scopesClaim: string
}

export interface BearerTokenDeps {
  readonly rules: TokenRules
  readonly issuerKeys: JWTVerifyGetKey
  readonly stores: { readonly projects: Pick<Stores['projects'], 'find'> }
  readonly clock: Clock
}

/** Of a token, three parts; a key has none of the dots. */
export const looksLikeToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)

/** Signatures by keys that everybody may see: with `none` and HS* whoever knows those could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** What clocks of two machines may differ by. */
const TOLERANCE_S = 30
/** OpenID Connect Core, section 2. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/
/** No other text is looked for: Postgres refuses some, U+0000 for one. */
const PROJECT_ID = new RegExp(idPattern('project'))
/** The last second of a timestamp as answers and the database have them: year 9999. */
const LAST_TIME_S = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000
const MOST_PROJECTS = 10_000

export type BearerTokens = ReturnType<typeof createBearerTokens>

export function createBearerTokens({ rules, issuerKeys, stores, clock }: BearerTokenDeps) {
  const exists = createProjectLookup(stores, clock)

  async function verify(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, issuerKeys, {
        issuer: rules.issuer,
        audience: rules.audience,
        algorithms: ALGORITHMS,
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub']
      })
      return payload
    } catch (error) {
      if (isAppError(error)) throw error
      // Whatever jose says of it, and what a key of the issuer is that cannot be used.
      throw new AppError('unauthorized', {}, { cause: toError(error) })
    }
  }

  return {
    /**
     * @throws AppError unauthorized, the same for every reason; forbidden where the token is right and its project is not;
     *   issuer_unavailable
     */
    async authenticate(token: string): Promise<Principal> {
      const payload = await verify(token)
      const { sub, exp } = checkedClaims(payload)
      const projectId = payload[rules.projectClaim]
      if (typeof projectId !== 'string' || !PROJECT_ID.test(projectId) || !(await exists(projectId)))
        throw new AppError('forbidden', {
          message: `The token's claim ${rules.projectClaim} is not the id of a project.`
        })
      const scopes = readScopes(payload[rules.scopesClaim])
      return { projectId, actor: `oidc:${sub}`, by: 'token', scopes, expiresAt: new Date(exp * 1000) }
    }
  }
}

/** What jose says of their types is what an issuer should send: `sub: 5` and `exp: 1e300` pass it. @throws AppError unauthorized */
function checkedClaims({ sub, exp, iat, nbf }: JWTPayload): { readonly sub: string; readonly exp: number } {
  const isRight = typeof sub === 'string' && SUBJECT.test(sub) && isTime(exp)
  if (!isRight || ![iat, nbf].every((one) => one === undefined || isTime(one))) throw new AppError('unauthorized')
  return { sub, exp }
}

/** RFC 7519 takes parts of a second too. */
const isTime = (seconds: unknown): seconds is number =>
  typeof seconds === 'number' && seconds >= 0 && seconds <= LAST_TIME_S

/** Issuers say other things there as well: `openid profile`. */
function readScopes(claim: unknown): readonly Scope[] {
  const said = new Set<unknown>(typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [])
  return SCOPES.filter((scope) => said.has(scope))
}

/** As keys are remembered: one that was deleted is believed in for as long as a revoked key. */
function createProjectLookup({ projects }: BearerTokenDeps['stores'], clock: Clock) {
  const lookups = createBoundedMap<string, { readonly found: Promise<boolean>; readonly at: number }>(MOST_PROJECTS)
  return (id: string): Promise<boolean> => {
    const known = lookups.get(id)
    if (known && clock.now() - known.at < KEY_LIFE_MS) return known.found
    const lookup = { found: projects.find(id).then((project) => project !== null), at: clock.now() }
    lookups.set(id, lookup)
    lookup.found.catch(() => {
      if (lookups.get(id) === lookup) lookups.delete(id)
    })
    return lookup.found
  }
}
