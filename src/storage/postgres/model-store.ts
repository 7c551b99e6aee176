import { and, asc, desc, eq, getTableColumns, gt, lt, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { ModelAliasStore, ModelStore } from '../../domain/model-stores.ts'
import { modelMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { hasPart } from './name-part.ts'
import { toPage } from './page.ts'
import { modelAliases, modelNames } from './schema/model-aliases.ts'
import { models } from './schema/models.ts'
import type { TellWebhooks } from './webhook-messages.ts'

const modelColumns = {
  ...getTableColumns(models),
  aliases: sql<string[]>`array(
    select ${modelAliases.alias} from ${modelAliases}
    where ${modelAliases.projectId} = ${models.projectId} and ${modelAliases.modelId} = ${models.id}
    order by ${modelAliases.alias})`
}

/** Matches the partial index models_exporting word by word, or it would not be used. */
const isExporting = eq(models.status, sql`'exporting'`)

export const createModelStore = (db: Db, tellWebhooks: TellWebhooks): ModelStore => ({
  async insert(model) {
    const { name, projectId } = model
    const version = name === null ? null : await nextVersion(db, projectId, name)
    await db.insert(models).values({ ...model, version })
    return { ...model, version, aliases: [] }
  },

  async find(projectId, id) {
    const [model] = await db
      .select(modelColumns)
      .from(models)
      .where(and(eq(models.projectId, projectId), eq(models.id, id)))
    return model ?? null
  },

  async listExporting(behind, limit) {
    const isBehind = behind === null ? undefined : gt(models.id, behind)
    return db.select(modelColumns).from(models).where(and(isExporting, isBehind)).orderBy(asc(models.id)).limit(limit)
  },

  async findVersion(projectId, name, version) {
    const [model] = await db
      .select(modelColumns)
      .from(models)
      .where(and(eq(models.projectId, projectId), eq(models.name, name), eq(models.version, version)))
    return model ?? null
  },

  async findByAlias(projectId, name, alias) {
    const [model] = await db
      .select(modelColumns)
      .from(models)
      .innerJoin(modelAliases, and(eq(modelAliases.projectId, models.projectId), eq(modelAliases.modelId, models.id)))
      .where(and(eq(modelAliases.projectId, projectId), eq(modelAliases.name, name), eq(modelAliases.alias, alias)))
    return model ?? null
  },

  async load(id, options) {
    const isModel = eq(models.id, id)
    // A statement that waits for a lock sees aliases as they were before it waited: they are read by the next one.
    if (options?.lock) await db.select({ id: models.id }).from(models).where(isModel).for('update')
    const [model] = await db.select(modelColumns).from(models).where(isModel)
    return model ?? null
  },

  async list(projectId, { name, versionsOf }, { limit, after }) {
    const rows = await db
      .select(modelColumns)
      .from(models)
      .where(
        and(
          eq(models.projectId, projectId),
          name === undefined ? undefined : hasPart(models.name, name),
          versionsOf === undefined ? undefined : eq(models.name, versionsOf),
          after === null ? undefined : lt(models.id, after)
        )
      )
      .orderBy(desc(models.id))
      .limit(limit + 1)
    return toPage(rows, limit, (model) => model.id)
  },

  async rename(model, name) {
    const version = name === null ? null : await nextVersion(db, model.projectId, name)
    await db.update(models).set({ name, version }).where(eq(models.id, model.id))
    return { ...model, name, version }
  },

  async update(id, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(models).set(patch).where(eq(models.id, id))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning()).map((row) => modelMessage({ ...row, aliases: [] })))
  },

  async remove(projectId, id) {
    const removed = await db
      .delete(models)
      .where(and(eq(models.projectId, projectId), eq(models.id, id)))
      .returning({ id: models.id })
    return removed.length > 0
  }
})

/** Whoever gives the name at the same time waits for the row, and has the number after. */
async function nextVersion(db: Db, projectId: string, name: string): Promise<number> {
  const [row] = await db
    .insert(modelNames)
    .values({ projectId, name, lastVersion: 1 })
    .onConflictDoUpdate({
      target: [modelNames.projectId, modelNames.name],
      set: { lastVersion: sql`${modelNames.lastVersion} + 1` }
    })
    .returning({ version: modelNames.lastVersion })
  return row!.version
}

const ofName = (projectId: string, name: string) =>
  and(eq(modelAliases.projectId, projectId), eq(modelAliases.name, name))

export const createModelAliasStore = (db: Db): ModelAliasStore => {
  const aliases = () =>
    db
      .select({ ...getTableColumns(modelAliases), version: sql<number>`${models.version}` })
      .from(modelAliases)
      // A model that an alias names keeps its name, and with it its version.
      .innerJoin(models, and(eq(models.projectId, modelAliases.projectId), eq(models.id, modelAliases.modelId)))

  return {
    async lockName(projectId, name) {
      const rows = await db
        .select({ name: modelNames.name })
        .from(modelNames)
        .where(and(eq(modelNames.projectId, projectId), eq(modelNames.name, name)))
        .for('update')
      return rows.length > 0
    },

    async hasName(projectId, name) {
      const rows = await db
        .select({ name: modelNames.name })
        .from(modelNames)
        .where(and(eq(modelNames.projectId, projectId), eq(modelNames.name, name)))
      return rows.length > 0
    },

    async find(projectId, name, alias) {
      const [found] = await aliases().where(and(ofName(projectId, name), eq(modelAliases.alias, alias)))
      return found ?? null
    },

    async list(projectId, name, { limit, after }) {
      const rows = await aliases()
        .where(and(ofName(projectId, name), after === null ? undefined : gt(modelAliases.alias, after)))
        .orderBy(asc(modelAliases.alias))
        .limit(limit + 1)
      return toPage(rows, limit, ({ alias }) => alias)
    },

    async put({ version: _, ...alias }) {
      const { modelId, revision, updatedAt } = alias
      await db
        .insert(modelAliases)
        .values(alias)
        .onConflictDoUpdate({
          target: [modelAliases.projectId, modelAliases.name, modelAliases.alias],
          set: { modelId, revision, updatedAt }
        })
    },

    async remove({ projectId, name, alias }) {
      await db.delete(modelAliases).where(and(ofName(projectId, name), eq(modelAliases.alias, alias)))
    }
  }
}

/** Until the transaction ends it cannot be removed. @throws AppError model_not_found when it was */
export async function holdModel(db: Db, projectId: string, id: string): Promise<void> {
  const [model] = await db
    .select({ id: models.id })
    .from(models)
    .where(and(eq(models.projectId, projectId), eq(models.id, id)))
    .for('share')
  if (!model) throw new AppError('model_not_found', { model: id })
}
