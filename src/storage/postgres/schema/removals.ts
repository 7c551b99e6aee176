import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { RemovedKind } from '../../../domain/removal.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'

/** Its record is gone, and maybe its project, so they are names; prefixes carry an id, so there is one row for each. */
export const removals = pgTable(
  'removals',
  {
    prefix: text('prefix').primaryKey(),
    projectId: text('project_id').notNull(),
    what: text('what').notNull().$type<RemovedKind>(),
    subject: text('subject').notNull(),
    /** Of an upload that was never completed. */
    multipartId: text('multipart_id'),
    tries: integer('tries').notNull().default(0),
    error: text('error'),
    createdAt: time('created_at').notNull(),
    triedAt: time('tried_at'),
    dueAt: time('due_at').notNull()
  },
  (table) => [ownProject(), index('removals_by_due').on(table.dueAt)]
)
