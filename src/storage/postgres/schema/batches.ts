import { sql } from 'drizzle-orm'
import { bigint, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { Batch, BatchCounts, BatchEndpoint, BatchStatus } from '../../../domain/batch.ts'
import type { FilePurpose } from '../../../domain/file.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** Of requests and of answers; each has one object, `files/{id}/content`. */
export const files = pgTable(
  'files',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    purpose: text('purpose').notNull().$type<FilePurpose>(),
    filename: text('filename').notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    sha256: text('sha256').notNull(),
    lines: integer('lines').notNull(),
    createdAt: time('created_at').notNull()
  },
  (table) => [ownProject(), index('files_by_project').on(table.projectId, table.id)]
)

/** A batch outlives its model and its files, so those are names without a foreign key: `insert` holds what it needs. */
export const batches = pgTable(
  'batches',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    endpoint: text('endpoint').notNull().$type<BatchEndpoint>(),
    inputFileId: text('input_file_id').notNull(),
    modelId: text('model_id').notNull(),
    modelName: text('model_name').notNull(),
    window: text('window').notNull(),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    status: text('status').notNull().$type<BatchStatus>(),
    attempt: integer('attempt').notNull(),
    counts: jsonb('counts').notNull().$type<BatchCounts>(),
    expectedBytes: bigint('expected_bytes', { mode: 'number' }).notNull(),
    outputFileId: text('output_file_id'),
    errorFileId: text('error_file_id'),
    error: jsonb('error').$type<NonNullable<Batch['error']>>(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    startedAt: time('started_at'),
    finalizingAt: time('finalizing_at'),
    cancellingAt: time('cancelling_at'),
    finishedAt: time('finished_at')
  },
  (table) => [
    ownProject(),
    index('batches_by_project').on(table.projectId, table.id),
    // Whether a file or a model may be removed, and what nobody works on.
    index('batches_unfinished')
      .on(table.id)
      .where(sql`${table.status} not in ('completed', 'failed', 'expired', 'cancelled')`)
  ]
)
