import { sql } from 'drizzle-orm'
import { bigint, foreignKey, index, pgTable, text } from 'drizzle-orm/pg-core'
import type { UploadStatus } from '../../../domain/dataset.ts'
import { time } from './columns.ts'
import { datasets } from './datasets.ts'
import { ownProject } from './own-project.ts'

export const datasetUploads = pgTable(
  'dataset_uploads',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id').notNull(),
    /** Null for weights, which models are made of. */
    datasetId: text('dataset_id'),
    filename: text('filename').notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    status: text('status').notNull().$type<UploadStatus>(),
    objectKey: text('object_key').notNull(),
    multipartId: text('multipart_id').notNull(),
    partBytes: bigint('part_bytes', { mode: 'number' }).notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull()
  },
  (table) => [
    ownProject(),
    // The cascade of a removed dataset.
    index('dataset_uploads_by_dataset').on(table.projectId, table.datasetId),
    // What has expired.
    index('dataset_uploads_unfinished').on(table.expiresAt).where(sql`${table.status} <> 'completed'`),
    foreignKey({
      name: 'dataset_uploads_of_dataset',
      columns: [table.projectId, table.datasetId],
      foreignColumns: [datasets.projectId, datasets.id]
    }).onDelete('cascade')
  ]
)
