/**
 * The queue of a process that only adds to it: no pool, no timers, no schema of its own making. A process on Lambda is frozen between two
 * requests, and a statement of a timer that was under way is then an answer that nobody hears.
 */
import { PgBoss } from 'pg-boss'
import { AppError, isAppError, toError } from '../base/errors.ts'
import type { SqlExecutor } from '../domain/ports.ts'
import type { JobSender } from './job-queue.ts'

export interface Enqueuer extends JobSender {
  /**
   * Knows the queues, or why it does not, which `send` then throws. Asked before a transaction begins: where transactions share one
   * connection, a question beside them would wait for itself.
   */
  ready(): Promise<void>
}

export function createEnqueuer(executor: SqlExecutor): Enqueuer {
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => ({ rows: [...(await executor.executeSql(text, values)).rows] }) },
    migrate: false,
    supervise: false,
    schedule: false,
    registerInstance: false
  })
  let failure: AppError | null = new AppError('database_unavailable')

  async function learn(): Promise<void> {
    try {
      await boss.start()
      // What it has learned stays; its timers go.
      await boss.stop({ graceful: false, close: false })
      failure = null
    } catch (error) {
      failure = isAppError(error) ? error : notInstalled(error)
    }
  }

  let learning: Promise<void> | null = null
  return {
    async ready() {
      if (failure === null) return
      learning ??= learn()
      await learning
      learning = null
    },
    async send(name, data, options) {
      if (failure !== null) throw failure
      return boss.send(name, data, options)
    }
  }
}

const notInstalled = (cause: unknown): AppError => {
  const message = `The queue cannot be used: ${toError(cause).message}. npm run migrate installs it.`
  return new AppError('schema_outdated', { message }, { cause })
}
