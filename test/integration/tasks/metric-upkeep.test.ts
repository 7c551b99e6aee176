/** What a worker does beside its jobs, and when; and what that does to curves. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Run } from '../../../src/domain/run.ts'
import { createRemovalService } from '../../../src/services/removals/removals.ts'
import { createMetricUpkeep } from '../../../src/services/runs/metric-upkeep.ts'
import { keepHouse } from '../../../src/tasks/housekeeping.ts'
import { type FakeClock, fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()
const clock: FakeClock = fakeClock()
const bench = skip
  ? (undefined as unknown as Awaited<ReturnType<typeof createWorkbench>>)
  : await createWorkbench({ after }, clock)
const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
const running = () => new AbortController().signal
const upkeep = (keptDays: number | null) =>
  createMetricUpkeep({ unitOfWork: bench.unitOfWork, stores: bench.stores, clock, keptDays })

async function aRun(steps: number, patch: Partial<Run>): Promise<string> {
  const run = await bench.addRun({})
  const points = Array.from({ length: steps }, (_, i) => ({ key: 'loss', step: i + 1, value: Math.sin(i) }))
  await bench.stores.metrics.write(run.id, points)
  await bench.stores.runs.update(run.id, { progress: { ...run.progress, step: steps }, ...patch })
  return run.id
}

const countOf = async (table: 'run_metrics' | 'run_metric_rollups', id: string): Promise<number> => {
  const { rows } = await bench.pool.query(`select count(*)::int as rows from ${table} where run_id = $1`, [id])
  return rows[0].rows
}

test('runs are rolled up while they grow, those that have ended within the hour, short ones never', {
  skip
}, async () => {
  const [long, short] = [await aRun(3000, { status: 'running' }), await aRun(1000, { status: 'running' })]
  const sweeper = upkeep(null)
  await sweeper.sweep(running())
  // Whole buckets below 2,992: 187 of 16 steps, 46 of 64, 11 of 256, 2 of 1,024.
  assert.equal(await countOf('run_metric_rollups', long), 246)
  assert.equal(await countOf('run_metric_rollups', short), 0)
  const ended = await aRun(3000, { status: 'failed', finishedAt: new Date(clock.now()) })
  await sweeper.sweep(running())
  assert.equal(await countOf('run_metric_rollups', ended), 0)
  await clock.advance(3600_000)
  await sweeper.sweep(running())
  assert.equal(await countOf('run_metric_rollups', ended), 246)
})

test('curves are thinned the days after the end of their run that were said, once, and never where none were', {
  skip
}, async () => {
  const [ended, going] = [
    await aRun(6400, { status: 'succeeded', finishedAt: new Date(clock.now()) }),
    await aRun(6400, { status: 'paused' })
  ]
  await clock.advance(2.9 * DAY_MS)
  await upkeep(3).sweep(running())
  assert.equal(await countOf('run_metrics', ended), 6400)
  await clock.advance(0.2 * DAY_MS)
  await upkeep(null).sweep(running())
  assert.equal(await countOf('run_metrics', ended), 6400)
  const query = { keys: null, fromStep: null, toStep: null, maxPoints: 100 }
  const before = await bench.stores.metrics.read(ended, query)

  await upkeep(3).sweep(running())
  // A sine has a lowest and a highest in each 64 steps: in 101 buckets, of which the last has one step.
  assert.equal(await countOf('run_metrics', ended), 201)
  assert.equal(await bench.stores.metrics.fullFrom(ended), 6464)
  assert.deepEqual(await bench.stores.metrics.read(ended, query), before, 'a chart looks as before')
  const [last] = await bench.stores.metrics.latest([ended], ['loss'])
  assert.deepEqual([last?.step, last?.value], [6400, Math.sin(6399)])
  assert.deepEqual(await bench.stores.metrics.listUnthinned(new Date(clock.now())), [], 'none is looked at again')
  assert.equal(await countOf('run_metrics', going), 6400)
  assert.equal(await bench.stores.metrics.fullFrom(going), 0)
})

test('a run that goes on after it was thinned says from where on every point is kept', { skip }, async () => {
  const id = await aRun(6400, { status: 'failed', finishedAt: new Date(clock.now()) })
  await clock.advance(4 * DAY_MS)
  await upkeep(3).sweep(running())
  await bench.stores.metrics.removeAfter(id, 5000)
  assert.equal(await bench.stores.metrics.fullFrom(id), 5001)
})

test('the curves of a run that is deleted go piece by piece, before its objects, and others stay', {
  skip
}, async () => {
  const [run, other] = [await bench.addRun({}), await bench.addRun({})]
  const points = Array.from({ length: 600 }, (_, i) => ({ key: i % 2 ? 'loss' : 'kl', step: i * 100, value: i }))
  for (const { id } of [run, other]) {
    await bench.stores.metrics.write(id, points)
    await bench.stores.runs.update(id, { progress: { ...run.progress, step: 60_000 } })
    while (await bench.unitOfWork((tx) => tx.metrics.rollUp(id))) {}
  }
  const objectsOf = ({ id }: Run) => [...bench.objects.content.keys()].filter((key) => key.startsWith(`runs/${id}/`))
  const rowsOf = async ({ id }: { id: string }) => {
    const count = `select (select count(*) from run_metrics where run_id = $1) as points,
                          (select count(*) from run_metric_rollups where run_id = $1) as rollups`
    const { rows } = await bench.pool.query(count, [id])
    return [Number(rows[0].points), Number(rows[0].rollups)]
  }
  assert.deepEqual(await rowsOf(run), await rowsOf(other))
  bench.objects.content.set(`runs/${run.id}/e1/s1/state.safetensors`, Buffer.from('content'))
  await bench.stores.runs.remove(run.id)
  await bench.stores.removals.add(
    [{ projectId: bench.project.id, what: 'run', subject: run.id, prefix: `runs/${run.id}/`, multipartId: null }],
    new Date(clock.now())
  )
  const query = { keys: null, fromStep: null, toStep: null, maxPoints: 10 }
  assert.deepEqual(await bench.stores.metrics.read(run.id, query), [], 'nobody sees them any more')

  // Killed after two pieces: what is left is found again.
  const ending = new AbortController()
  const { removeSome } = bench.stores.metrics
  let pieces = 0
  const stores = {
    ...bench.stores,
    metrics: {
      ...bench.stores.metrics,
      removeSome: async (...at: Parameters<typeof removeSome>) => {
        if (++pieces === 2) ending.abort()
        return removeSome(...at)
      }
    }
  }
  const { unitOfWork, objects } = bench
  await createRemovalService({ unitOfWork, stores, objects, clock, logger: silentLogger }).sweep(ending.signal)
  const [left] = await rowsOf(run)
  assert.ok(left! > 0 && left! < 600, `${left} points are left`)
  assert.equal(objectsOf(run).length, 1)
  await clock.advance(HOUR_MS)
  await bench.sweep()
  assert.deepEqual(await rowsOf(run), [0, 0])
  assert.deepEqual(objectsOf(run), [])
  const [kept, rollups] = await rowsOf(other)
  assert.ok(kept === 600 && rollups! > 0)
})

test('a worker keeps house while it runs: it sweeps every ten seconds, looks for what nobody owns once a day', {
  skip
}, async () => {
  let sweeps = 0
  let looks = 0
  const ending = new AbortController()
  const removals = {
    sweep: async () => {
      if (++sweeps === 2) throw new AppError('database_unavailable')
    }
  }
  let rolled = 0
  const metrics = {
    sweep: async () => {
      if (++rolled === 3) throw new AppError('database_unavailable')
    }
  }
  const collect = async () => {
    if (++looks === 1) throw new AppError('storage_unavailable')
    return { prefixes: 0, objects: 0, bytes: 0, uploads: 0, strangers: 0 }
  }
  const kept = keepHouse({ removals, metrics, collect, told: 'found', clock, logger: silentLogger }, ending.signal)
  for (let s = 0; s < 60; s += 10) await clock.advance(10_000)
  assert.deepEqual([sweeps, rolled], [7, 7])
  assert.equal(looks, 0)
  await clock.advance(HOUR_MS)
  assert.equal(looks, 1)
  await clock.advance(24 * HOUR_MS)
  assert.equal(looks, 2)
  ending.abort()
  await kept
})
