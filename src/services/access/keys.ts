/** API keys: `kappa_<id>_<secret>`. The secret is shown once; only its SHA-256 is kept. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { ApiKey, Principal, Scope } from '../../domain/access.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores } from '../../domain/stores.ts'
import { createKeyCache } from './key-cache.ts'

export interface KeyServiceDeps {
  readonly stores: Pick<Stores, 'keys'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface KeyRequest {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expiresAt: Date | null
}

export interface IssuedKey {
  readonly key: ApiKey
  /** The whole key, for its owner's eyes once. */
  readonly token: string
}

const TOKEN = /^kappa_([0-9a-z_]{1,60})_([A-Za-z0-9-]{20,200})$/
const SECRET_BYTES = 24
/** `last_used_at` is for people who tidy up; a write per request would cost more than the request. */
const TOUCH_EVERY_MS = 60_000
/** Others are touched once more than they need be. */
const MOST_TOUCHED = 10_000

const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')
const NO_SUCH_HASH = hashSecret('no key has this secret')

function parseToken(token: string): { id: string; secret: string } | null {
  const match = TOKEN.exec(token)
  return match?.[1] && match[2] ? { id: `key_${match[1]}`, secret: match[2] } : null
}

function isSecretOf(key: ApiKey | null, secret: string): boolean {
  const expected = Buffer.from(key?.secretHash ?? NO_SUCH_HASH, 'hex')
  const given = Buffer.from(hashSecret(secret), 'hex')
  return timingSafeEqual(expected, given) && key !== null
}

const isUsable = (key: ApiKey | null, now: number): key is ApiKey =>
  key?.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > now)

export type KeyService = ReturnType<typeof createKeyService>

export function createKeyService({ stores, clock, newId }: KeyServiceDeps) {
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

  async function insert(projectId: string, id: string, secret: string, request: KeyRequest): Promise<ApiKey> {
    const key: ApiKey = {
      id,
      projectId,
      name: request.name,
      scopes: request.scopes,
      secretHash: hashSecret(secret),
      createdAt: new Date(clock.now()),
      expiresAt: request.expiresAt,
      lastUsedAt: null,
      revokedAt: null
    }
    await stores.keys.insert(key)
    // Somebody may have asked for the id before.
    cache.forget(id)
    return key
  }

  async function create(projectId: string, request: KeyRequest): Promise<IssuedKey> {
    if (request.expiresAt !== null && request.expiresAt.getTime() <= clock.now()) {
      throw new AppError('invalid_request', { errors: [{ path: '/expires_at', message: 'must be in the future' }] })
    }
    const id = newId('key')
    const secret = randomBytes(SECRET_BYTES).toString('hex')
    const key = await insert(projectId, id, secret, request)
    return { key, token: `kappa_${id.slice('key_'.length)}_${secret}` }
  }

  return {
    create,

    list: (projectId: string, page: PageRequest): Promise<Page<ApiKey>> => stores.keys.list(projectId, page),

    /**
     * At once in this process; in others within KEY_LIFE_MS of key-cache.ts.
     *
     * @throws AppError key_not_found
     */
    async revoke(projectId: string, keyId: string): Promise<void> {
      const isRevoked = await stores.keys.revoke(projectId, keyId, new Date(clock.now()))
      if (!isRevoked) throw new AppError('key_not_found', { keyId })
      cache.forget(keyId)
      for (const listener of revocationListeners) listener(keyId)
    },

    /** Told of keys that this process has revoked. */
    onRevoked: (listener: (keyId: string) => void): void => void revocationListeners.add(listener),

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
      return { projectId: key.projectId, keyId: key.id, scopes: key.scopes }
    },

    /**
     * The first key of an installation: the given one, or a new one when the project has none yet.
     *
     * @returns `token` only when a key was made here: it is shown once
     * @throws Error when the given key's id is taken by another secret
     */
    async ensureAdminKey(
      projectName: string,
      given: string | null
    ): Promise<{ projectId: string; token: string | null }> {
      const project = await stores.keys.ensureProject(projectName)
      const request: KeyRequest = { name: 'admin', scopes: ['admin'], expiresAt: null }
      if (given === null) {
        const existing = await stores.keys.list(project.id, { limit: 1, after: null })
        if (existing.data.length > 0) return { projectId: project.id, token: null }
        return { projectId: project.id, token: (await create(project.id, request)).token }
      }
      const parsed = parseToken(given)
      if (parsed === null) throw new Error('The admin key must look like kappa_<id>_<secret>.')
      const existing = await stores.keys.findById(parsed.id)
      if (existing === null) await insert(project.id, parsed.id, parsed.secret, request)
      else if (!isSecretOf(existing, parsed.secret)) throw new Error(`Key ${parsed.id} exists with another secret.`)
      return { projectId: project.id, token: null }
    }
  }
}
