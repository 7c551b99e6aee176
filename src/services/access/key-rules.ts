/**
 * What keeps a project's keys in the hands of its people:
 *
 *   a key makes none that may more than itself, and none that outlives it; nor does a token
 *   of a project's admin keys one stays that does not run out: it cannot be revoked, and only while there is one are admin
 *   keys made that end; and the same of the installation's admin keys
 *
 * A KAPPA_ADMIN_KEY of the environment is a row like any other once a process has started with it: it counts as long as it has
 * not been revoked, and once it is revoked no start brings it back (first-key.ts).
 */
import { AppError } from '../../base/errors.ts'
import { type ApiKey, isCovered, type Principal, type Scope, thisOne } from '../../domain/access.ts'

export interface KeyRequest {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expiresAt: Date | null
}

const outlives = (one: Date | null, other: Date | null): boolean =>
  other !== null && (one === null || one.getTime() > other.getTime())

/** @throws AppError invalid_request, forbidden with a pointer to what the maker may not give */
export function checkRequest(
  request: KeyRequest,
  maker: Pick<Principal, 'by' | 'scopes' | 'expiresAt'>,
  now: number
): void {
  if (request.expiresAt !== null && request.expiresAt.getTime() <= now) {
    throw new AppError('invalid_request', { errors: [{ path: '/expires_at', message: 'must be in the future' }] })
  }
  const beyond = request.scopes.findIndex((scope) => !isCovered(scope, maker.scopes))
  if (beyond >= 0) {
    const message = `${thisOne(maker)} lacks the scope ${request.scopes[beyond]}, and makes no key that has it.`
    const errors = [{ path: `/scopes/${beyond}`, message: 'is not a scope of who asks' }]
    throw new AppError('forbidden', { message, requiredScope: request.scopes[beyond], errors })
  }
  if (outlives(request.expiresAt, maker.expiresAt)) {
    const ends = maker.expiresAt?.toISOString()
    const message = `${thisOne(maker)} ends at ${ends}, and makes no key that outlives it.`
    throw new AppError('forbidden', {
      message,
      errors: [{ path: '/expires_at', message: `must be ${ends} at the latest` }]
    })
  }
}

export const isAdminKey = ({ scopes }: Pick<ApiKey, 'scopes'>): boolean => isCovered('admin', scopes)
export const isInstanceAdminKey = ({ scopes }: Pick<ApiKey, 'scopes'>): boolean => scopes.includes('instance:admin')

const lasts = ({ expiresAt }: ApiKey): boolean => expiresAt === null

/**
 * @param admins the project's admin keys, or the installation's, that are not revoked
 * @throws AppError last_admin_key
 */
export function checkAdminStays(admins: readonly ApiKey[]): void {
  if (admins.some(lasts)) return
  throw new AppError('last_admin_key', {
    message: 'There is no such admin key that does not run out: make that one first.',
    errors: [{ path: '/expires_at', message: 'must be null' }]
  })
}

/**
 * @param admins the project's admin keys, or the installation's, that are not revoked
 * @throws AppError last_admin_key
 */
export function checkNotLastAdmin(admins: readonly ApiKey[], keyId: string): void {
  const key = admins.find(({ id }) => id === keyId)
  if (key === undefined) return
  const others = admins.filter((one) => one !== key)
  if (others.some((other) => !outlives(key.expiresAt, other.expiresAt))) return
  throw new AppError('last_admin_key', { keyId })
}
