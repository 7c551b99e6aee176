import { and, desc, eq, lt } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { ModelStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { models } from './schema/models.ts'

export const createModelStore = (db: Db): ModelStore => ({
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

  async load(id) {
    const [model] = await db.select().from(models).where(eq(models.id, id))
    return model ?? null
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
    if (Object.keys(patch).length > 0) await db.update(models).set(patch).where(eq(models.id, id))
  },

  async remove(projectId, id) {
    const [removed] = await db
      .delete(models)
      .where(and(eq(models.projectId, projectId), eq(models.id, id)))
      .returning()
    return removed ?? null
  }
})

/** Until the transaction ends it cannot be removed. @throws AppError model_not_found when it was */
export async function holdModel(db: Db, projectId: string, id: string): Promise<void> {
  const [model] = await db
    .select({ id: models.id })
    .from(models)
    .where(and(eq(models.projectId, projectId), eq(models.id, id)))
    .for('share')
  if (!model) throw new AppError('model_not_found', { model: id })
}
