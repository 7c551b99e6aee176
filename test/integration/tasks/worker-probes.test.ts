/** What a worker's own address says while it works, while its database is away, and while it leaves. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { freePort } from '../../../src/base/free-port.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { setReadOnly } from '../../helpers/read-only.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()

async function until(what: string, holds: () => Promise<boolean>, withinS = 60): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a worker tells its probes the truth', { skip }, async (t) => {
  const bench = await createWorkbench(t)
  const port = await freePort()
  const environment = {
    DATABASE_URL: bench.url,
    KAPPA_DATA: bench.root,
    KAPPA_SCRATCH: join(bench.root, 'work'),
    KAPPA_LOADERS: '1',
    KAPPA_WORKER_PORT: String(port)
  }
  const worker = fork(join(import.meta.dirname, '../../helpers/worker-process.ts'), [JSON.stringify(environment)])
  t.after(async () => {
    const exited = worker.exitCode === null && worker.signalCode === null ? once(worker, 'exit') : null
    worker.kill('SIGKILL')
    await exited
  })
  await once(worker, 'message')
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  const readiness = async () => {
    const answer = await ask('/readyz')
    const body = (await answer.json()) as { code?: string }
    return body.code ?? answer.status
  }
  const metrics = async () => parseMetrics(await (await ask('/metrics')).text())

  assert.equal(await readiness(), 200)
  await bench.addRun({ totalSteps: 100_000, stepMs: 5, checkpointEverySteps: 10 })
  const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
  for (const [key, bytes] of bench.objects.content) await objects.put(key, bytes)
  await until('the run is worked on', async () => (await metrics()).get('kappa_jobs_in_flight{kind="run-leg"}') === 1)
  const found = await metrics()
  assert.ok((found.get('kappa_disk_free_bytes{folder="scratch"}') ?? 0) > 0)
  assert.ok(found.has('kappa_cache_bytes'))

  const errors = 'kappa_dependency_errors_total{dependency="database",code="database_read_only"}'
  await setReadOnly(bench.url, true)
  await until('it is not ready', async () => (await readiness()) === 'database_read_only')
  assert.equal((await ask('/livez')).status, 200)
  await until('refused writes are counted', async () => ((await metrics()).get(errors) ?? 0) > 0)
  await setReadOnly(bench.url, false)
  await until('it is ready again', async () => (await readiness()) === 200)
  assert.equal((await metrics()).get('kappa_jobs_in_flight{kind="run-leg"}'), 1)

  const exited = once(worker, 'exit')
  worker.kill('SIGTERM')
  await until('it says that it leaves', async () => (await readiness()) === 'worker_not_working')
  await exited
})

test('a worker that is started before its migration waits for it, and says so', { skip }, async (t) => {
  const bench = await createWorkbench(t)
  const port = await freePort()
  const environment = { DATABASE_URL: bench.url, KAPPA_DATA: bench.root, KAPPA_WORKER_PORT: String(port) }
  const client = new Client({ connectionString: bench.url })
  await client.connect()
  const newest = 'select hash, created_at from drizzle.__drizzle_migrations order by created_at desc limit 1'
  const { rows } = await client.query<{ hash: string; created_at: string }>(newest)
  const { hash, created_at: at } = rows[0]!
  await client.query('delete from drizzle.__drizzle_migrations where created_at = $1', [at])
  const worker = fork(join(import.meta.dirname, '../../helpers/worker-process.ts'), [JSON.stringify(environment)])
  t.after(async () => {
    worker.kill('SIGKILL')
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
  })
  let isWorking = false
  worker.once('message', () => {
    isWorking = true
  })
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
    if (answer === null) return null
    return answer.status === 200 ? 200 : ((await answer.json()) as { code: string }).code
  }
  await until('it says what it waits for', async () => (await readiness()) === 'schema_outdated')
  assert.equal(isWorking, false)
  await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [hash, at])
  await client.end()
  await until('it works', async () => isWorking && (await readiness()) === 200)
})
