import { and, arrayOverlaps, desc, eq, inArray, isNull, lt, or } from 'drizzle-orm'
import { invariant } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { ADMIN_SCOPES, type Scope } from '../../domain/access.ts'
import type { KeyStore } from '../../domain/access-stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { toProject } from './project-store.ts'
import { apiKeys } from './schema/api-keys.ts'
import { projects } from './schema/projects.ts'

/** A key in use would otherwise be a write per request. */
const TOUCH_EVERY_MS = 60_000

const isOpenWith = (scopes: readonly Scope[]) =>
  and(isNull(apiKeys.revokedAt), arrayOverlaps(apiKeys.scopes, [...scopes]))

export const createKeyStore = (db: Db, everyProject: Db): KeyStore => ({
  async ensureProject(name) {
    await db
      .insert(projects)
      .values({ id: newId('project'), name, createdAt: new Date() })
      .onConflictDoNothing({ target: projects.name })
    const [project] = await db.select().from(projects).where(eq(projects.name, name))
    invariant(project, `project ${name} was there a moment ago`)
    return toProject(project)
  },

  async insert(key) {
    await db.insert(apiKeys).values({ ...key, scopes: [...key.scopes] })
  },

  async findById(keyId) {
    const [key] = await everyProject.select().from(apiKeys).where(eq(apiKeys.id, keyId))
    return key ?? null
  },

  async findMany(keyIds) {
    return everyProject
      .select()
      .from(apiKeys)
      .where(inArray(apiKeys.id, [...keyIds]))
  },

  async find(projectId, keyId, options) {
    const query = db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.projectId, projectId), eq(apiKeys.id, keyId)))
    const [key] = await (options?.lock ? query.for('update') : query)
    return key ?? null
  },

  async rename(keyId, name) {
    await db.update(apiKeys).set({ name }).where(eq(apiKeys.id, keyId))
  },

  async list(projectId, { limit, after }) {
    const rows = await db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.projectId, projectId), after === null ? undefined : lt(apiKeys.id, after)))
      .orderBy(desc(apiKeys.id))
      .limit(limit + 1)
    return toPage(rows, limit, (key) => key.id)
  },

  async lockAdmins(projectId) {
    // The project's row stands for keys that are not there yet; rows of other tables may still refer to it.
    await db.select({ id: projects.id }).from(projects).where(eq(projects.id, projectId)).for('no key update')
    return db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.projectId, projectId), isOpenWith(ADMIN_SCOPES)))
  },

  async lockInstanceAdmins() {
    return everyProject
      .select()
      .from(apiKeys)
      .where(isOpenWith(['instance:admin']))
      .orderBy(apiKeys.id)
      .for('update')
  },

  async revoke(projectId, keyId, at) {
    const revoked = await db
      .update(apiKeys)
      .set({ revokedAt: at })
      .where(and(eq(apiKeys.projectId, projectId), eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id })
    return revoked.length > 0
  },

  async touch(keyId, at) {
    const stale = new Date(at.getTime() - TOUCH_EVERY_MS)
    await db
      .update(apiKeys)
      .set({ lastUsedAt: at })
      .where(and(eq(apiKeys.id, keyId), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, stale))))
  }
})
