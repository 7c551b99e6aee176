import { timestamp } from 'drizzle-orm/pg-core'

/** Milliseconds, as JavaScript has them: a value that was read equals the one that was written. */
export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })
