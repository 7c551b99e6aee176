/** One trace from a request to a checkpoint, through the API's socket, the database, a worker's process and its trainer. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '../../../src/base/free-port.ts'
import { readTraceparent } from '../../../src/base/tracing.ts'
import type { Run } from '../../../src/domain/run.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { createOtlpRecorder } from '../../../src/tracing/otlp.ts'
import { createTracing } from '../../../src/tracing/tracing.ts'
import { createTestApp } from '../../helpers/app.ts'
import { type FakeScript, stateAfter } from '../../helpers/fake-trainer.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'
import { type OtlpReceiver, pathOf, startOtlpReceiver } from '../../helpers/otlp-receiver.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TOLD = `00-${TRACE}-b7ad6b7169203331-01`

async function until(what: string, holds: () => Promise<boolean>, withinS = 90): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function startWorker(t: TestContext, bench: Workbench, more: Readonly<Record<string, string>>) {
  const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
  for (const [key, bytes] of bench.objects.content) await objects.put(key, bytes)
  const environment = {
    DATABASE_URL: bench.url,
    KAPPA_DATA: bench.root,
    KAPPA_SCRATCH: join(bench.root, 'work'),
    KAPPA_LOADERS: '1',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    ...more
  }
  // The exporter reads its own variables from its process.
  const env = { ...process.env, OTEL_EXPORTER_OTLP_TIMEOUT: '1000' }
  const helper = join(import.meta.dirname, '../../helpers/worker-process.ts')
  const worker = fork(helper, [JSON.stringify(environment)], { env })
  const exited = once(worker, 'exit')
  t.after(async () => {
    worker.kill('SIGKILL')
    await exited
  })
  await once(worker, 'message')
  return {
    async stop(): Promise<number> {
      const began = performance.now()
      worker.kill('SIGTERM')
      assert.deepEqual(await exited, [0, null])
      return performance.now() - began
    }
  }
}

const SCRIPT: FakeScript = { totalSteps: 6, checkpointEverySteps: 3 }

/** A run as a client makes it, over a socket; what it trains is scripted afterwards. */
async function postRun(t: TestContext, bench: Workbench, receiver: OtlpReceiver): Promise<Run> {
  const recorder = createOtlpRecorder({
    url: `${receiver.url}/v1/traces`,
    protocol: 'http/json',
    sampler: 'parentbased_always_on',
    samplerRatio: 1,
    trustsCallers: false,
    process: 'api'
  })
  const api = await createTestApp(t, { databaseUrl: bench.url, tracing: createTracing(recorder) })
  t.after(recorder.close)
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { datasetId } = await bench.addRun(SCRIPT, { status: 'cancelled' })
  const response = await fetch(`${address}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.adminKey}`, 'content-type': 'application/json', traceparent: TOLD },
    body: JSON.stringify({
      dataset: `${datasetId}@1`,
      method: 'dino-vmf',
      preset: 'demo',
      hyperparameters: { batch_size: 4 }
    })
  })
  assert.equal(response.status, 202, await response.clone().text())
  const { id } = (await response.json()) as { id: string }
  const run = (await bench.stores.runs.load(id))!
  await bench.stores.runs.update(id, { recipe: { ...run.recipe, preset: JSON.stringify(SCRIPT) } })
  await recorder.flush()
  return run
}

const hasEnded = (bench: Workbench, run: Run) => async () => (await bench.load(run)).status === 'succeeded'

test('one trace holds the request, the leg, its parts, its checkpoints and the export', { skip }, async (t) => {
  const bench = await createWorkbench(t)
  const receiver = await startOtlpReceiver(t)
  const run = await postRun(t, bench, receiver)
  const worker = await startWorker(t, bench, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  await until('the run ends', hasEnded(bench, run))
  await until('its model is made', async () => {
    const { modelId } = await bench.load(run)
    const model = modelId === null ? null : await bench.stores.models.load(modelId)
    return model !== null && model.status !== 'exporting'
  })
  await worker.stop()

  const ofTrace = receiver.spans.filter(({ traceId }) => traceId === TRACE)
  const leg = ofTrace.find(({ name }) => name === 'process run-leg')!
  assert.deepEqual([leg.service, leg.kind, leg.attributes['kappa.run_id']], ['kappa-worker', 5, run.id])
  assert.equal(leg.parentSpanId, readTraceparent(run.traceparent)?.spanId)
  const paths = ofTrace.map((span) => pathOf(ofTrace, span).join(' > '))
  const legPath = 'POST /v1/runs > process run-leg'
  for (const part of [
    'dataset fetch',
    'dataset fetch > objects get',
    'dataset fetch > objects getFile',
    'checkpoint fetch',
    'trainer start',
    'training',
    'checkpoint upload > objects putFile',
    'checkpoint upload > metrics report',
    'checkpoint upload > transaction',
    'metrics report',
    'transaction'
  ]) {
    assert.ok(paths.includes(`${legPath} > ${part}`), `${part}\n${paths.sort().join('\n')}`)
  }
  const uploads = ofTrace.filter(({ name }) => name === 'checkpoint upload')
  assert.deepEqual(uploads.map(({ attributes }) => attributes['kappa.step']).sort(), [3, 6])
  assert.ok(
    paths.some((path) => path.endsWith('process export-model > trainer export')),
    paths.join('\n')
  )
  for (const span of ofTrace) assert.ok(span.endMs >= span.startMs)
  const training = ofTrace.find(({ name }) => name === 'training')!
  assert.deepEqual([training.attributes['kappa.from_step'], training.attributes['kappa.step']], [0, 6])
  assert.ok(paths.filter((path) => path.endsWith('transaction')).length < 40, 'heartbeats and progress are not told')
})

test('a collector that is away or frozen changes nothing for a run, and does not hold up the end', {
  skip
}, async (t) => {
  const bench = await createWorkbench(t)
  const receiver = await startOtlpReceiver(t)
  receiver.become('frozen')
  const nobody = `http://127.0.0.1:${await freePort()}`
  for (const url of [receiver.url, nobody]) {
    const port = await freePort()
    const run = await bench.addRun(SCRIPT)
    const worker = await startWorker(t, bench, {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      KAPPA_WORKER_PORT: String(port)
    })
    await until('the run ends', hasEnded(bench, run))
    const [newest] = await bench.completeCheckpoints(run)
    assert.equal(newest?.stateHash, stateAfter(run.recipe.seed, 6))
    const lost = async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      return parseMetrics(text).get('kappa_trace_spans_dropped_total{why="not_taken"}') ?? 0
    }
    await until('what was not taken is counted', async () => (await lost()) > 0)
    assert.ok((await worker.stop()) < 15_000)
  }
})
