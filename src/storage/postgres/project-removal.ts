/**
 * What a project has, and its end. Its rows are deleted by statements that reach this project alone (bound-query.ts): of all statements
 * there are, these may least forget whose rows they want.
 */
import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { ProjectStore } from '../../domain/access-stores.ts'
import type { Db } from './client.ts'
import { isUncompleted } from './dataset-store.ts'
import { apiKeys } from './schema/api-keys.ts'
import { auditEntries } from './schema/audit-entries.ts'
import { batches, files } from './schema/batches.ts'
import { datasetUploads } from './schema/dataset-uploads.ts'
import { datasets } from './schema/datasets.ts'
import { evaluations } from './schema/evaluations.ts'
import { idempotencyRecords } from './schema/idempotency-records.ts'
import { jobTries } from './schema/job-tries.ts'
import { modelAliases, modelNames } from './schema/model-aliases.ts'
import { models } from './schema/models.ts'
import { projectRates, projects } from './schema/projects.ts'
import { runs } from './schema/runs.ts'
import { sweeps } from './schema/sweeps.ts'
import { vectorSets } from './schema/vector-sets.ts'
import { webhooks } from './schema/webhooks.ts'

export interface ProjectDbs {
  readonly db: Db
  readonly ofProject: (projectId: string | null) => Db
}

/** Each takes thousands of rows of other tables along: events of a run, prototypes of a model. */
const AT_ONCE = 100

/** After what refers to them. */
const OTHERS: readonly (PgTable & { readonly projectId: PgColumn })[] = [
  sweeps,
  vectorSets,
  batches,
  files,
  datasetUploads,
  modelNames,
  jobTries,
  webhooks,
  projectRates,
  idempotencyRecords,
  apiKeys
]

export const createProjectRemoval = ({ db, ofProject }: ProjectDbs): Pick<ProjectStore, 'contents' | 'remove'> => ({
  async contents(id) {
    const idsOf = async (table: PgTable & { readonly id: PgColumn; readonly projectId: PgColumn }) => {
      const rows = await db.select({ id: table.id }).from(table).where(eq(table.projectId, id)).orderBy(table.id)
      return rows.map((row) => String(row.id))
    }
    const isOwn = and(eq(datasetUploads.projectId, id), or(isNull(datasetUploads.datasetId), isUncompleted))
    const { id: modelId, prefix, projectId } = models
    return {
      datasets: await idsOf(datasets),
      uploads: await db.select().from(datasetUploads).where(isOwn),
      sweeps: await idsOf(sweeps),
      runs: await idsOf(runs),
      models: await db.select({ id: modelId, prefix }).from(models).where(eq(projectId, id)),
      evaluations: await idsOf(evaluations),
      vectorSets: await idsOf(vectorSets),
      files: await idsOf(files),
      batches: await idsOf(batches)
    }
  },

  async remove(id, contents, heir) {
    const own = ofProject(id)
    const removeAll = async (table: PgTable & { readonly id: PgColumn }, ids: readonly string[]) => {
      for (let from = 0; from < ids.length; from += AT_ONCE)
        await own.delete(table).where(inArray(table.id, ids.slice(from, from + AT_ONCE)))
    }
    await removeAll(runs, contents.runs)
    await own.delete(modelAliases).where(eq(modelAliases.projectId, id))
    await removeAll(
      models,
      contents.models.map((model) => model.id)
    )
    await removeAll(evaluations, contents.evaluations)
    await removeAll(datasets, contents.datasets)
    const keys = await own.select({ id: apiKeys.id }).from(apiKeys).where(eq(apiKeys.projectId, id))
    for (const table of OTHERS) await own.delete(table).where(eq(table.projectId, id))
    // What follows in this transaction is of no project again.
    await ofProject(null).execute(sql`select 1`)
    await db.update(auditEntries).set({ projectId: heir }).where(eq(auditEntries.projectId, id))
    await db.delete(projects).where(eq(projects.id, id))
    return keys.map((key) => key.id)
  }
})
