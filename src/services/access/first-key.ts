/** The first key of an installation: the environment's, or a new one where nobody could come in otherwise. */
import type { Clock } from '../../base/clock.ts'
import type { IdKind } from '../../base/ids.ts'
import type { ApiKey } from '../../domain/access.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { isInstanceAdminKey } from './key-rules.ts'
import { hashSecret, isSecretOf, newToken, parseToken } from './tokens.ts'

export interface FirstKeyDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface FirstKey {
  /** Only when a key was made here: it is shown once. */
  readonly token: string | null
  /** A sentence for the operator when the given key does not do what it is there for. */
  readonly notice: string | null
}

const NOTHING: FirstKey = { token: null, notice: null }

/** Null for a key that opens everything. */
function whyUseless(key: ApiKey, now: number): string | null {
  const { id, expiresAt } = key
  const advice = 'It opens nothing: set another one, or none.'
  if (key.revokedAt !== null) return `KAPPA_ADMIN_KEY (${id}) was revoked at ${key.revokedAt.toISOString()}. ${advice}`
  if (expiresAt !== null && expiresAt.getTime() <= now)
    return `KAPPA_ADMIN_KEY (${id}) ran out at ${expiresAt.toISOString()}. ${advice}`
  return isInstanceAdminKey(key)
    ? null
    : `KAPPA_ADMIN_KEY (${id}) is no key of an admin of the installation: it has ${key.scopes.join(', ')}.`
}

/** @throws Error when the given key's id is taken by another secret */
export function createFirstKey({ unitOfWork, clock, newId }: FirstKeyDeps) {
  const adminKey = (projectId: string, id: string, secretHash: string): ApiKey => ({
    id,
    projectId,
    name: 'admin',
    scopes: ['admin', 'instance:admin'],
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
      if (given !== null) return takeGiven(tx, projectName, given)
      if (await isOpen(tx)) return NOTHING
      const projectId = await lockProject(tx, projectName)
      // Several API processes may start at once.
      if (await isOpen(tx)) return NOTHING
      const id = newId('key')
      const { token, secretHash } = newToken(id)
      await insert(tx, adminKey(projectId, id, secretHash))
      return { token, notice: null }
    })

  async function isOpen(tx: Stores): Promise<boolean> {
    const admins = await tx.keys.lockInstanceAdmins()
    return admins.some(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > clock.now())
  }

  async function takeGiven(tx: Stores, projectName: string, given: string): Promise<FirstKey> {
    const parsed = parseToken(given)
    if (parsed === null) throw new Error('The admin key must look like kappa_<id>_<secret>.')
    const find = () => tx.keys.findById(parsed.id)
    let existing = await find()
    if (existing === null) {
      const projectId = await lockProject(tx, projectName)
      existing = await find()
      if (existing === null) {
        await insert(tx, adminKey(projectId, parsed.id, hashSecret(parsed.secret)))
        return NOTHING
      }
    }
    if (!isSecretOf(existing, parsed.secret)) throw new Error(`Key ${parsed.id} exists with another secret.`)
    return { token: null, notice: whyUseless(existing, clock.now()) }
  }
}

async function lockProject(tx: Stores, name: string): Promise<string> {
  const { id } = await tx.keys.ensureProject(name)
  await tx.projects.find(id, { lock: true })
  return id
}
