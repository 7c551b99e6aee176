import { sql } from 'drizzle-orm'
import {
  boolean,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uniqueIndex
} from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { Failure } from '../../../domain/blame.ts'
import type { EvaluationOfRun } from '../../../domain/evaluation.ts'
import type {
  Alarm,
  CheckpointPolicy,
  Compute,
  Extension,
  ForkRecord,
  RaisedAlarm,
  RunEngine,
  RunError,
  RunIntent,
  RunProgress,
  RunStatus
} from '../../../domain/run.ts'
import type { InitRecord } from '../../../recipe/init-record.ts'
import type { Recipe } from '../../../recipe/schema.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'
import { sweeps } from './sweeps.ts'

/**
 * A run outlives its dataset, and its newest checkpoint and its model come after it: dataset_id, latest_checkpoint_id
 * and model_id are therefore names without a foreign key. `RunStore.insert` locks the dataset version instead.
 */
export const runs = pgTable(
  'runs',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    sweepId: text('sweep_id'),
    trial: integer('trial'),
    name: text('name'),
    datasetId: text('dataset_id').notNull(),
    datasetVersion: integer('dataset_version').notNull(),
    recipe: jsonb('recipe').notNull().$type<Recipe>(),
    init: jsonb('init').$type<InitRecord>(),
    forkedFrom: jsonb('forked_from').$type<ForkRecord>(),
    extensions: jsonb('extensions').notNull().default([]).$type<readonly Extension[]>(),
    recipeReasons: jsonb('recipe_reasons').notNull().default([]).$type<readonly string[]>(),
    compute: jsonb('compute').notNull().$type<Compute>(),
    checkpoint: jsonb('checkpoint').notNull().$type<CheckpointPolicy>(),
    alarms: jsonb('alarms').notNull().$type<readonly Alarm[]>(),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    status: text('status').notNull().$type<RunStatus>(),
    statusReason: text('status_reason'),
    desired: text('desired').notNull().$type<RunIntent>(),
    leaseEpoch: integer('lease_epoch').notNull(),
    leaseWorker: text('lease_worker'),
    leaseExpiresAt: time('lease_expires_at'),
    leg: integer('leg').notNull(),
    attempt: integer('attempt').notNull(),
    engine: jsonb('engine').$type<RunEngine>(),
    progress: jsonb('progress').notNull().$type<RunProgress>(),
    imagesPerSecond: doublePrecision('images_per_second'),
    etaS: doublePrecision('eta_s'),
    latestCheckpointId: text('latest_checkpoint_id'),
    modelId: text('model_id'),
    evaluation: jsonb('evaluation').$type<EvaluationOfRun>(),
    error: jsonb('error').$type<RunError>(),
    traceparent: text('traceparent'),
    failures: jsonb('failures').notNull().default([]).$type<readonly Failure[]>(),
    lastAlarm: jsonb('last_alarm').$type<RaisedAlarm>(),
    archived: boolean('archived').notNull().default(false),
    createdAt: time('created_at').notNull(),
    startedAt: time('started_at'),
    resumedAt: time('resumed_at'),
    finishedAt: time('finished_at'),
    /** Number of the newest event: raised under the row's lock, so the numbers have no gaps. */
    lastEventSeq: integer('last_event_seq').notNull().default(0),
    /** Roll-ups are true of the steps before it: who writes an older point lowers it (metric-store.ts). */
    rolledTo: integer('rolled_to').notNull().default(0),
    /** Every point that was reported is kept from here on; before it the extremes of every 64 steps. */
    fullFrom: integer('full_from').notNull().default(0)
  },
  (table) => [
    ownProject(),
    // Serves the list (newest first) and is what the children's (project_id, run_id) refer to.
    unique('runs_by_project').on(table.projectId, table.id),
    index('runs_by_project_and_status').on(table.projectId, table.status, table.id),
    index('runs_by_dataset').on(table.datasetId),
    uniqueIndex('runs_by_sweep').on(table.sweepId, table.trial).where(sql`${table.sweepId} is not null`),
    foreignKey({
      name: 'runs_of_sweep',
      columns: [table.projectId, table.sweepId],
      foreignColumns: [sweeps.projectId, sweeps.id]
    }),
    index('runs_by_metadata').using('gin', sql`${table.metadata} jsonb_path_ops`),
    // The supervisor's sweep. No column that a heartbeat changes is indexed, so heartbeats stay cheap (HOT) updates.
    index('runs_unfinished').on(table.id).where(sql`${table.status} not in ('cancelled', 'succeeded', 'failed')`)
  ]
)
