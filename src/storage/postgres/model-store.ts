import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import type { ModelStore } from '../../domain/stores.ts'
import { modelMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { models } from './schema/models.ts'
import type { TellWebhooks } from './webhook-messages.ts'

/** Matches the partial index models_exporting word by word, or it would not be used. */
const isExporting = eq(models.status, sql`'exporting'`)

export const createModelStore = (db: Db, tellWebhooks: TellWebhooks): ModelStore => ({
  async insert(model) {
    await db.insert(models).values(model)
  },

  async find(projectId, id) {
    const [model] = await db
      .select()
      .from(models)
      .where(and(eq(models.projectId, projectId), eq(models.id, id)))
    return model ?? null
  },

  async load(id, options) {
    const query = db.select().from(models).where(eq(models.id, id))
    const [model] = await (options?.lock ? query.for('update') : query)
    return model ?? null
  },

  async listExporting(limit) {
    return db.select().from(models).where(isExporting).orderBy(asc(models.id)).limit(limit)
  },

  async list(projectId, { limit, after }) {
    const rows = await db
      .select()
      .from(models)
      .where(and(eq(models.projectId, projectId), after === null ? undefined : lt(models.id, after)))
      .orderBy(desc(models.id))
      .limit(limit + 1)
    return toPage(rows, limit, (model) => model.id)
  },

  async update(id, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(models).set(patch).where(eq(models.id, id))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning()).map(modelMessage))
  }
})
