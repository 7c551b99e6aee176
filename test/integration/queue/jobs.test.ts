/** Jobs over time and death: to whom they are given, how often, and what becomes of them. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Pool } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import type { JobPayloads } from '../../../src/domain/job.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createJobSource } from '../../../src/queue/job-source.ts'
import { createTracing } from '../../../src/tracing/tracing.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { openEmbedded } from '../storage/databases.ts'
import { openBench, statesOf, until } from './job-bench.ts'

describe('the queue', { skip: await whyNoPostgres() }, () => {
  test('hands a job with its payload to one handler and forgets it', async (t) => {
    const bench = await openBench(t)
    const source = bench.source()
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
    const source = bench.source({ tracing })
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
    const source = bench.source()
    const seen: unknown[] = []
    await source.work('run-leg', 1, async (payload) => void seen.push(payload))
    await bench.pass(500)
    await bench.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1' })
    source.wake('export-model')
    source.wake('run-leg')
    for (let turn = 0; turn < 20_000 && seen.length === 0; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(seen, [{ runId: 'run_1' }])
  })

  test('asks for all kinds in one statement while nothing is due, however many places it has', async (t) => {
    const bench = await openBench(t)
    const source = bench.source()
    const seen: unknown[] = []
    for (const kind of ['export-model', 'import-model', 'evaluate-model'] as const)
      await source.work(kind, 4, async (payload) => void seen.push(payload))
    await bench.pass(1000)
    const db = bench.boss.getDb()
    const ask = t.mock.method(db, 'executeSql')
    await bench.pass(5000)
    const asked = ask.mock.calls
      .map(({ arguments: [text] }) => text)
      .filter((text) => /pgboss\.job\b|job_common/.test(text))
    assert.equal(asked.length, 10)
    assert.ok(asked.every((text) => text === asked[0]))
    for (let i = 0; i < 4; i++) await bench.jobs.enqueue('export-model', { modelId: `mdl_${i}` }, { key: `mdl_${i}` })
    await bench.pass(500)
    await until(bench, () => seen.length === 4)
    ask.mock.restore()
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
    const source = bench.source()
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
    const source = bench.source()
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
    const source = bench.source()
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
    await bench.source().work('run-leg', 1, async () => {
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
    await bench.source().work('run-leg', 1, async (_payload, given) => {
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
    await bench.source().work('run-leg', 1, async (_payload, given) => {
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
    await bench.source().work('export-model', 2, async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => setImmediate(resolve))
      running--
      done++
    })
    for (let i = 0; i < 6; i++) await bench.jobs.enqueue('export-model', { modelId: `m${i}` }, { key: `m${i}` })
    await until(bench, () => done === 6)
    assert.ok(most <= 2)
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
