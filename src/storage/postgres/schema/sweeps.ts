import { jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { Sweep, SweepObjective, SweepSpace } from '../../../domain/sweep.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** What runs were made together and why; how they fare is in their own rows. */
export const sweeps = pgTable(
  'sweeps',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name'),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    run: jsonb('run').notNull().$type<JsonObject>(),
    space: jsonb('space').notNull().$type<SweepSpace>(),
    trials: jsonb('trials').notNull().$type<Sweep['trials']>(),
    objective: jsonb('objective').$type<SweepObjective>(),
    createdAt: time('created_at').notNull()
  },
  // Serves the list (newest first) and is what (project_id, sweep_id) of runs refers to.
  (table) => [ownProject(), unique('sweeps_by_project').on(table.projectId, table.id)]
)
