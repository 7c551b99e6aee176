import { and, desc, eq, lt } from 'drizzle-orm'
import type { FileStore } from '../../domain/batch-stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { files } from './schema/batches.ts'

export const createFileStore = (db: Db): FileStore => ({
  async insert(file) {
    await db.insert(files).values(file)
  },

  async find(projectId, id, options) {
    const query = db
      .select()
      .from(files)
      .where(and(eq(files.projectId, projectId), eq(files.id, id)))
    const [row] = await (options ? query.for(options.lock === 'share' ? 'share' : 'update') : query)
    return row ?? null
  },

  async list(projectId, { purpose }, { limit, after }) {
    const isWanted = purpose === undefined ? undefined : eq(files.purpose, purpose)
    const rows = await db
      .select()
      .from(files)
      .where(and(eq(files.projectId, projectId), isWanted, after === null ? undefined : lt(files.id, after)))
      .orderBy(desc(files.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ id }) => id)
  },

  async remove(id) {
    await db.delete(files).where(eq(files.id, id))
  }
})
