import { and, asc, desc, eq, gt, lt, notInArray, sql } from 'drizzle-orm'
import type { VectorSet } from '../../domain/vector-set.ts'
import type { VectorSetFilter, VectorSetStore } from '../../domain/vector-stores.ts'
import { vectorSetMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { holdModel } from './model-store.ts'
import { hasPart } from './name-part.ts'
import { toPage } from './page.ts'
import { vectorSets } from './schema/vector-sets.ts'
import type { TellWebhooks } from './webhook-messages.ts'

type Row = typeof vectorSets.$inferSelect

/** Matches the partial index vector_sets_unfinished word by word, or it would not be used. */
export const isUnembedded = notInArray(vectorSets.status, sql`('cancelled', 'succeeded', 'failed')`)

export const createVectorSetStore = (db: Db, tellWebhooks: TellWebhooks): VectorSetStore => ({
  async insert(set) {
    await holdModel(db, set.projectId, set.modelId)
    const { dataset, ...row } = set
    await db.insert(vectorSets).values({ ...row, datasetId: dataset.datasetId, datasetVersion: dataset.version })
  },

  async find(projectId, id) {
    const [row] = await db
      .select()
      .from(vectorSets)
      .where(and(eq(vectorSets.projectId, projectId), eq(vectorSets.id, id)))
    return row ? fromRow(row) : null
  },

  async load(id, options) {
    const query = db.select().from(vectorSets).where(eq(vectorSets.id, id))
    const [row] = await (options?.lock ? query.for('update') : query)
    return row ? fromRow(row) : null
  },

  async list(projectId, filter, { limit, after }) {
    const isAfter = after === null ? undefined : lt(vectorSets.id, after)
    const rows = await db
      .select()
      .from(vectorSets)
      .where(and(eq(vectorSets.projectId, projectId), matches(filter), isAfter))
      .orderBy(desc(vectorSets.id))
      .limit(limit + 1)
    return toPage(rows.map(fromRow), limit, ({ id }) => id)
  },

  async listOpen(behind, limit) {
    return db
      .select({ id: vectorSets.id, projectId: vectorSets.projectId })
      .from(vectorSets)
      .where(and(isUnembedded, behind === null ? undefined : gt(vectorSets.id, behind)))
      .orderBy(asc(vectorSets.id))
      .limit(limit)
  },

  async update(id, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(vectorSets).set(patch).where(eq(vectorSets.id, id))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning()).map((row) => vectorSetMessage(fromRow(row))))
  },

  async remove(id) {
    await db.delete(vectorSets).where(eq(vectorSets.id, id))
  }
})

const fromRow = ({ datasetId, datasetVersion: version, ...row }: Row): VectorSet => ({
  ...row,
  dataset: { datasetId, version }
})

const matches = ({ name, status, modelId, dataset }: VectorSetFilter) =>
  and(
    name === undefined ? undefined : hasPart(vectorSets.name, name),
    status === undefined ? undefined : eq(vectorSets.status, status),
    modelId === undefined ? undefined : eq(vectorSets.modelId, modelId),
    dataset === undefined ? undefined : eq(vectorSets.datasetId, dataset.datasetId),
    dataset?.version === undefined ? undefined : eq(vectorSets.datasetVersion, dataset.version)
  )
