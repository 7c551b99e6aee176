/** Every gauge moves with what it is of, costs no more than it may, and is absent where nothing true can be told. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { cacheGauge, diskGauge, figureGauges, inferenceGauges, jobGauge } from '../../../src/composition/gauges.ts'
import type { Figures } from '../../../src/domain/figures.ts'
import { addGauge, type GaugeSource } from '../../../src/http/core/gauges.ts'
import { createAdmission } from '../../../src/processes/admission.ts'
import { createJobCounts } from '../../../src/tasks/job-counts.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'

function scraper(sources: readonly GaugeSource[]) {
  const registry = new Registry()
  for (const source of sources) addGauge(registry, source)
  return async () => Object.fromEntries(parseMetrics(await registry.metrics()))
}

const NONE = {
  queued: 0,
  starting: 0,
  running: 0,
  pausing: 0,
  paused: 0,
  cancelling: 0,
  cancelled: 0,
  succeeded: 0,
  failed: 0
}
const figures = (queued: number, oldestCheckpointS: number | null): Figures => ({
  queues: [{ kind: 'run-leg', waiting: queued, delayed: 1, active: 2, oldestS: queued > 0 ? 40 : null }],
  runs: { ...NONE, queued },
  oldestCheckpointS,
  deliveries: { pending: queued, oldestDueS: queued > 0 ? 7 : null, oldestS: queued > 0 ? 90 : null }
})

test('what the database knows is read every five seconds however often it is scraped', async () => {
  const clock = fakeClock()
  let reads = 0
  let now = figures(3, 120)
  const scrape = scraper(
    figureGauges(async () => {
      reads++
      return now
    }, clock)
  )
  const [first] = await Promise.all([scrape(), scrape(), scrape()])
  assert.equal(reads, 1)
  assert.equal(first['kappa_figures_available'], 1)
  assert.equal(first['kappa_queue_jobs{kind="run-leg",state="waiting"}'], 3)
  assert.equal(first['kappa_queue_jobs{kind="run-leg",state="active"}'], 2)
  assert.equal(first['kappa_queue_jobs{kind="run-leg",state="delayed"}'], 1)
  assert.equal(first['kappa_queue_oldest_seconds{kind="run-leg"}'], 40)
  assert.equal(first['kappa_runs{status="queued"}'], 3)
  assert.equal(first['kappa_runs{status="failed"}'], 0)
  assert.equal(first['kappa_runs_oldest_checkpoint_seconds'], 120)
  assert.equal(first['kappa_webhook_deliveries_pending'], 3)
  assert.equal(first['kappa_webhook_oldest_due_seconds'], 7)
  assert.equal(first['kappa_webhook_oldest_pending_seconds'], 90)
  now = figures(0, null)
  assert.equal((await scrape())['kappa_runs{status="queued"}'], 3)
  await clock.advance(5_000)
  const later = await scrape()
  assert.equal(reads, 2)
  assert.equal(later['kappa_runs{status="queued"}'], 0)
  assert.equal(later['kappa_webhook_oldest_pending_seconds'], 0)
  assert.equal(later['kappa_queue_oldest_seconds{kind="run-leg"}'], 0)
  assert.equal('kappa_runs_oldest_checkpoint_seconds' in later, false)
})

test('a database that is down, or says nothing, costs two seconds and the numbers, not the page', async () => {
  const clock = fakeClock()
  let read: () => Promise<Figures> = async () => figures(1, null)
  const scrape = scraper(figureGauges(() => read(), clock))
  assert.equal((await scrape())['kappa_figures_available'], 1)
  await clock.advance(5_000)
  read = () => Promise.reject(new Error('it is away'))
  assert.deepEqual(await scrape(), { kappa_figures_available: 0 })
  await clock.advance(5_000)
  const answer = Promise.withResolvers<Figures>()
  read = () => answer.promise
  const waiting = scrape()
  await clock.advance(2_000)
  assert.deepEqual(await waiting, { kappa_figures_available: 0 })
  answer.resolve(figures(7, null))
  assert.equal((await scrape())['kappa_runs{status="queued"}'], 7)
})

test('the room on the disk of a folder is told, of one that is not there nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-gauges-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const free = await scraper([diskGauge({ data: folder, cache: join(folder, 'absent') })])()
  assert.ok((free['kappa_disk_free_bytes{folder="data"}'] ?? 0) > 0)
  assert.equal('kappa_disk_free_bytes{folder="cache"}' in free, false)
})

test('the cache is measured every half minute', async () => {
  const clock = fakeClock()
  let bytes = 10
  const scrape = scraper([cacheGauge({ keptBytes: async () => bytes }, clock)])
  assert.deepEqual(await scrape(), { kappa_cache_bytes: 10 })
  bytes = 20
  assert.deepEqual(await scrape(), { kappa_cache_bytes: 10 })
  await clock.advance(30_000)
  assert.deepEqual(await scrape(), { kappa_cache_bytes: 20 })
})

test('images count from when they are taken until they are answered, pixels from when they are known', async () => {
  const limits = { maxQueueSize: 10, maxQueuePixels: 1000, maxRequestPixels: 1000 }
  const admission = createAdmission(limits as Parameters<typeof createAdmission>[0]) // what it reads
  const scrape = scraper(inferenceGauges(() => ({ ...admission.load(), processesUp: 2, computesOn: [], fellBack: 0 })))
  const request = admission.open({ key: 'key', spend: async () => {} }, 3)
  const at = async () => {
    const all = await scrape()
    return [
      all['kappa_inference_queue_images'],
      all['kappa_inference_queue_pixels'],
      all['kappa_inference_processes_up']
    ]
  }
  assert.deepEqual(await at(), [3, 0, 2])
  await request.admit(0, [10, 20, 30])
  assert.deepEqual(await at(), [3, 60, 2])
  request.release()
  assert.deepEqual(await at(), [0, 0, 2])
})

test('a job counts as long as it is worked on', async () => {
  const counts = createJobCounts(new AbortController().signal)
  const gate = Promise.withResolvers<void>()
  const nothing = async () => {}
  const tasks = counts.watch({
    'run-leg': () => gate.promise,
    'ingest-dataset': nothing,
    'ingest-small-dataset': nothing,
    'export-model': nothing,
    'import-model': nothing,
    'evaluate-model': nothing,
    'embed-dataset': nothing,
    'run-batch': nothing
  })
  const scrape = scraper([jobGauge(counts.inFlight)])
  const { signal } = new AbortController()
  const working = [tasks['run-leg']({ runId: 'run_1' }, signal), tasks['run-leg']({ runId: 'run_2' }, signal)]
  assert.equal((await scrape())['kappa_jobs_in_flight{kind="run-leg"}'], 2)
  assert.equal((await scrape())['kappa_jobs_in_flight{kind="export-model"}'], 0)
  gate.resolve()
  await Promise.all(working)
  assert.equal((await scrape())['kappa_jobs_in_flight{kind="run-leg"}'], 0)
})

test('what computes is counted by engine and device, and so are programs that a device could not have', async () => {
  const [gpu, cpu] = [
    { engine: 'xla', device: 'NVIDIA H100' },
    { engine: 'onnx', device: 'cpu, 2 threads in 2 sessions' }
  ]
  const load = { images: 0, pixels: 0, processesUp: 3, computesOn: [gpu, cpu, gpu], fellBack: 4 }
  const all = await scraper(inferenceGauges(() => load))()
  assert.equal(all['kappa_inference_fallbacks'], 4)
  const [devices] = inferenceGauges(() => load).filter(({ name }) => name === 'kappa_inference_device_processes')
  assert.deepEqual(await devices!.read(), [
    { labels: gpu, value: 2 },
    { labels: cpu, value: 1 }
  ])
})
