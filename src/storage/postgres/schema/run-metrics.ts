import { doublePrecision, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { ownProject } from './own-project.ts'

/**
 * The key is also the order in which a curve is read: one range of the index per (run, key).
 *
 * No foreign key: PostgreSQL looks for the run of every single row, which is half of what a point costs (docs/decisions/0015). Who
 * writes holds the run's row in the same statement, and the removal of a run takes its points along (services/removals).
 */
export const runMetrics = pgTable(
  'run_metrics',
  {
    runId: text('run_id').notNull(),
    key: text('key').notNull(),
    step: integer('step').notNull(),
    value: doublePrecision('value').notNull(),
    projectId: text('project_id').notNull()
  },
  (table) => [ownProject(), primaryKey({ name: 'run_metrics_pkey', columns: [table.runId, table.key, table.step] })]
)
