import { sql } from 'drizzle-orm'
import { bigint, foreignKey, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { DatasetSource, DatasetVersion, DatasetVersionStatus } from '../../../domain/dataset.ts'
import { time } from './columns.ts'
import { datasets } from './datasets.ts'
import { ownProject } from './own-project.ts'

export const datasetVersions = pgTable(
  'dataset_versions',
  {
    datasetId: text('dataset_id').notNull(),
    version: integer('version').notNull(),
    projectId: text('project_id').notNull(),
    status: text('status').notNull().$type<DatasetVersionStatus>(),
    source: jsonb('source').notNull().$type<DatasetSource>(),
    prefix: text('prefix').notNull(),
    images: integer('images').notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    rejected: integer('rejected').notNull(),
    duplicates: integer('duplicates').notNull(),
    classes: jsonb('classes').$type<readonly string[]>(),
    contentHash: text('content_hash'),
    sizes: jsonb('sizes').notNull().$type<DatasetVersion['sizes']>(),
    report: jsonb('report').$type<NonNullable<DatasetVersion['report']>>(),
    progress: jsonb('progress').notNull().$type<DatasetVersion['progress']>(),
    error: jsonb('error').$type<NonNullable<DatasetVersion['error']>>(),
    createdAt: time('created_at').notNull(),
    readyAt: time('ready_at'),
    /** Numbers of the images that a user has named, of a selection by them: up to 100,000, so nobody reads them but who makes it. */
    selected: integer('selected').array()
  },
  (table) => [
    ownProject(),
    // The sweep for versions whose job is lost.
    index('dataset_versions_open').on(table.createdAt).where(sql`${table.status} in ('queued', 'ingesting')`),
    primaryKey({ name: 'dataset_versions_pkey', columns: [table.datasetId, table.version] }),
    foreignKey({
      name: 'dataset_versions_of_dataset',
      columns: [table.projectId, table.datasetId],
      foreignColumns: [datasets.projectId, datasets.id]
    }).onDelete('cascade')
  ]
)
