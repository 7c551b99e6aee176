/** The first key of an installation: the environment's, or a new one where nobody could come in otherwise. */
import type { Clock } from '../../base/clock.ts'
import type { IdKind } from '../../base/ids.ts'
import type { ApiKey } from '../../domain/access.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { isAdminKey } from './key-rules.ts'
import { hashSecret, isSecretOf, newToken, parseToken } from './tokens.ts'

export interface FirstKeyDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface FirstKey {
  readonly projectId: string
  /** Only when a key was made here: it is shown once. */
  readonly token: string | null
  /** A sentence for the operator when the given key does not do what it is there for. */
  readonly notice: string | null
}

/** Null for a key that opens everything. */
function whyUseless(key: ApiKey, now: number): string | null {
  const { id, expiresAt } = key
  const advice = 'Set another one, or none.'
  if (key.revokedAt !== null) return `KAPPA_ADMIN_KEY (${id}) was revoked at ${key.revokedAt.toISOString()}. ${advice}`
  if (expiresAt !== null && expiresAt.getTime() <= now)
    return `KAPPA_ADMIN_KEY (${id}) ran out at ${expiresAt.toISOString()}. ${advice}`
  return isAdminKey(key) ? null : `KAPPA_ADMIN_KEY (${id}) is no admin key: it has ${key.scopes.join(', ')}. ${advice}`
}

/** @throws Error when the given key's id is taken by another secret */
export function createFirstKey({ unitOfWork, clock, newId }: FirstKeyDeps) {
  const adminKey = (projectId: string, id: string, secretHash: string): ApiKey => ({
    id,
    projectId,
    name: 'admin',
    scopes: ['admin'],
    secretHash,
    createdAt: new Date(clock.now()),
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null
  })

  /** In the log as made by itself: nobody else was there. */
  async function insert(tx: Stores, key: ApiKey): Promise<void> {
    await tx.keys.insert(key)
    const { id: actor, projectId, createdAt } = key
    const entry = { id: newId('audit'), projectId, actor, action: 'createKey', subject: actor, requestId: 'start' }
    await tx.audit.append({ ...entry, createdAt })
  }

  return (projectName: string, given: string | null): Promise<FirstKey> =>
    unitOfWork(async (tx) => {
      const { id: projectId } = await tx.keys.ensureProject(projectName)
      // Locked: several API processes may start at once.
      const admins = await tx.keys.lockAdmins(projectId)
      if (given === null) {
        const isOpen = admins.some(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > clock.now())
        if (isOpen) return { projectId, token: null, notice: null }
        const id = newId('key')
        const { token, secretHash } = newToken(id)
        await insert(tx, adminKey(projectId, id, secretHash))
        return { projectId, token, notice: null }
      }
      const parsed = parseToken(given)
      if (parsed === null) throw new Error('The admin key must look like kappa_<id>_<secret>.')
      const existing = await tx.keys.findById(parsed.id)
      if (existing === null) {
        await insert(tx, adminKey(projectId, parsed.id, hashSecret(parsed.secret)))
        return { projectId, token: null, notice: null }
      }
      if (!isSecretOf(existing, parsed.secret)) throw new Error(`Key ${parsed.id} exists with another secret.`)
      return { projectId, token: null, notice: whyUseless(existing, clock.now()) }
    })
}
