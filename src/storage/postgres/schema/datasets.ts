import { integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

export const datasets = pgTable(
  'datasets',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name').notNull(),
    metadata: jsonb('metadata').notNull().$type<JsonObject>(),
    /** The newest version that is ready. */
    latestVersion: integer('latest_version'),
    /** The newest number given out: raised under the row's lock, so concurrent versions get different ones. */
    lastVersion: integer('last_version').notNull().default(0),
    createdAt: time('created_at').notNull()
  },
  // Serves the list (newest first) and is what the children's (project_id, dataset_id) refer to.
  (table) => [ownProject(), unique('datasets_by_project').on(table.projectId, table.id)]
)
