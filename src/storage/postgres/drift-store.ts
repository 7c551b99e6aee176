import { and, desc, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import type { DriftStore } from '../../domain/drift-stores.ts'
import type { Db } from './client.ts'
import { holdModel } from './model-store.ts'
import { driftWatches as watches, driftWindows as windows } from './schema/drift.ts'
import { prototypes } from './schema/prototypes.ts'
import type { TellWebhooks } from './webhook-messages.ts'

export const createDriftStore = (db: Db, tellWebhooks: TellWebhooks): DriftStore => ({
  async find(modelId, options) {
    const query = db.select().from(watches).where(eq(watches.modelId, modelId))
    const [row] = await (options?.lock ? query.for('update') : query)
    return row ?? null
  },

  async watched(modelIds) {
    if (modelIds.length === 0) return []
    const isWatched = and(inArray(watches.modelId, [...modelIds]), watches.isEnabled)
    const rows = await db.select({ id: watches.modelId }).from(watches).where(isWatched)
    return rows.map(({ id }) => id)
  },

  async begin(watch) {
    await holdModel(db, watch.projectId, watch.modelId)
    await db.insert(watches).values(watch).onConflictDoNothing()
  },

  async update({ modelId, projectId: _, ...settings }, told) {
    await db.update(watches).set(settings).where(eq(watches.modelId, modelId))
    await tellWebhooks([told])
  },

  listWindows: (modelId, limit) =>
    db.select().from(windows).where(eq(windows.modelId, modelId)).orderBy(desc(windows.number)).limit(limit),

  async putWindow({ modelId, number, projectId, ...counted }) {
    const row = { modelId, number, projectId, ...counted }
    await db
      .insert(windows)
      .values(row)
      .onConflictDoUpdate({ target: [windows.modelId, windows.number], set: counted })
  },

  async removeWindows(modelId, upTo) {
    await db.delete(windows).where(and(eq(windows.modelId, modelId), lte(windows.number, upTo)))
  },

  async removeOpen(modelId) {
    await db.delete(windows).where(and(eq(windows.modelId, modelId), isNull(windows.endedAt)))
  },

  async trainingImages(modelId) {
    const isUsed = and(eq(prototypes.modelId, modelId), gt(prototypes.usage, 0))
    const rows = await db.select({ index: prototypes.index, usage: prototypes.usage }).from(prototypes).where(isUsed)
    return new Map(rows.map(({ index, usage }) => [index, usage ?? 0]))
  }
})
