import { jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { Failure } from '../../../domain/blame.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** Of exports, imports, ingests and evaluations while they are under way; runs have theirs in their own row. */
export const jobTries = pgTable(
  'job_tries',
  {
    /** Id of the model or evaluation; of a version as `ds_…@3`. */
    subject: text('subject').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    /** The worker that has it; null between two tries. */
    holder: text('holder'),
    failures: jsonb('failures').notNull().$type<readonly Failure[]>(),
    changedAt: time('changed_at').notNull()
  },
  () => [ownProject()]
)
