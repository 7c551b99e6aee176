/** API keys: made, listed, revoked, and asked at every request. What they look like: tokens.ts; what may be made: key-rules.ts. */
import { createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { ApiKey, Principal } from '../../domain/access.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { createKeyCache } from './key-cache.ts'
import {
  checkAdminStays,
  checkNotLastAdmin,
  checkRequest,
  isAdminKey,
  isInstanceAdminKey,
  type KeyRequest
} from './key-rules.ts'
import { isSecretOf, newToken, parseToken } from './tokens.ts'

export interface KeyServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'keys'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface IssuedKey {
  readonly key: ApiKey
  /** The whole key, for its owner's eyes once. */
  readonly token: string
}

/** `last_used_at` is for people who tidy up; a write per request would cost more than the request. */
const TOUCH_EVERY_MS = 60_000
/** Others are touched once more than they need be. */
const MOST_TOUCHED = 10_000

const isUsable = (key: ApiKey | null, now: number): key is ApiKey =>
  key?.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > now)

export type KeyService = ReturnType<typeof createKeyService>

export function createKeyService({ unitOfWork, stores, clock, newId }: KeyServiceDeps) {
  const touchedAt = createBoundedMap<string, number>(MOST_TOUCHED)
  const cache = createKeyCache({ load: (keyIds) => stores.keys.findMany(keyIds), clock })
  const revocationListeners = new Set<(keyId: string) => void>()

  async function touch(keyId: string): Promise<void> {
    const now = clock.now()
    if (now - (touchedAt.get(keyId) ?? Number.NEGATIVE_INFINITY) < TOUCH_EVERY_MS) return
    touchedAt.set(keyId, now)
    await stores.keys.touch(keyId, new Date(now)).catch((error: unknown) => {
      // Reading goes on, and when a key was last used can wait.
      if (!isAppError(error, 'database_read_only')) throw error
    })
  }

  return {
    /** @throws AppError invalid_request; forbidden and last_admin_key: key-rules.ts */
    async create(maker: Principal, request: KeyRequest): Promise<IssuedKey> {
      checkRequest(request, maker, clock.now())
      const { projectId } = maker
      const id = newId('key')
      const { token, secretHash } = newToken(id)
      const createdAt = new Date(clock.now())
      const key: ApiKey = { id, projectId, ...request, secretHash, createdAt, lastUsedAt: null, revokedAt: null }
      await unitOfWork(async (tx) => {
        if (request.expiresAt !== null) {
          if (isAdminKey(request)) checkAdminStays(await tx.keys.lockAdmins(projectId))
          if (isInstanceAdminKey(request)) checkAdminStays(await tx.keys.lockInstanceAdmins())
        }
        await tx.keys.insert(key)
      })
      // Somebody may have asked for the id before.
      cache.forget(id)
      return { key, token }
    },

    list: (projectId: string, page: PageRequest): Promise<Page<ApiKey>> => stores.keys.list(projectId, page),

    /** @throws AppError key_not_found */
    async get(projectId: string, keyId: string): Promise<ApiKey> {
      const key = await stores.keys.find(projectId, keyId)
      if (key === null) throw new AppError('key_not_found', { keyId })
      return key
    },

    /** @throws AppError key_not_found, precondition_failed */
    rename: (
      projectId: string,
      keyId: string,
      { name, isExpected }: Pick<ApiKey, 'name'> & Expecting<ApiKey>
    ): Promise<ApiKey> =>
      unitOfWork(async (tx) => {
        const known = await tx.keys.find(projectId, keyId, { lock: true })
        if (known === null) throw new AppError('key_not_found', { keyId })
        checkExpected(known, { isExpected }, `Key ${keyId}`)
        await tx.keys.rename(keyId, name)
        return { ...known, name }
      }),

    /**
     * At once in this process; in others within KEY_LIFE_MS of key-cache.ts.
     *
     * @throws AppError key_not_found, last_admin_key
     */
    async revoke(projectId: string, keyId: string): Promise<void> {
      await unitOfWork(async (tx) => {
        // Locked: two admins may revoke each other.
        const admins = await tx.keys.lockAdmins(projectId)
        checkNotLastAdmin(admins, keyId)
        const isOfInstance = admins.some((key) => key.id === keyId && isInstanceAdminKey(key))
        if (isOfInstance) checkNotLastAdmin(await tx.keys.lockInstanceAdmins(), keyId)
        const isRevoked = await tx.keys.revoke(projectId, keyId, new Date(clock.now()))
        if (!isRevoked) throw new AppError('key_not_found', { keyId })
      })
      cache.forget(keyId)
      for (const listener of revocationListeners) listener(keyId)
    },

    /** Told of keys that this process has revoked or removed. */
    onRevoked: (listener: (keyId: string) => void): void => void revocationListeners.add(listener),

    /** What this process knows of keys that are gone with their project. */
    forget(keyIds: readonly string[]): void {
      for (const keyId of keyIds) {
        cache.forget(keyId)
        for (const listener of revocationListeners) listener(keyId)
      }
    },

    /** Those that were revoked, have expired, or are gone with their project. */
    async listUnusable(keyIds: readonly string[]): Promise<ReadonlySet<string>> {
      const keys = await Promise.all(keyIds.map((keyId) => cache.find(keyId)))
      return new Set(keyIds.filter((_, i) => !isUsable(keys[i] ?? null, clock.now())))
    },

    /** @throws AppError unauthorized, the same for every reason, so that nothing is learned from it */
    async authenticate(token: string): Promise<Principal> {
      const parsed = parseToken(token)
      if (parsed === null) throw new AppError('unauthorized')
      const key = await cache.find(parsed.id)
      const isRight = isSecretOf(key, parsed.secret)
      if (!isRight || !isUsable(key, clock.now())) throw new AppError('unauthorized')
      await touch(key.id)
      const { projectId, id: actor, scopes, expiresAt } = key
      return { projectId, actor, by: 'key', scopes, expiresAt }
    }
  }
}
