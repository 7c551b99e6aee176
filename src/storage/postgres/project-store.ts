import { desc, eq, lt, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { ProjectStore } from '../../domain/access-stores.ts'
import type { Project, Quotas } from '../../domain/project.ts'
import type { Db } from './client.ts'
import { violatesUnique } from './errors.ts'
import { toPage } from './page.ts'
import { projects } from './schema/projects.ts'

export const toProject = (row: typeof projects.$inferSelect): Project => ({
  id: row.id,
  name: row.name,
  quotas: { queuedRuns: row.quotaQueuedRuns, storageBytes: row.quotaStorageBytes },
  createdAt: row.createdAt
})

const quotaColumns = ({ queuedRuns, storageBytes }: Quotas) => ({
  quotaQueuedRuns: queuedRuns,
  quotaStorageBytes: storageBytes
})

async function named<T>(name: string | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (violatesUnique(error)) throw new AppError('project_name_taken', { name })
    throw error
  }
}

export const createProjectStore = (db: Db): ProjectStore => ({
  async insert({ id, name, quotas, createdAt }) {
    await named(name, () => db.insert(projects).values({ id, name, ...quotaColumns(quotas), createdAt }))
  },

  async find(id, options) {
    const query = db.select().from(projects).where(eq(projects.id, id))
    // Rows of other tables may refer to it meanwhile.
    const [row] = await (options?.lock ? query.for('no key update') : query)
    return row ? toProject(row) : null
  },

  async list({ limit, after }) {
    const rows = await db
      .select()
      .from(projects)
      .where(after === null ? undefined : lt(projects.id, after))
      .orderBy(desc(projects.id))
      .limit(limit + 1)
    return toPage(rows.map(toProject), limit, ({ id }) => id)
  },

  async update(id, { name, quotas }) {
    const patch = { ...(name !== undefined && { name }), ...(quotas && quotaColumns(quotas)) }
    await named(name, () => db.update(projects).set(patch).where(eq(projects.id, id)))
  },

  async usage(id, now) {
    const { rows } = await db.execute<{ queued: number; bytes: number }>(sql`
      select
        (select count(*) from runs where project_id = ${id} and status = 'queued')::float8 as queued,
        (
          (select coalesce(sum(bytes), 0) from dataset_versions where project_id = ${id} and status = 'ready') +
          (select coalesce(sum(bytes), 0) from dataset_uploads where project_id = ${id}
            and (status = 'completed' or (status = 'pending' and expires_at > ${now.toISOString()}::timestamptz))) +
          (select coalesce(sum(bytes), 0) from checkpoints where project_id = ${id} and status = 'complete') +
          (select coalesce(sum((file ->> 'bytes')::bigint), 0)
            from models, jsonb_array_elements(files) as file where project_id = ${id})
        )::float8 as bytes`)
    return { queuedRuns: rows[0]?.queued ?? 0, storageBytes: rows[0]?.bytes ?? 0 }
  }
})
