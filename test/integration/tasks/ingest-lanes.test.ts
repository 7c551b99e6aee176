/** Ingests of several projects through a real queue and a real worker process; only what reads the source is scripted. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { DatasetVersion } from '../../../src/domain/dataset.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createDatasetService } from '../../../src/services/datasets/datasets.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { fakeInference } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench } from './workbench.ts'

const skip = await whyNoPostgres()
const SMALL = 1000
/** As announced; nobody counts. */
const LARGE = 10_000_000_000

async function setUp(t: TestContext) {
  const cleanUps: (() => Promise<void>)[] = []
  const bench = await createWorkbench({ after: (cleanUp) => void cleanUps.push(cleanUp) })
  const boss = await startBoss({ url: bench.url, max: 2, name: 'test', supervise: false, logger: silentLogger })
  const database = createDatabase({ url: bench.url, max: 2, statementTimeoutMs: 10_000, logger: silentLogger })
  const queue = createJobQueue(boss)
  const stores = createStores(database, queue)
  const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
  const datasets = createDatasetService({
    inference: fakeInference,
    showImages: true,
    unitOfWork: createUnitOfWork(database, queue),
    stores,
    objects,
    clock: systemClock,
    newId,
    logger: silentLogger,
    limits: { uploadBytes: LARGE }
  })
  const workers: ChildProcess[] = []
  t.after(async () => {
    for (const worker of workers) await end(worker, 'SIGKILL')
    await boss.stop({ graceful: false })
    await database.close()
    for (const cleanUp of cleanUps) await cleanUp()
  })
  return {
    bench,
    datasets,
    objects,
    pool: database.pool,
    async startWorker(): Promise<ChildProcess> {
      const environment = { DATABASE_URL: bench.url, KAPPA_DATA: bench.root, KAPPA_SCRATCH: join(bench.root, 'work') }
      const worker = fork(join(import.meta.dirname, '../../helpers/worker-process.ts'), [JSON.stringify(environment)])
      workers.push(worker)
      await once(worker, 'message')
      return worker
    },
    projectOf: async (name: string) => (await stores.keys.ensureProject(name)).id,
    /** @param script what the ingester is told to do */
    async aVersion(projectId: string, bytes: number, script: string): Promise<DatasetVersion> {
      const { id: datasetId } = await datasets.create(projectId, { name: 'd', metadata: {} })
      const id = newId('upload')
      const objectKey = `uploads/${datasetId}/${id}/a.zip`
      await objects.put(objectKey, Buffer.from(script))
      const now = new Date()
      await stores.datasets.insertUpload({
        ...{ id, projectId, datasetId, filename: 'a.zip', bytes, status: 'completed', objectKey },
        ...{ multipartId: 'm', partBytes: bytes, createdAt: now, expiresAt: now }
      })
      return datasets.createVersion(projectId, datasetId, { type: 'upload', uploads: [id] })
    },
    statusOf: async ({ datasetId, version }: DatasetVersion) =>
      (await stores.datasets.loadVersion(datasetId, version))?.status
  }
}

async function end(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const exited = once(worker, 'exit')
  worker.kill(signal)
  await exited
}

/** Real processes have no clock to move: asks again until it holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>, withinS = 120): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const workOf = (root: string) => (existsSync(join(root, 'work')) ? readdirSync(join(root, 'work')) : [])

test('large ingests of one project keep waiting neither another project nor its own small ones', {
  skip
}, async (t) => {
  const { bench, projectOf, aVersion, statusOf, startWorker } = await setUp(t)
  const [busy, other] = [await projectOf('busy'), await projectOf('other')]
  const marker = join(bench.root, 'go-on')
  const large = [
    await aVersion(busy, LARGE, `wait ${marker}`),
    await aVersion(busy, LARGE, `wait ${marker}`),
    await aVersion(busy, LARGE, `wait ${marker}`)
  ]
  await startWorker()
  // Any one: the worker's two places ask at the same time, and whose answer comes first is the network's choice.
  const underWay = async () => (await Promise.all(large.map(statusOf))).toSorted()
  await until('one of them is under way', async () => (await underWay())[0] === 'ingesting')
  const others = [
    await aVersion(other, LARGE, 'pack'),
    await aVersion(other, SMALL, 'pack'),
    await aVersion(busy, SMALL, 'pack')
  ]
  for (const version of others) await until('it is ready', async () => (await statusOf(version)) === 'ready')
  assert.deepEqual(await underWay(), ['ingesting', 'queued', 'queued'])
  writeFileSync(marker, '')
  for (const version of large) await until('it is ready', async () => (await statusOf(version)) === 'ready')
})

test('a running ingest that is cancelled, or whose dataset is deleted, stops in the process that runs it', {
  skip
}, async (t) => {
  const { bench, projectOf, aVersion, statusOf, startWorker, datasets, objects, pool } = await setUp(t)
  const projectId = await projectOf('default')
  const worker = await startWorker()
  const stopBy: Record<string, (version: DatasetVersion) => Promise<unknown>> = {
    cancelled: ({ datasetId, version }) => datasets.cancelVersion(projectId, datasetId, version),
    deleted: ({ datasetId }) => datasets.remove(projectId, datasetId)
  }
  for (const [how, stop] of Object.entries(stopBy)) {
    const marker = join(bench.root, `hanging-${how}`)
    const version = await aVersion(projectId, LARGE, `hang ${marker}`)
    await until('its child is there', () => existsSync(marker) && readFileSync(marker, 'utf8') !== '')
    const pid = Number(readFileSync(marker, 'utf8'))
    assert.equal(isAlive(pid), true)
    await stop(version)
    await until('its child is gone', () => !isAlive(pid))
    const key = `${version.datasetId}@${version.version}`
    const { rows } = await untilSettled(pool, key)
    assert.deepEqual(rows, [{ state: 'completed' }])
    assert.deepEqual(workOf(bench.root), [], 'no temporary folder is left')
    for await (const { key: left } of objects.list(`${version.prefix}/`)) assert.fail(`${left} is left`)
    assert.equal(await statusOf(version), how === 'cancelled' ? 'cancelled' : undefined)
  }
  assert.equal(worker.exitCode, null, 'the worker goes on')
})

type Pool = Awaited<ReturnType<typeof setUp>>['pool']

async function untilSettled(pool: Pool, key: string) {
  const read = () => pool.query('select state from pgboss.job where singleton_key = $1', [key])
  await until('its job is settled', async () => (await read()).rows.every(({ state }) => state === 'completed'))
  return read()
}

test('a version whose worker was killed and that was cancelled since stays cancelled, and what was left is removed', {
  skip
}, async (t) => {
  const { bench, projectOf, aVersion, statusOf, startWorker, datasets, objects, pool } = await setUp(t)
  const projectId = await projectOf('default')
  const first = await startWorker()
  const marker = join(bench.root, 'hanging')
  const version = await aVersion(projectId, LARGE, `hang ${marker}`)
  await until('its child is there', () => existsSync(marker))
  await objects.put(`${version.prefix}/shard-00000.bin`, Buffer.from('half'))
  await end(first, 'SIGKILL')
  await datasets.cancelVersion(projectId, version.datasetId, version.version)
  assert.equal(await statusOf(version), 'cancelled')
  // Half a minute of silence, at once: the next worker takes the job over.
  await pool.query("update pgboss.job set heartbeat_on = heartbeat_on - interval '1 hour' where state = 'active'")
  await startWorker()
  await untilSettled(pool, `${version.datasetId}@${version.version}`)
  assert.equal(await statusOf(version), 'cancelled')
  assert.equal(await objects.head(`${version.prefix}/shard-00000.bin`), null)
  assert.deepEqual(workOf(bench.root), [])
})
