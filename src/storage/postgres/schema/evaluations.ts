import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import type { AnyProtocol, ChosenSettings, LeftOut } from '../../../base/evaluation.ts'
import type { PrototypeImages } from '../../../base/exemplars.ts'
import type { GroundTruth } from '../../../base/ground-truth.ts'
import type { JsonObject } from '../../../base/json.ts'
import type {
  Evaluation,
  EvaluationProgress,
  EvaluationResult,
  EvaluationStatus,
  OtherImages,
  PrototypesSummary
} from '../../../domain/evaluation.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** An evaluation outlives whatever it measured, so those are names without a foreign key: `insert` holds what it needs. */
export const evaluations = pgTable(
  'evaluations',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name'),
    modelId: text('model_id'),
    checkpointId: text('checkpoint_id'),
    step: integer('step').notNull().default(0),
    runId: text('run_id'),
    againstModelId: text('against_model_id'),
    againstCheckpointId: text('against_checkpoint_id'),
    others: jsonb('others').$type<OtherImages>(),
    datasetId: text('dataset_id').notNull(),
    datasetVersion: integer('dataset_version').notNull(),
    queriesId: text('queries_id'),
    queriesVersion: integer('queries_version'),
    protocols: jsonb('protocols').$type<readonly AnyProtocol[]>(),
    settings: jsonb('settings').notNull().$type<ChosenSettings>(),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    status: text('status').notNull().$type<EvaluationStatus>(),
    attempt: integer('attempt').notNull(),
    progress: jsonb('progress').notNull().$type<EvaluationProgress>(),
    results: jsonb('results').notNull().$type<readonly EvaluationResult[]>(),
    leftOut: jsonb('left_out').notNull().$type<readonly LeftOut[]>(),
    prototypes: jsonb('prototypes').$type<PrototypesSummary>(),
    error: jsonb('error').$type<NonNullable<Evaluation['error']>>(),
    createdAt: time('created_at').notNull(),
    startedAt: time('started_at'),
    finishedAt: time('finished_at')
  },
  (table) => [
    ownProject(),
    unique('evaluations_by_project').on(table.projectId, table.id),
    index('evaluations_by_run').on(table.runId, table.id),
    index('evaluations_by_model').on(table.modelId, table.id),
    index('evaluations_by_dataset').on(table.datasetId, table.id),
    // Which of them have a result of a protocol.
    index('evaluations_by_results').using('gin', sql`${table.results} jsonb_path_ops`),
    // Whether a dataset may be removed.
    index('evaluations_unfinished').on(table.id).where(sql`${table.status} not in ('cancelled', 'succeeded', 'failed')`)
  ]
)

/** Of revisited: hundreds of kilobytes that no list has to read. */
export const groundTruths = pgTable(
  'ground_truths',
  {
    evaluationId: text('evaluation_id').primaryKey(),
    projectId: text('project_id').notNull(),
    content: jsonb('content').notNull().$type<GroundTruth>()
  },
  (table) => [
    ownProject(),
    foreignKey({
      name: 'ground_truths_of_evaluation',
      columns: [table.projectId, table.evaluationId],
      foreignColumns: [evaluations.projectId, evaluations.id]
    }).onDelete('cascade')
  ]
)

/** Which images its prototypes win; of those that win one. */
export const evaluationPrototypes = pgTable(
  'evaluation_prototypes',
  {
    evaluationId: text('evaluation_id').notNull(),
    prototype: integer('prototype').notNull(),
    projectId: text('project_id').notNull(),
    usage: integer('usage').notNull(),
    exemplars: jsonb('exemplars').notNull().$type<PrototypeImages['exemplars']>(),
    labels: jsonb('labels').notNull().$type<PrototypeImages['labels']>()
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'evaluation_prototypes_pkey', columns: [table.evaluationId, table.prototype] }),
    index('evaluation_prototypes_by_usage').on(table.evaluationId, table.usage, table.prototype),
    foreignKey({
      name: 'evaluation_prototypes_of_evaluation',
      columns: [table.projectId, table.evaluationId],
      foreignColumns: [evaluations.projectId, evaluations.id]
    }).onDelete('cascade')
  ]
)
