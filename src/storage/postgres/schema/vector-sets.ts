import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { StoredFile } from '../../../domain/checkpoint.ts'
import type { VectorIndex, VectorSet, VectorSetProgress, VectorSetStatus } from '../../../domain/vector-set.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/**
 * A vector set outlives its model and its dataset, so those are names without a foreign key: `insert` holds what it needs. What is
 * searched lies in a table of its own for each set (vector-store.ts), which no migration knows.
 */
export const vectorSets = pgTable(
  'vector_sets',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name'),
    modelId: text('model_id').notNull(),
    datasetId: text('dataset_id').notNull(),
    datasetVersion: integer('dataset_version').notNull(),
    dimensions: integer('dimensions').notNull(),
    prototypes: integer('prototypes'),
    index: text('index').$type<VectorIndex>(),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    status: text('status').notNull().$type<VectorSetStatus>(),
    attempt: integer('attempt').notNull(),
    progress: jsonb('progress').notNull().$type<VectorSetProgress>(),
    files: jsonb('files').notNull().$type<readonly StoredFile[]>(),
    error: jsonb('error').$type<NonNullable<VectorSet['error']>>(),
    createdAt: time('created_at').notNull(),
    startedAt: time('started_at'),
    finishedAt: time('finished_at')
  },
  (table) => [
    ownProject(),
    index('vector_sets_by_project').on(table.projectId, table.id),
    index('vector_sets_by_model').on(table.modelId, table.id),
    index('vector_sets_by_dataset').on(table.datasetId, table.id),
    // Whether a dataset or a model may be removed.
    index('vector_sets_unfinished').on(table.id).where(sql`${table.status} not in ('cancelled', 'succeeded', 'failed')`)
  ]
)
