import { index, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** Actors and subjects are names without a foreign key: an entry outlives what it is about. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    requestId: text('request_id').notNull(),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    ownProject(),
    // Newest first.
    unique('audit_entries_by_project').on(table.projectId, table.id),
    index('audit_entries_by_actor').on(table.projectId, table.actor, table.id),
    index('audit_entries_by_subject').on(table.projectId, table.subject, table.id)
  ]
)
