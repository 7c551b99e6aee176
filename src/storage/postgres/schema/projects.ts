import { bigint, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { Rate } from '../../../domain/project.ts'
import type { Retention } from '../../../domain/retention.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'

export const projects = pgTable('projects', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique('projects_by_name'),
  /** Null for as many as there are. */
  quotaQueuedRuns: integer('quota_queued_runs'),
  quotaStorageBytes: bigint('quota_storage_bytes', { mode: 'number' }),
  quotaDevices: integer('quota_devices'),
  quotaRequestsPerMinute: integer('quota_requests_per_minute'),
  quotaPixelsPerMinute: bigint('quota_pixels_per_minute', { mode: 'number' }),
  /** Of checkpoints of runs that say nothing else. */
  retention: jsonb('retention').notNull().default({}).$type<Retention>(),
  createdAt: time('created_at').notNull()
})

/** How far a project is ahead of its rates; a row for each that is limited and was ever used. */
export const projectRates = pgTable(
  'project_rates',
  {
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    rate: text('rate').notNull().$type<Rate>(),
    /** When nothing will be used any more, by the database's clock. */
    wholeAt: time('whole_at').notNull()
  },
  (table) => [ownProject(), primaryKey({ name: 'project_rates_pkey', columns: [table.projectId, table.rate] })]
)
