import type { SendOptions } from 'pg-boss'
import type { Tracing } from '../base/tracing.ts'
import { JOB_KINDS } from '../domain/job.ts'
import type { TransactionalQueue } from '../domain/ports.ts'
import { keepTurns, lastTurn } from './turns.ts'

/** Notified with the kind of a job that was enqueued, when its transaction commits. */
export const JOB_CHANNEL = 'kappa_jobs'

/** As much of pg-boss as adds a job. */
export interface JobSender {
  send(name: string, data: object, options: SendOptions): Promise<string | null>
}

/**
 * The side of the queue that writes. A job is a row of the same database, so it is inserted through the caller's own
 * connection: when the transaction around it rolls back, there is no job.
 */
export const createJobQueue = (boss: JobSender, tracing?: Pick<Tracing, 'current'>): TransactionalQueue => ({
  through: (executor) => ({
    async enqueue(kind, payload, { key, startAfterS, priority = 0, project }) {
      const job = project === undefined ? null : { kind, project, rank: priority, key }
      const last = job && (await lastTurn(executor, job))
      if (last?.turn === null) return
      // Null instead of an id means that the queue's policy found a job with this key: nothing to do.
      const traceparent = tracing?.current() ?? null
      await boss.send(kind, traceparent === null ? payload : { ...payload, traceparent }, {
        singletonKey: key,
        db: { executeSql: async (text, values) => ({ rows: [...(await executor.executeSql(text, values)).rows] }) },
        priority: last ? -last.turn : priority,
        ...(startAfterS === undefined ? {} : { startAfter: startAfterS }),
        ...(job && { group: { id: job.project, tier: String(priority) } })
      })
      if (job && last?.overtakes) await keepTurns(executor, kind, job.project)
      if (startAfterS === undefined) await executor.executeSql('select pg_notify($1, $2)', [JOB_CHANNEL, kind])
    },

    async dequeue(kind, key) {
      // A worker that takes it at the same moment holds the row: then this waits, and sees that it is active.
      await executor.executeSql(
        "delete from pgboss.job where name = $1 and singleton_key = $2 and state in ('created', 'retry')",
        [kind, key]
      )
    },

    async withJob(keys) {
      if (keys.length === 0) return []
      // In two halves, each by an index of its own: together they read every job that waits, 38 ms of 100,000 for a single key.
      const isAsked = 'name = any($1) and singleton_key = any($2)'
      const { rows } = await executor.executeSql(
        `select singleton_key as key from pgboss.job where ${isAsked} and state < 'active'
         union select singleton_key from pgboss.job where ${isAsked} and state = 'active'`,
        [[...JOB_KINDS], [...keys]]
      )
      return (rows as { key: string }[]).map(({ key }) => key) // of the one column named here
    }
  })
})
