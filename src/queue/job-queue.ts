import type { PgBoss } from 'pg-boss'
import type { TransactionalQueue } from '../domain/ports.ts'

/**
 * The side of the queue that writes. A job is a row of the same database, so it is inserted through the caller's own
 * connection: when the transaction around it rolls back, there is no job.
 */
export const createJobQueue = (boss: Pick<PgBoss, 'send'>): TransactionalQueue => ({
  through: (executor) => ({
    async enqueue(kind, payload, { key, startAfterS, priority }) {
      // Null instead of an id means that the queue's policy found a job with this key: nothing to do.
      await boss.send(kind, payload, {
        singletonKey: key,
        db: { executeSql: async (text, values) => ({ rows: [...(await executor.executeSql(text, values)).rows] }) },
        ...(startAfterS === undefined ? {} : { startAfter: startAfterS }),
        ...(priority === undefined ? {} : { priority })
      })
    }
  })
})
