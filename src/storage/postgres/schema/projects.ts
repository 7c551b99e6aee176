import { pgTable, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'

export const projects = pgTable('projects', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique('projects_by_name'),
  createdAt: time('created_at').notNull()
})
