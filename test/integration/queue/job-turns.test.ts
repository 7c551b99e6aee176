/** Which job is next: projects take turns, and within one of them priority counts. How a worker stops that has some. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type FakeClock, fakeClock } from '../../helpers/fake-clock.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { type Bench, oneTrainer, openBench, START, statesOf, type TestScope, until } from './job-bench.ts'

describe('turns of projects', { skip: await whyNoPostgres() }, () => {
  test('leaves a place to other projects', async (t) => {
    const bench = await openBench(t)
    const enqueue = (project: string, modelId: string) =>
      bench.jobs.enqueue('import-model', { modelId }, { key: modelId, project })
    const running = new Map<string, () => void>()
    await bench.source().work('import-model', 2, async ({ modelId }) => {
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
    await bench.source().work('import-model', 1, async ({ modelId }) => void order.push(modelId))
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
    await bench.source().work('run-leg', 2, async (_, signal) => {
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
    await bench.source().work('export-model', 1, async () => {
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
    await bench.source().work('run-leg', 1, async ({ runId }) => void order.push(runId))
    await until(bench, () => order.length === 2)
    assert.deepEqual(order, ['high', 'low'])
    await until(bench, () => order.length === 3)
    assert.ok(bench.clock.now() - START.getTime() >= 60_000)
  })
})

describe('a worker that stops', { skip: await whyNoPostgres() }, () => {
  async function runningLeg(scope: TestScope, clock: FakeClock, handler: (signal: AbortSignal) => Promise<void>) {
    const bench = await openBench(scope)
    const source = bench.source({ clock })
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
    const source = bench.source()
    await source.work('run-leg', 1, async () => assert.fail('took a job'))
    await bench.pass(1000)
    await source.stop(1000)
    await bench.pool.query('select 1')
    assert.equal((await bench.boss.getWipData()).length, 0)
  })
})

expectNoLeaks({ after })
