import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'

export const projects = pgTable('projects', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique('projects_by_name'),
  /** Null for as many as there are. */
  quotaQueuedRuns: integer('quota_queued_runs'),
  quotaStorageBytes: bigint('quota_storage_bytes', { mode: 'number' }),
  createdAt: time('created_at').notNull()
})
