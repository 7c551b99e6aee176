/** What has not ended and still needs something. Read after it was removed, in the same unit of work: see UseStore. */
import { and, eq, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import type { UseStore } from '../../domain/removal-stores.ts'
import { isUnanswered } from './batch-store.ts'
import type { Db } from './client.ts'
import { isUnevaluated } from './evaluation-store.ts'
import { isUnfinished } from './run-store.ts'
import { batches } from './schema/batches.ts'
import { datasetVersions } from './schema/dataset-versions.ts'
import { evaluations } from './schema/evaluations.ts'
import { models } from './schema/models.ts'
import { runs } from './schema/runs.ts'
import { vectorSets } from './schema/vector-sets.ts'
import { isUnembedded } from './vector-set-store.ts'

const isExporting = eq(models.status, 'exporting')

/** Written out: a partial index has no room for a parameter. */
const isBeingMade = sql`${datasetVersions.status} in ('queued', 'ingesting')`

interface Conditions {
  readonly runs?: SQL | undefined
  readonly evaluations?: SQL | undefined
  readonly models?: SQL | undefined
  readonly versions?: SQL | undefined
  readonly vectorSets?: SQL | undefined
  readonly batches?: SQL | undefined
}

export const createUseStore = (db: Db): UseStore => {
  const find = async (of: Conditions) => ({
    runs: of.runs ? await idsOf(db.select({ id: runs.id }).from(runs).where(and(of.runs, isUnfinished))) : [],
    evaluations: of.evaluations
      ? await idsOf(db.select({ id: evaluations.id }).from(evaluations).where(and(of.evaluations, isUnevaluated)))
      : [],
    models: of.models ? await idsOf(db.select({ id: models.id }).from(models).where(and(of.models, isExporting))) : [],
    versions: of.versions
      ? await idsOf(
          db
            .select({ id: sql<string>`${datasetVersions.datasetId} || '@' || ${datasetVersions.version}` })
            .from(datasetVersions)
            .where(and(of.versions, isBeingMade))
        )
      : [],
    vectorSets: of.vectorSets
      ? await idsOf(db.select({ id: vectorSets.id }).from(vectorSets).where(and(of.vectorSets, isUnembedded)))
      : [],
    batches: of.batches
      ? await idsOf(db.select({ id: batches.id }).from(batches).where(and(of.batches, isUnanswered)))
      : []
  })

  return {
    ofDataset: (datasetId, version) =>
      find({
        runs: or(
          isVersion(runs.datasetId, runs.datasetVersion, { datasetId, version }),
          ...['bank', 'queries'].map((name) => isNamed(sql`${runs.evaluation}->${name}`, { datasetId, version }))
        ),
        evaluations: or(
          isVersion(evaluations.datasetId, evaluations.datasetVersion, { datasetId, version }),
          isVersion(evaluations.queriesId, evaluations.queriesVersion, { datasetId, version }),
          ...['distractors', 'whitening'].map((name) =>
            isNamed(sql`${evaluations.others}->${name}`, { datasetId, version })
          )
        ),
        versions: isNamed(sql`${datasetVersions.source}->'from'`, { datasetId, version }),
        vectorSets: isVersion(vectorSets.datasetId, vectorSets.datasetVersion, { datasetId, version })
      }),

    ofVectorSet: (id) =>
      find({
        versions: or(
          eq(sql`${datasetVersions.source}->>'vectorSetId'`, id),
          eq(sql`${datasetVersions.source}->'labels'->>'from'`, id)
        )
      }),

    ofModel: (modelId) =>
      find({
        runs: and(eq(sql`${runs.init}->>'source'`, 'model'), eq(sql`${runs.init}->>'from'`, modelId)),
        evaluations: or(eq(evaluations.modelId, modelId), eq(evaluations.againstModelId, modelId)),
        vectorSets: eq(vectorSets.modelId, modelId),
        batches: eq(batches.modelId, modelId)
      }),

    ofCheckpoints: async (ids) => {
      if (ids.length === 0) return find({})
      return find({
        runs: or(
          inArray(sql`${runs.init}->>'from'`, [...ids]),
          inArray(sql`${runs.forkedFrom}->>'checkpointId'`, [...ids])
        ),
        evaluations: or(
          inArray(evaluations.checkpointId, [...ids]),
          inArray(evaluations.againstCheckpointId, [...ids])
        ),
        models: inArray(models.checkpointId, [...ids])
      })
    },

    ofRun: (runId) => find({ evaluations: eq(evaluations.runId, runId), models: eq(models.runId, runId) }),

    ofUpload: (uploadId) =>
      find({
        models: sql`${models.importedFrom}->'source'->'uploads' ? ${uploadId}`,
        versions: sql`${datasetVersions.source}->'uploads' ? ${uploadId}`
      }),

    ofProject: (projectId) =>
      find({
        runs: and(eq(runs.projectId, projectId), ne(runs.status, 'paused')),
        evaluations: eq(evaluations.projectId, projectId),
        models: eq(models.projectId, projectId),
        versions: eq(datasetVersions.projectId, projectId),
        vectorSets: eq(vectorSets.projectId, projectId),
        batches: eq(batches.projectId, projectId)
      })
  }
}

const idsOf = async (query: Promise<readonly { readonly id: string }[]>): Promise<string[]> =>
  (await query).map(({ id }) => id).sort()

interface Wanted {
  readonly datasetId: string
  /** Left out: any. */
  readonly version?: number | undefined
}

type Column = Parameters<typeof eq>[0]

const isVersion = (id: Column, number: Column, { datasetId, version }: Wanted) =>
  and(eq(id, datasetId), version === undefined ? undefined : eq(number, version))

/** One that is written as `{ datasetId, version }`. */
const isNamed = (name: SQL, { datasetId, version }: Wanted) =>
  and(
    sql`${name}->>'datasetId' = ${datasetId}`,
    version === undefined ? undefined : sql`(${name}->>'version')::int = ${version}`
  )
