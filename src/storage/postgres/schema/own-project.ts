import { sql } from 'drizzle-orm'
import { pgPolicy } from 'drizzle-orm/pg-core'

/**
 * The second line of tenancy (docs/decisions/0019): who is not the tables' owner sees the rows of the project that the statement
 * names (bound-query.ts), and without a name none. In a subquery, so that it is read once for a statement and not for each row.
 */
export const ownProject = () =>
  pgPolicy('own_project', { using: sql`project_id = (select current_setting('kappa.project', true))` })
