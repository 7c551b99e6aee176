import { and, asc, desc, eq, gt, lt, notInArray, sql } from 'drizzle-orm'
import type { BatchStore } from '../../domain/batch-stores.ts'
import { batchMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { holdModel } from './model-store.ts'
import { toPage } from './page.ts'
import { batches } from './schema/batches.ts'
import type { TellWebhooks } from './webhook-messages.ts'

/** Matches the partial index batches_unfinished word by word, or it would not be used. */
export const isUnanswered = notInArray(batches.status, sql`('completed', 'failed', 'expired', 'cancelled')`)

export const createBatchStore = (db: Db, tellWebhooks: TellWebhooks): BatchStore => ({
  async insert(batch) {
    await holdModel(db, batch.projectId, batch.modelId)
    await db.insert(batches).values(batch)
  },

  async find(projectId, id) {
    const [row] = await db
      .select()
      .from(batches)
      .where(and(eq(batches.projectId, projectId), eq(batches.id, id)))
    return row ?? null
  },

  async load(id, options) {
    const query = db.select().from(batches).where(eq(batches.id, id))
    const [row] = await (options?.lock ? query.for('update') : query)
    return row ?? null
  },

  async list(projectId, { limit, after }) {
    const rows = await db
      .select()
      .from(batches)
      .where(and(eq(batches.projectId, projectId), after === null ? undefined : lt(batches.id, after)))
      .orderBy(desc(batches.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ id }) => id)
  },

  async listOpen(behind, limit) {
    return db
      .select({ id: batches.id, projectId: batches.projectId })
      .from(batches)
      .where(and(isUnanswered, behind === null ? undefined : gt(batches.id, behind)))
      .orderBy(asc(batches.id))
      .limit(limit)
  },

  async reading(fileId) {
    const rows = await db
      .select({ id: batches.id })
      .from(batches)
      .where(and(isUnanswered, eq(batches.inputFileId, fileId)))
    return rows.map(({ id }) => id)
  },

  async update(id, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(batches).set(patch).where(eq(batches.id, id))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning()).map(batchMessage))
  },

  async remove(id) {
    await db.delete(batches).where(eq(batches.id, id))
  }
})
