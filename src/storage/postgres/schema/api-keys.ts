import { pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { Scope } from '../../../domain/access.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

export const apiKeys = pgTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name').notNull(),
    scopes: text('scopes').array().notNull().$type<Scope[]>(),
    secretHash: text('secret_hash').notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at'),
    lastUsedAt: time('last_used_at'),
    revokedAt: time('revoked_at')
  },
  (table) => [ownProject(), unique('api_keys_by_project').on(table.projectId, table.id)]
)
