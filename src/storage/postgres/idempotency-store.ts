import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { IdempotencyRecord, IdempotencyStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { idempotencyRecords } from './schema/idempotency-records.ts'

const KEPT_MS = 24 * 3600_000

/** A request without an answer after this long died with its process; its key must not stay taken for a day. */
const UNANSWERED_MS = 10 * 60_000

/** The record that was in the way can be abandoned between insert and select, but hardly this often. */
const ATTEMPTS = 3

type RecordName = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>

const isRecord = ({ projectId, key, route }: RecordName) =>
  and(eq(idempotencyRecords.projectId, projectId), eq(idempotencyRecords.route, route), eq(idempotencyRecords.key, key))

export const createIdempotencyStore = (db: Db): IdempotencyStore => ({
  async begin(record) {
    await removeExpired(db, record.createdAt.getTime())
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const inserted = await db
        .insert(idempotencyRecords)
        .values(record)
        .onConflictDoNothing()
        .returning({ key: idempotencyRecords.key })
      if (inserted.length > 0) return null
      const [earlier] = await db.select().from(idempotencyRecords).where(isRecord(record))
      if (earlier) return earlier
    }
    throw new AppError('idempotency_in_progress')
  },

  async finish(record, response) {
    await db.update(idempotencyRecords).set({ response }).where(isRecord(record))
  },

  async abandon(record) {
    await db.delete(idempotencyRecords).where(isRecord(record))
  }
})

/** Every project's: there is no other sweeper, and two indices make it cheap. */
async function removeExpired(db: Db, nowMs: number): Promise<void> {
  const { createdAt, response } = idempotencyRecords
  const unanswered = and(isNull(response), lt(createdAt, new Date(nowMs - UNANSWERED_MS)))
  await db.delete(idempotencyRecords).where(or(lt(createdAt, new Date(nowMs - KEPT_MS)), unanswered))
}
