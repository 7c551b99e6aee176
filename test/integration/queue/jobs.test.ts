/** Jobs over time and death. Time is pg-boss's test clock, which moves Node's timers and PostgreSQL's now() together. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Pool } from 'pg'
import { CLOCK_OVERRIDE_SETTING, type PgBoss, TestClock } from 'pg-boss'
import { silentLogger } from '../../../src/base/log.ts'
import type { JobKind, JobPayloads } from '../../../src/domain/job.ts'
import type { JobQueue, SqlExecutor } from '../../../src/domain/ports.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createJobSource } from '../../../src/queue/job-source.ts'
import { createTracing } from '../../../src/tracing/tracing.ts'
import { type FakeClock, fakeClock } from '../../helpers/fake-clock.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { openEmbedded } from '../storage/databases.ts'

interface Bench {
  readonly boss: PgBoss
  readonly pool: Pool
  readonly jobs: JobQueue
  readonly clock: TestClock
  /** Lets workers look for jobs, and supervisors for dead workers. */
  pass(ms: number): Promise<void>
}

interface TestScope {
  after(hook: () => Promise<void>): void
}

const START = new Date('2026-03-01T12:00:00Z')

async function openBench(scope: TestScope, options: { supervise: boolean } = { supervise: false }): Promise<Bench> {
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
    async pass(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await clock.tick(Math.min(500, left))
        // Handlers and what they answer are not the clock's; they get real turns.
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    }
  }
}

/** Ticks until the condition holds; so many polls that a failure is a failure. */
async function until(bench: Bench, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await bench.pass(500)
  assert.ok(condition(), 'did not happen')
}

const statesOf = async ({ boss }: Bench, kind: JobKind, key: string) =>
  (await boss.findJobs(kind, { key })).map((job) => job.state).sort()

/** One place to train, whose legs end when the test says so. */
async function oneTrainer(bench: Bench) {
  const begun: string[] = []
  let end = () => {}
  await createJobSource(bench.boss).work('run-leg', 1, async ({ runId }) => {
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

describe('the queue', { skip: await whyNoPostgres() }, () => {
  test('hands a job with its payload to one handler and forgets it', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    const seen: unknown[] = []
    await source.work('ingest-dataset', 2, async (payload) => void seen.push(payload))
    await bench.jobs.enqueue('ingest-dataset', { datasetId: 'ds_1', version: 3 }, { key: 'ds_1@3' })
    await until(bench, () => seen.length > 0)
    await bench.pass(5000)
    assert.deepEqual(seen, [{ datasetId: 'ds_1', version: 3 }])
    assert.deepEqual(await statesOf(bench, 'ingest-dataset', 'ds_1@3'), ['completed'])
  })

  test('carries the trace in which a job was queued to its handler, beside the payload', async (t) => {
    const bench = await openBench(t)
    const tracing = createTracing(null)
    const source = createJobSource(bench.boss, { tracing })
    const seen: unknown[] = []
    await source.work('export-model', 2, async (payload) => void seen.push([payload, tracing.current()]))
    const jobs = createJobQueue(bench.boss, tracing).through({
      executeSql: async (text, values) => ({ rows: (await bench.pool.query(text, [...(values ?? [])])).rows })
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await tracing.within(traceparent, () => jobs.enqueue('export-model', { modelId: 'mdl_1' }, { key: 'mdl_1' }))
    await until(bench, () => seen.length === 1)
    await jobs.enqueue('export-model', { modelId: 'mdl_2' }, { key: 'mdl_2' })
    await until(bench, () => seen.length === 2)
    assert.deepEqual(seen, [
      [{ modelId: 'mdl_1' }, traceparent],
      [{ modelId: 'mdl_2' }, null]
    ])
  })

  test('looks for a job at once when it is woken, without waiting for the next poll', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    const seen: unknown[] = []
    await source.work('run-leg', 1, async (payload) => void seen.push(payload))
    await bench.pass(500)
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    source.wake('export-model')
    source.wake('run-leg')
    for (let turn = 0; turn < 20_000 && seen.length === 0; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(seen, [{ runId: 'run_1' }])
  })

  test('keeps one waiting job per key', async (t) => {
    const bench = await openBench(t)
    for (let i = 0; i < 3; i++) await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await bench.jobs.enqueue('run-leg', { runId: 'run_2' }, { key: 'run_2' })
    await Promise.all(
      Array.from({ length: 5 }, () => bench.jobs.enqueue('export-model', { modelId: 'm' }, { key: 'm' }))
    )
    assert.deepEqual(await statesOf(bench, 'run-leg', 'run_1'), ['created'])
    assert.deepEqual(await statesOf(bench, 'run-leg', 'run_2'), ['created'])
    assert.deepEqual(await statesOf(bench, 'export-model', 'm'), ['created'])
  })

  test('lets a leg enqueue the next while it still runs, but not a second ingest of the same version', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    let legs = 0
    let ingests = 0
    await source.work('run-leg', 1, async ({ runId }) => {
      if (++legs < 3) await bench.jobs.enqueue('run-leg', { runId }, { key: runId })
    })
    await source.work('ingest-dataset', 1, async (payload) => {
      if (++ingests < 3) await bench.jobs.enqueue('ingest-dataset', payload, { key: 'ds_1@1' })
    })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await bench.jobs.enqueue('ingest-dataset', { datasetId: 'ds_1', version: 1 }, { key: 'ds_1@1' })
    await until(bench, () => legs === 3)
    await bench.pass(5000)
    assert.equal(legs, 3)
    assert.equal(ingests, 1)
  })

  test('repeats a rejected job after growing pauses, a leg more often than the default allows', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    const at: number[] = []
    await source.work('run-leg', 1, async () => {
      at.push(bench.clock.now())
      if (at.length < 6) throw new Error('the object store is away')
    })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await until(bench, () => at.length === 6)
    const pauses = at.slice(1).map((time, i) => time - at[i]!)
    // pg-boss draws between half of 2 s × 2^n and the whole of it, and a poll comes up to 0.5 s late.
    for (const [n, pause] of pauses.entries()) {
      assert.ok(pause >= 1000 * 2 ** n && pause <= 2000 * 2 ** (n + 1) + 1500, `pause ${n} was ${pause} ms`)
    }
    await bench.pass(2000)
    assert.deepEqual(await statesOf(bench, 'run-leg', 'run_1'), ['completed'])
  })

  test('does not give up an ingest or an export, however often its worker was restarted', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    const attempts = { ingest: 0, exported: 0 }
    await source.work('ingest-dataset', 1, async () => {
      if (++attempts.ingest < 8) throw new Error('the worker stops')
    })
    await source.work('export-model', 1, async () => {
      if (++attempts.exported < 8) throw new Error('the worker stops')
    })
    await bench.jobs.enqueue('ingest-dataset', { datasetId: 'ds_1', version: 1 }, { key: 'ds_1@1' })
    await bench.jobs.enqueue('export-model', { modelId: 'm' }, { key: 'm' })
    for (let i = 0; i < 60 && attempts.ingest + attempts.exported < 16; i++) await bench.pass(60_000)
    assert.deepEqual(attempts, { ingest: 8, exported: 8 })
  })

  test('gives the job of a worker that died to another within a minute', async (t) => {
    const bench = await openBench(t, { supervise: true })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    // A worker that takes the job and is killed: no heartbeat, no answer.
    assert.equal((await bench.boss.fetch('run-leg')).length, 1)
    const died = bench.clock.now()
    let again = 0
    await createJobSource(bench.boss).work('run-leg', 1, async () => {
      again = bench.clock.now()
    })
    await until(bench, () => again > 0)
    assert.ok(again - died >= 30_000, `${again - died} ms: a slow heartbeat is not a death`)
    assert.ok(again - died <= 60_000, `${again - died} ms`)
  })

  test('leaves the job of a worker that lives alone, for hours', async (t) => {
    const bench = await openBench(t, { supervise: true })
    let starts = 0
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let signal: AbortSignal | undefined
    await createJobSource(bench.boss).work('run-leg', 1, async (_payload, given) => {
      starts++
      signal = given
      await finished
    })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await until(bench, () => starts === 1)
    for (let minute = 0; minute < 10; minute++) await bench.clock.tick(60_000)
    assert.equal(starts, 1)
    assert.equal(signal?.aborted, false)
    finish()
    await bench.pass(2000)
    assert.deepEqual(await statesOf(bench, 'run-leg', 'run_1'), ['completed'])
  })

  test('aborts the signal of a handler whose job is no longer its own', async (t) => {
    const bench = await openBench(t)
    let signal: AbortSignal | undefined
    await createJobSource(bench.boss).work('run-leg', 1, async (_payload, given) => {
      signal = given
      await new Promise((resolve) => given.addEventListener('abort', resolve, { once: true }))
    })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await until(bench, () => signal !== undefined)
    const [job] = await bench.boss.findJobs('run-leg', { key: 'run_1' })
    await bench.boss.cancel('run-leg', job!.id)
    await until(bench, () => signal?.aborted === true)
  })

  test('runs no more handlers at once than it was told', async (t) => {
    const bench = await openBench(t)
    let running = 0
    let most = 0
    let done = 0
    await createJobSource(bench.boss).work('export-model', 2, async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => setImmediate(resolve))
      running--
      done++
    })
    for (let i = 0; i < 6; i++) await bench.jobs.enqueue('export-model', { modelId: `m${i}` }, { key: `m${i}` })
    await until(bench, () => done === 6)
    assert.ok(most <= 2)
  })

  test('leaves a place to other projects', async (t) => {
    const bench = await openBench(t)
    const enqueue = (project: string, modelId: string) =>
      bench.jobs.enqueue('import-model', { modelId }, { key: modelId, project })
    const running = new Map<string, () => void>()
    await createJobSource(bench.boss).work('import-model', 2, async ({ modelId }) => {
      await new Promise<void>((finish) => running.set(modelId, finish))
      running.delete(modelId)
    })
    for (const modelId of ['a1', 'a2', 'a3']) await enqueue('a', modelId)
    await until(bench, () => running.has('a1'))
    await bench.pass(5000)
    assert.deepEqual([...running.keys()], ['a1'])
    await enqueue('b', 'b1')
    await until(bench, () => running.has('b1'))
    running.get('a1')?.()
    await until(bench, () => running.has('a2'))
    assert.deepEqual([...running.keys()].sort(), ['a2', 'b1'])
    running.get('b1')?.()
    running.get('a2')?.()
    await until(bench, () => running.has('a3'))
    running.get('a3')?.()
    await until(bench, () => running.size === 0)
  })

  test('lets projects take turns, however many jobs one of them has', async (t) => {
    const bench = await openBench(t)
    const enqueue = (project: string, modelId: string) =>
      bench.jobs.enqueue('import-model', { modelId }, { key: modelId, project })
    for (const modelId of ['a1', 'a2', 'a3', 'a4']) await enqueue('a', modelId)
    for (const modelId of ['b1', 'b2']) await enqueue('b', modelId)
    await enqueue('c', 'c1')
    const order: string[] = []
    await createJobSource(bench.boss).work('import-model', 1, async ({ modelId }) => void order.push(modelId))
    await until(bench, () => order.length === 7)
    assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
  })

  test('begins the one leg of a project next, whoever queued fifty before it', async (t) => {
    const bench = await openBench(t)
    const { begun, enqueue, finish } = await oneTrainer(bench)
    for (let i = 1; i <= 50; i++) await enqueue('a', `a${i}`)
    await until(bench, () => begun.length === 1)
    await enqueue('b', 'b1')
    await finish(bench)
    assert.deepEqual(begun, ['a1', 'b1'])
    // It comes again when it has ended, and so it does not go before what waits.
    await finish(bench)
    await enqueue('b', 'b2')
    await finish(bench)
    await finish(bench)
    assert.deepEqual(begun, ['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  test('lets nobody save up turns: what comes back after an outage waits for its turn like everybody', async (t) => {
    const bench = await openBench(t)
    const { begun, enqueue, finish } = await oneTrainer(bench)
    for (let i = 1; i <= 5; i++) await enqueue('a', `a${i}`, { startAfterS: 600 })
    for (let i = 1; i <= 20; i++) await enqueue('c', `c${i}`)
    await until(bench, () => begun.length === 1)
    for (let i = 1; i < 10; i++) await finish(bench)
    await enqueue('b', 'b1')
    // All five of a are due now, with turns of the time when they were queued.
    await bench.pass(700_000)
    for (let i = 0; i < 5; i++) await finish(bench)
    // The first was taken before anybody saw that it was due; then all three take turns.
    assert.deepEqual(begun.slice(10), ['a1', 'a2', 'b1', 'c11', 'a3'])
  })

  test('puts in order what came at the same moment', async (t) => {
    const bench = await openBench(t)
    const { begun, enqueue, finish } = await oneTrainer(bench)
    await enqueue('a', 'a0')
    await until(bench, () => begun.length === 1)
    await Promise.all([1, 2, 3, 4, 5, 6].map((i) => enqueue('a', `a${i}`)))
    // None has seen the others, as in transactions that are open side by side.
    await bench.pool.query("update pgboss.job set priority = -1 where state = 'created'")
    await finish(bench)
    await enqueue('b', 'b1')
    await finish(bench)
    assert.equal(begun[2], 'b1')
  })

  test('goes by priority among the legs of a project, and not past other projects', async (t) => {
    const bench = await openBench(t)
    const { begun, enqueue, finish } = await oneTrainer(bench)
    for (const runId of ['a1', 'a2', 'a3']) await enqueue('a', runId)
    await until(bench, () => begun.length === 1)
    for (const runId of ['b1', 'b2']) await enqueue('b', runId)
    await enqueue('a', 'a4', { priority: 100 })
    await enqueue('a', 'a5', { priority: 10 })
    for (let i = 0; i < 6; i++) await finish(bench)
    assert.deepEqual(begun, ['a1', 'b1', 'b2', 'a4', 'a5', 'a2', 'a3'])
  })

  test('gives all places to train to a project that is alone', async (t) => {
    const bench = await openBench(t)
    let running = 0
    await createJobSource(bench.boss).work('run-leg', 2, async (_, signal) => {
      running++
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    })
    for (const runId of ['a1', 'a2']) await bench.jobs.enqueue('run-leg', { runId }, { key: runId, project: 'a' })
    await until(bench, () => running === 2)
  })

  test('asks no more of a job that waits already', async (t) => {
    const bench = await openBench(t)
    const enqueue = (runId: string) => bench.jobs.enqueue('run-leg', { runId }, { key: runId, project: 'a' })
    for (const runId of ['a1', 'a2', 'a1', 'a1']) await enqueue(runId)
    const { rows } = await bench.pool.query(
      "select priority from pgboss.job where name = 'run-leg' order by created_on"
    )
    assert.deepEqual(rows.map(({ priority }) => Number(priority)).sort(), [-1, 0])
  })

  test('gives up a job that waits, with its turn, or waits to be tried again, and none that runs', async (t) => {
    const bench = await openBench(t)
    const leg = (runId: string) => bench.jobs.enqueue('run-leg', { runId }, { key: runId, project: 'a' })
    for (let i = 1; i <= 5; i++) await leg(`a${i}`)
    for (let i = 2; i <= 5; i++) await bench.jobs.dequeue('run-leg', `a${i}`)
    await bench.jobs.dequeue('export-model', 'a1')
    assert.deepEqual(await bench.jobs.withJob(['a1', 'a2', 'a3', 'a4', 'a5']), ['a1'])
    await leg('a6')
    const { rows } = await bench.pool.query("select -priority as turn from pgboss.job where singleton_key = 'a6'")
    assert.deepEqual(rows, [{ turn: 1 }], 'right behind the first')

    let tries = 0
    let finish = () => {}
    await createJobSource(bench.boss).work('export-model', 1, async () => {
      tries++
      if (tries === 2) throw new Error('so it was')
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    const model = (modelId: string) => bench.jobs.enqueue('export-model', { modelId }, { key: modelId })
    await model('m1')
    await until(bench, () => tries === 1)
    await bench.jobs.dequeue('export-model', 'm1')
    assert.deepEqual(await statesOf(bench, 'export-model', 'm1'), ['active'])
    finish()
    await model('m2')
    await until(bench, () => tries === 2)
    await bench.pass(500)
    assert.deepEqual(await statesOf(bench, 'export-model', 'm2'), ['retry'])
    await bench.jobs.dequeue('export-model', 'm2')
    assert.deepEqual(await statesOf(bench, 'export-model', 'm2'), [])
  })

  test('prefers higher priority and waits for its time', async (t) => {
    const bench = await openBench(t)
    const enqueue = (runId: string, more: { priority?: number; startAfterS?: number }) =>
      bench.jobs.enqueue('run-leg', { runId }, { key: runId, ...more })
    await enqueue('low', {})
    await enqueue('high', { priority: 10 })
    await enqueue('later', { priority: 99, startAfterS: 60 })
    const order: string[] = []
    await createJobSource(bench.boss).work('run-leg', 1, async ({ runId }) => void order.push(runId))
    await until(bench, () => order.length === 2)
    assert.deepEqual(order, ['high', 'low'])
    await until(bench, () => order.length === 3)
    assert.ok(bench.clock.now() - START.getTime() >= 60_000)
  })
})

describe('a worker that stops', { skip: await whyNoPostgres() }, () => {
  async function runningLeg(scope: TestScope, clock: FakeClock, handler: (signal: AbortSignal) => Promise<void>) {
    const bench = await openBench(scope)
    const source = createJobSource(bench.boss, { clock })
    let started = false
    await source.work('run-leg', 1, async (_payload, signal) => {
      started = true
      await handler(signal)
    })
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    await until(bench, () => started)
    return { bench, source }
  }

  const stateOf = async ({ pool }: Bench) => {
    const { rows } = await pool.query("select state from pgboss.job where name = 'run-leg'")
    return rows.map((row) => row.state)
  }

  test('waits for its handlers and completes their jobs', async (t) => {
    const clock = fakeClock()
    let finish = () => {}
    let aborted = false
    const { bench, source } = await runningLeg(t, clock, (signal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      return new Promise((resolve) => {
        finish = resolve
      })
    })
    const stopped = source.stop(60_000)
    await clock.advance(59_000)
    assert.equal(aborted, false)
    finish()
    await stopped
    assert.equal(aborted, false)
    assert.deepEqual(await stateOf(bench), ['completed'])
  })

  test('aborts handlers that take longer, and their jobs go back to the queue', async (t) => {
    const clock = fakeClock()
    const { bench, source } = await runningLeg(
      t,
      clock,
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    )
    const stopped = source.stop(60_000)
    await clock.advance(60_000)
    await stopped
    assert.deepEqual(await stateOf(bench), ['retry'])
  })

  test('takes no new job', async (t) => {
    const bench = await openBench(t)
    const source = createJobSource(bench.boss)
    await source.work('run-leg', 1, async () => assert.fail('took a job'))
    await bench.pass(1000)
    await source.stop(1000)
    await bench.pool.query('select 1')
    assert.equal((await bench.boss.getWipData()).length, 0)
  })
})

describe('the queue on the embedded database', () => {
  test('delivers to several workers at once, each job once', async (t) => {
    const hooks: (() => Promise<void>)[] = []
    const url = await openEmbedded({ after: (hook) => hooks.push(hook) })
    const options = { url, max: 2, supervise: true, logger: silentLogger }
    const bosses = await Promise.all(['a', 'b', 'c'].map((name) => startBoss({ ...options, name })))
    const pool = new Pool({ connectionString: url, max: 2 })
    const sources = bosses.map((boss) => createJobSource(boss))
    t.after(async () => {
      await Promise.all(sources.map((source) => source.stop(1000)))
      await pool.end()
      for (const hook of hooks) await hook()
    })
    const jobs = createJobQueue(bosses[0]!).through({
      executeSql: async (text, values) => ({ rows: (await pool.query(text, [...(values ?? [])])).rows })
    })
    const seen: JobPayloads['export-model'][] = []
    const wanted = Array.from({ length: 12 }, (_, i) => `m${i}`)
    await new Promise<void>((resolve, reject) => {
      const handler = async (payload: JobPayloads['export-model']) => {
        seen.push(payload)
        if (seen.length >= wanted.length) resolve()
      }
      Promise.all([
        ...sources.map((source) => source.work('export-model', 1, handler)),
        ...wanted.map((modelId) => jobs.enqueue('export-model', { modelId }, { key: modelId }))
      ]).catch(reject)
    })
    assert.deepEqual(seen.map(({ modelId }) => modelId).sort(), wanted.toSorted())
  })
})

expectNoLeaks({ after })
