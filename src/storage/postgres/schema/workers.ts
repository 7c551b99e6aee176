import { jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { Machine } from '../../../base/devices.ts'
import type { WorkerState } from '../../../domain/worker.ts'
import { time } from './columns.ts'

/** Of the installation, not of a project: workers serve all of them. */
export const workers = pgTable('workers', {
  name: text('name').primaryKey(),
  node: text('node').notNull(),
  machine: jsonb('machine').notNull().$type<Machine>(),
  state: text('state').notNull().$type<WorkerState>(),
  reason: text('reason'),
  startedAt: time('started_at').notNull(),
  seenAt: time('seen_at').notNull()
})
