import { foreignKey, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { RunEvent, RunEventType } from '../../../domain/run.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { runs } from './runs.ts'

export const runEvents = pgTable(
  'run_events',
  {
    runId: text('run_id').notNull(),
    seq: integer('seq').notNull(),
    projectId: text('project_id').notNull(),
    type: text('type').notNull().$type<RunEventType>(),
    level: text('level').notNull().$type<RunEvent['level']>(),
    data: jsonb('data').notNull().$type<JsonObject>(),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'run_events_pkey', columns: [table.runId, table.seq] }),
    foreignKey({
      name: 'run_events_of_run',
      columns: [table.projectId, table.runId],
      foreignColumns: [runs.projectId, runs.id]
    }).onDelete('cascade')
  ]
)
