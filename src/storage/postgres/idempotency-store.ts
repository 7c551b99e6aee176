import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { IdempotencyRecord, IdempotencyStore } from '../../domain/access-stores.ts'
import type { Db } from './client.ts'
import { waitedForLock } from './errors.ts'
import { idempotencyRecords } from './schema/idempotency-records.ts'

const KEPT_MS = 24 * 3600_000

/** Of 0.2.0 and before: a request without an answer after this long died with its process. */
const UNANSWERED_MS = 10 * 60_000

/** For another request with the same key that is at work; it takes milliseconds unless it waits itself. */
const LONGEST_WAIT_MS = 2000

type RecordName = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>

const isRecord = ({ projectId, key, route }: RecordName) =>
  and(eq(idempotencyRecords.projectId, projectId), eq(idempotencyRecords.route, route), eq(idempotencyRecords.key, key))

const setLockTimeout = (db: Db, ms: number) => db.execute(sql`select set_config('lock_timeout', ${String(ms)}, true)`)

export const createIdempotencyStore = (db: Db, everyProject: Db): IdempotencyStore => ({
  async find(name, now) {
    await removeExpired(everyProject, now.getTime())
    const [known] = await db.select().from(idempotencyRecords).where(isRecord(name))
    return known ?? null
  },

  async insert(record) {
    await setLockTimeout(db, LONGEST_WAIT_MS)
    try {
      const inserted = await db
        .insert(idempotencyRecords)
        .values(record)
        .onConflictDoNothing()
        .returning({ key: idempotencyRecords.key })
      await setLockTimeout(db, 0)
      if (inserted.length > 0) return null
    } catch (error) {
      throw waitedForLock(error) ? new AppError('idempotency_in_progress', { retryAfterS: 1 }) : error
    }
    const [earlier] = await db.select().from(idempotencyRecords).where(isRecord(record))
    // Removed as expired between the two statements.
    if (!earlier) throw new AppError('idempotency_in_progress', { retryAfterS: 1 })
    return earlier
  },

  async finish(record, response) {
    await db.update(idempotencyRecords).set({ response }).where(isRecord(record))
  }
})

/** Every project's: there is no other sweeper, and two indices make it cheap. */
async function removeExpired(db: Db, nowMs: number): Promise<void> {
  const { createdAt, response } = idempotencyRecords
  const unanswered = and(isNull(response), lt(createdAt, new Date(nowMs - UNANSWERED_MS)))
  await db.delete(idempotencyRecords).where(or(lt(createdAt, new Date(nowMs - KEPT_MS)), unanswered))
}
