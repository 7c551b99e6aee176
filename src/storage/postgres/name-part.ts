import { type AnyColumn, type SQL, sql } from 'drizzle-orm'

/** In upper or lower case alike. Signs of a pattern mean themselves: a name may have any of them. */
export const hasPart = (name: AnyColumn, part: string): SQL =>
  sql`${name} ilike ${`%${part.replaceAll(/[\\%_]/g, '\\$&')}%`}`
