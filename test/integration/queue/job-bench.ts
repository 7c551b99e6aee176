/** A queue on a PostgreSQL whose time is the test's: pg-boss's test clock moves Node's timers and now() together. */
import assert from 'node:assert/strict'
import { Pool } from 'pg'
import { CLOCK_OVERRIDE_SETTING, type PgBoss, TestClock } from 'pg-boss'
import type { Clock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { JobKind } from '../../../src/domain/job.ts'
import type { JobQueue, JobSource, SqlExecutor } from '../../../src/domain/ports.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createJobSource, type JobSourceOptions } from '../../../src/queue/job-source.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'

export interface Bench {
  readonly boss: PgBoss
  readonly pool: Pool
  readonly jobs: JobQueue
  readonly clock: TestClock
  /** On the test's time. */
  source(options?: JobSourceOptions): JobSource
  /** Lets workers look for jobs, and supervisors for dead workers. */
  pass(ms: number): Promise<void>
}

export interface TestScope {
  after(hook: () => Promise<void>): void
}

export const START = new Date('2026-03-01T12:00:00Z')

export async function openBench(
  scope: TestScope,
  options: { supervise: boolean } = { supervise: false }
): Promise<Bench> {
  const hooks: (() => Promise<void>)[] = []
  const url = await createTestDatabase({ after: (hook) => hooks.push(hook) })
  const clock = new TestClock(START)
  const boss = await startBoss({ url, max: 4, name: 'test', logger: silentLogger, clock, ...options })
  // The jobs' own connection must read the test's time too.
  const pool = new Pool({ connectionString: url, max: 2, options: `-c ${CLOCK_OVERRIDE_SETTING}=on` })
  scope.after(async () => {
    await boss.stop({ graceful: false })
    await pool.end()
    for (const hook of hooks) await hook()
  })
  const executor: SqlExecutor = {
    executeSql: async (text, values) => ({ rows: (await pool.query(text, [...(values ?? [])])).rows })
  }
  return {
    boss,
    pool,
    jobs: createJobQueue(boss).through(executor),
    clock,
    source: (options) => createJobSource(boss, { clock: timeOf(clock), ...options }),
    async pass(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await clock.tick(Math.min(500, left))
        // Handlers and what they answer are not the clock's; they get real turns.
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    }
  }
}

const timeOf = (clock: TestClock): Clock => ({
  now: () => clock.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = clock.setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clock.clearTimeout(timer)
        reject(signal.reason)
      })
    })
})

/** Ticks until the condition holds; so many polls that a failure is a failure. */
export async function until(bench: Bench, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await bench.pass(500)
  assert.ok(condition(), 'did not happen')
}

export const statesOf = async ({ boss }: Bench, kind: JobKind, key: string) =>
  (await boss.findJobs(kind, { key })).map((job) => job.state).sort()

/** One place to train, whose legs end when the test says so. */
export async function oneTrainer(bench: Bench) {
  const begun: string[] = []
  let end = () => {}
  await bench.source().work('run-leg', 1, async ({ runId }) => {
    begun.push(runId)
    await new Promise<void>((resolve) => {
      end = resolve
    })
  })
  return {
    begun,
    enqueue: (project: string, runId: string, more: { priority?: number; startAfterS?: number } = {}) =>
      bench.jobs.enqueue('run-leg', { runId }, { key: runId, project, ...more }),
    /** Ends the one that runs, and waits for the next. */
    async finish(on: Bench): Promise<void> {
      const before = begun.length
      end()
      await until(on, () => begun.length > before)
    }
  }
}
