import { doublePrecision, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { ownProject } from './own-project.ts'

/**
 * Lowest and highest point of each key in `size` steps from `step` on (domain/metric-buckets.ts). Made of run_metrics, and true where
 * the bucket ends at or before its run's `rolled_to`. No foreign keys, as of the points: both go with the removal of their run, maybe after their project.
 */
export const runMetricRollups = pgTable(
  'run_metric_rollups',
  {
    runId: text('run_id').notNull(),
    key: text('key').notNull(),
    size: integer('size').notNull(),
    step: integer('step').notNull(),
    low: doublePrecision('low').notNull(),
    lowStep: integer('low_step').notNull(),
    high: doublePrecision('high').notNull(),
    highStep: integer('high_step').notNull(),
    projectId: text('project_id').notNull()
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'run_metric_rollups_pkey', columns: [table.runId, table.key, table.size, table.step] })
  ]
)
