/** What happens far below is counted where it is scraped. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { processRegistry } from '../../../src/http/core/process-metrics.ts'
import { createWorkerListener } from '../../../src/http/worker-listener.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createJobCounts } from '../../../src/tasks/job-counts.ts'
import { createStepBuffer } from '../../../src/tasks/step-buffer.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'

const registry = processRegistry()

/** By how much a series grows while `work` is done. */
async function growth(series: string, work: () => Promise<unknown>): Promise<number> {
  const read = async () => parseMetrics(await registry.metrics()).get(series) ?? 0
  const before = await read()
  await work()
  return (await read()) - before
}

test('a database that refuses connections is counted once a call', async () => {
  const database = createDatabase({ url: 'postgres://a@127.0.0.1:1/a', max: 1, statementTimeoutMs: 1000 })
  const series = 'kappa_dependency_errors_total{dependency="database",code="database_unavailable"}'
  assert.equal(await growth(series, () => assert.rejects(database.check())), 1)
  await database.close()
})

test('a store that fails is counted, and an object that is not there is not', async (t) => {
  let status = 503
  const server = createServer((_, response) => response.writeHead(status).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo // it listens on a port
  const store = createS3Store({
    bucket: 'bucket',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    patience: { answerMs: 5000, silenceMs: 5000, maxAttempts: 1 }
  })
  t.after(() => store.close())
  const series = 'kappa_dependency_errors_total{dependency="objects",code="storage_unavailable"}'
  assert.equal(await growth(series, () => assert.rejects(store.head('key'))), 1)
  status = 404
  assert.equal(await growth(series, async () => assert.equal(await store.head('key'), null)), 0)
})

test('a job that throws is counted by its code, one that a draining worker hands back is not', async () => {
  const draining = new AbortController()
  const failing = async () => {
    throw new AppError('storage_full')
  }
  const counts = createJobCounts(draining.signal)
  const tasks = counts.watch({
    'run-leg': failing,
    'ingest-dataset': failing,
    'ingest-small-dataset': failing,
    'export-model': failing,
    'import-model': failing,
    'evaluate-model': failing,
    'embed-dataset': failing,
    'run-batch': failing
  })
  const series = 'kappa_jobs_failed_total{kind="export-model",code="storage_full"}'
  const work = () => assert.rejects(tasks['export-model']({ modelId: 'mdl_1' }, new AbortController().signal))
  assert.equal(await growth(series, work), 1)
  draining.abort()
  assert.equal(await growth(series, work), 0)
})

test('points that had to be given up are counted', async () => {
  const buffer = createStepBuffer()
  const fill = async () => {
    for (let step = 1; step <= 10_001; step++) buffer.add({ step, metrics: { a: 1, b: 2 } })
  }
  assert.equal(await growth('kappa_metric_points_dropped_total', fill), 2 * 5_001)
  assert.equal(buffer.take().dropped, 2 * 5_001)
})

test('a worker says that it lives, whether it takes jobs, and what it counts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-listener-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  let isAway = false
  const listener = createWorkerListener({
    host: '127.0.0.1',
    port: 0,
    checks: {
      database: async () => {
        if (isAway) throw new AppError('database_read_only')
      }
    },
    gauges: [{ name: 'kappa_test', help: 'A test.', read: () => [{ value: 3 }] }],
    logger: silentLogger
  })
  const url = await listener.listen()
  t.after(() => listener.close())
  assert.deepEqual(await (await fetch(`${url}/livez`)).json(), { status: 'ok' })
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
  isAway = true
  const away = await fetch(`${url}/readyz`)
  assert.deepEqual(
    [away.status, await away.json()],
    [503, { status: 503, code: 'database_read_only', detail: 'The database takes no changes at present.' }]
  )
  assert.equal((await fetch(`${url}/livez`)).status, 200, 'a worker is not restarted for its database')
  const metrics = await fetch(`${url}/metrics`)
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const values = parseMetrics(await metrics.text())
  assert.equal(values.get('kappa_test'), 3)
  assert.ok(values.has('process_cpu_seconds_total'))
  assert.equal((await fetch(`${url}/livez`, { method: 'POST' })).status, 405)
  assert.equal((await fetch(`${url}/v1/runs`)).status, 404)
})
