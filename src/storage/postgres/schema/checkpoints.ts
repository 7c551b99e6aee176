import { bigint, boolean, foreignKey, index, integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { Checkpoint, StoredFile } from '../../../domain/checkpoint.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { runs } from './runs.ts'

export const checkpoints = pgTable(
  'checkpoints',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id').notNull(),
    runId: text('run_id').notNull(),
    step: integer('step').notNull(),
    epoch: integer('epoch').notNull(),
    leaseEpoch: integer('lease_epoch').notNull(),
    prefix: text('prefix').notNull(),
    files: jsonb('files').notNull().$type<readonly StoredFile[]>(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    stateHash: text('state_hash').notNull(),
    status: text('status').notNull().$type<Checkpoint['status']>(),
    /** A user wants it: nothing but that user removes it. */
    keep: boolean('keep').notNull().default(false),
    metrics: jsonb('metrics').notNull().$type<Checkpoint['metrics']>(),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    ownProject(),
    unique('checkpoints_by_project').on(table.projectId, table.id),
    // A run's list (newest first) and its cascade.
    index('checkpoints_by_run').on(table.projectId, table.runId, table.id),
    // What is superseded: the newest steps of a run first.
    index('checkpoints_by_step').on(table.runId, table.step),
    foreignKey({
      name: 'checkpoints_of_run',
      columns: [table.projectId, table.runId],
      foreignColumns: [runs.projectId, runs.id]
    }).onDelete('cascade')
  ]
)
