import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { IdempotencyRecord } from '../../../domain/access-stores.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

export const idempotencyRecords = pgTable(
  'idempotency_records',
  {
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    route: text('route').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    response: jsonb('response').$type<NonNullable<IdempotencyRecord['response']>>(),
    createdAt: time('created_at').notNull()
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'idempotency_records_pkey', columns: [table.projectId, table.route, table.key] }),
    // Both serve the removal of what has expired; the second those whose request died with its process.
    index('idempotency_records_by_age').on(table.createdAt),
    index('idempotency_records_unanswered').on(table.createdAt).where(sql`${table.response} is null`)
  ]
)
