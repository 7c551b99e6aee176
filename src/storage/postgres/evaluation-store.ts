import { and, asc, desc, eq, gt, isNotNull, lt, notInArray, sql } from 'drizzle-orm'
import type { Evaluation } from '../../domain/evaluation.ts'
import type { EvaluationFilter, EvaluationStore } from '../../domain/stores.ts'
import { evaluationMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { createExemplarStore } from './exemplar-store.ts'
import { holdModel } from './model-store.ts'
import { hasPart } from './name-part.ts'
import { toPage } from './page.ts'
import { holdCheckpoint } from './run-store.ts'
import { evaluations, groundTruths } from './schema/evaluations.ts'
import type { TellWebhooks } from './webhook-messages.ts'

type Row = typeof evaluations.$inferSelect

/** Matches the partial index evaluations_unfinished word by word, or it would not be used. */
export const isUnevaluated = notInArray(evaluations.status, sql`('cancelled', 'succeeded', 'failed')`)

export const createEvaluationStore = (db: Db, tellWebhooks: TellWebhooks): EvaluationStore => ({
  ...createExemplarStore(db),

  async insert(whole) {
    const { bank, queries, against, ...evaluation } = whole
    const { projectId, checkpointId, modelId } = evaluation
    for (const id of [checkpointId, against?.checkpointId ?? null]) {
      if (id !== null) await holdCheckpoint(db, projectId, id)
    }
    for (const id of [modelId, against?.modelId ?? null]) if (id !== null) await holdModel(db, projectId, id)
    await db.insert(evaluations).values({
      ...evaluation,
      againstModelId: against?.modelId ?? null,
      againstCheckpointId: against?.checkpointId ?? null,
      datasetId: bank.datasetId,
      datasetVersion: bank.version,
      queriesId: queries?.datasetId ?? null,
      queriesVersion: queries?.version ?? null
    })
    await tellWebhooks([evaluationMessage(whole)])
  },

  async find(projectId, id) {
    const [row] = await db
      .select()
      .from(evaluations)
      .where(and(eq(evaluations.projectId, projectId), eq(evaluations.id, id)))
    return row ? fromRow(row) : null
  },

  async load(id, options) {
    const query = db.select().from(evaluations).where(eq(evaluations.id, id))
    const [row] = await (options?.lock ? query.for('update') : query)
    return row ? fromRow(row) : null
  },

  async list(projectId, filter, { limit, after }) {
    const isAfter = after === null ? undefined : lt(evaluations.id, after)
    const rows = await db
      .select()
      .from(evaluations)
      .where(and(eq(evaluations.projectId, projectId), matches(filter), isAfter))
      .orderBy(desc(evaluations.id))
      .limit(limit + 1)
    return toPage(rows.map(fromRow), limit, ({ id }) => id)
  },

  async listOpen(behind, limit) {
    return db
      .select({ id: evaluations.id, projectId: evaluations.projectId })
      .from(evaluations)
      .where(and(isUnevaluated, behind === null ? undefined : gt(evaluations.id, behind)))
      .orderBy(asc(evaluations.id))
      .limit(limit)
  },

  async lockWaiting(runId) {
    const isWaiting = and(
      eq(evaluations.runId, runId),
      eq(evaluations.status, 'queued'),
      isNotNull(evaluations.checkpointId)
    )
    const [row] = await db
      .select()
      .from(evaluations)
      .where(isWaiting)
      .orderBy(desc(evaluations.id))
      .limit(1)
      .for('update')
    return row ? fromRow(row) : null
  },

  async update(id, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(evaluations).set(patch).where(eq(evaluations.id, id))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning()).map((row) => evaluationMessage(fromRow(row))))
  },

  async remove(id) {
    await db.delete(evaluations).where(eq(evaluations.id, id))
  },

  async insertGroundTruth({ id: evaluationId, projectId }, content) {
    await db.insert(groundTruths).values({ evaluationId, projectId, content })
  },

  async loadGroundTruth(evaluationId) {
    const [row] = await db.select().from(groundTruths).where(eq(groundTruths.evaluationId, evaluationId))
    return row?.content ?? null
  }
})

function fromRow(whole: Row): Evaluation {
  const { datasetId, datasetVersion, queriesId, queriesVersion, againstModelId, againstCheckpointId, ...row } = whole
  const queries =
    queriesId === null || queriesVersion === null ? null : { datasetId: queriesId, version: queriesVersion }
  const isAlone = againstModelId === null && againstCheckpointId === null
  const against = isAlone ? null : { modelId: againstModelId, checkpointId: againstCheckpointId }
  return { ...row, bank: { datasetId, version: datasetVersion }, queries, against }
}

const matches = ({ name, status, modelId, runId, dataset, protocol }: EvaluationFilter) =>
  and(
    name === undefined ? undefined : hasPart(evaluations.name, name),
    status === undefined ? undefined : eq(evaluations.status, status),
    modelId === undefined ? undefined : eq(evaluations.modelId, modelId),
    runId === undefined ? undefined : eq(evaluations.runId, runId),
    dataset === undefined ? undefined : eq(evaluations.datasetId, dataset.datasetId),
    dataset?.version === undefined ? undefined : eq(evaluations.datasetVersion, dataset.version),
    protocol === undefined ? undefined : sql`${evaluations.results} @> ${JSON.stringify([{ protocol }])}::jsonb`
  )
