/** What a worker does to curves beside its jobs: which runs it takes, and when. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Run } from '../../../src/domain/run.ts'
import { createMetricUpkeep } from '../../../src/services/runs/metric-upkeep.ts'
import { type FakeClock, fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()
const clock: FakeClock = fakeClock()
const bench = skip
  ? (undefined as unknown as Awaited<ReturnType<typeof createWorkbench>>)
  : await createWorkbench({ after }, clock)
const DAY_MS = 24 * 3600_000
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
