import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import type { RemovalStore } from '../../domain/removal-stores.ts'
import type { Db } from './client.ts'
import { removals } from './schema/removals.ts'

/** Postgres takes 65,535 parameters. */
const ROWS_AT_ONCE = 1000

const columns = {
  projectId: removals.projectId,
  what: removals.what,
  subject: removals.subject,
  prefix: removals.prefix,
  multipartId: removals.multipartId,
  tries: removals.tries,
  createdAt: removals.createdAt
}

export const createRemovalStore = (db: Db): RemovalStore => ({
  async add(wanted, at) {
    for (let from = 0; from < wanted.length; from += ROWS_AT_ONCE) {
      await db
        .insert(removals)
        .values(wanted.slice(from, from + ROWS_AT_ONCE).map((one) => ({ ...one, createdAt: at, dueAt: at })))
        // Another time of creation: whoever is at it now does not take the row away.
        .onConflictDoUpdate({ target: removals.prefix, set: { createdAt: at, dueAt: at } })
    }
  },

  async claim({ now, writtenBy, heldUntil }, limit) {
    const due = db
      .select({ prefix: removals.prefix })
      .from(removals)
      .where(and(lte(removals.dueAt, now), lte(removals.createdAt, writtenBy)))
      .orderBy(asc(removals.dueAt))
      .limit(limit)
      .for('update', { skipLocked: true })
    return db
      .update(removals)
      .set({ tries: sql`${removals.tries} + 1`, triedAt: now, dueAt: heldUntil })
      .where(inArray(removals.prefix, due))
      .returning(columns)
  },

  async covers(key) {
    // Prefixes end where a folder does, or are a whole key: a few keys of the index, however much waits.
    const folders = [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1))
    const found = await db
      .select({ prefix: removals.prefix })
      .from(removals)
      .where(inArray(removals.prefix, [...folders, key]))
      .limit(1)
    return found.length > 0
  },

  async finish(removal) {
    await db.delete(removals).where(isSame(removal))
  },

  async postpone(removal, error, dueAt) {
    await db.update(removals).set({ error, dueAt }).where(isSame(removal))
  }
})

const isSame = ({ prefix, createdAt }: { readonly prefix: string; readonly createdAt: Date }) =>
  and(eq(removals.prefix, prefix), eq(removals.createdAt, createdAt))
