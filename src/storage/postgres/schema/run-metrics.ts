import { doublePrecision, foreignKey, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { runs } from './runs.ts'

/** The key is also the order in which a curve is read: one range of the index per (run, key). */
export const runMetrics = pgTable(
  'run_metrics',
  {
    runId: text('run_id').notNull(),
    key: text('key').notNull(),
    step: integer('step').notNull(),
    value: doublePrecision('value').notNull(),
    projectId: text('project_id').notNull()
  },
  (table) => [
    primaryKey({ name: 'run_metrics_pkey', columns: [table.runId, table.key, table.step] }),
    foreignKey({
      name: 'run_metrics_of_run',
      columns: [table.projectId, table.runId],
      foreignColumns: [runs.projectId, runs.id]
    }).onDelete('cascade')
  ]
)
