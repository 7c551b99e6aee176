/** One worker with one place for everything, a trainer that never ends, and more runs behind it: the rest goes on. Real processes and queue. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createDatasetService } from '../../../src/services/datasets/datasets.ts'
import { queueEvaluation } from '../../../src/services/evaluations/new-evaluation.ts'
import { createModelService } from '../../../src/services/models/models.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { fakeInference } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()

async function setUp(t: TestContext) {
  const bench = await createWorkbench({ after: (hook) => t.after(hook) })
  const boss = await startBoss({ url: bench.url, max: 2, name: 'test', supervise: false, logger: silentLogger })
  const database = createDatabase({ url: bench.url, max: 2, statementTimeoutMs: 10_000, logger: silentLogger })
  const queue = createJobQueue(boss)
  const stores = createStores(database, queue)
  const unitOfWork = createUnitOfWork(database, queue)
  const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
  const deps = { unitOfWork, stores, objects, clock: systemClock, newId, logger: silentLogger }
  t.after(async () => {
    await boss.stop({ graceful: false })
    await database.close()
  })
  async function anUpload(datasetId: string | null, filename: string, text: string): Promise<string> {
    const id = newId('upload')
    const objectKey = `uploads/${datasetId ?? 'weights'}/${id}/${filename}`
    await objects.put(objectKey, Buffer.from(text))
    const now = new Date()
    await stores.datasets.insertUpload({
      ...{ id, projectId: bench.project.id, datasetId, filename, bytes: 1000, status: 'completed', objectKey },
      ...{ multipartId: 'm', partBytes: 1000, createdAt: now, expiresAt: now }
    })
    return id
  }
  return {
    bench,
    stores,
    unitOfWork,
    objects,
    anUpload,
    models: createModelService({ ...deps, limits: { uploadBytes: 1e6 } }),
    datasets: createDatasetService({
      ...deps,
      inference: fakeInference,
      showImages: true,
      limits: { uploadBytes: 1e6 }
    })
  }
}

async function startWorker(t: TestContext, { url, root }: Workbench): Promise<void> {
  const one = { KAPPA_WORKER_RUNS: '1', KAPPA_WORKER_INGESTS: '1', KAPPA_WORKER_EXPORTS: '1' }
  const environment = { DATABASE_URL: url, KAPPA_DATA: root, KAPPA_SCRATCH: join(root, 'work'), ...one }
  const entry = join(import.meta.dirname, '../../helpers/worker-process.ts')
  const worker: ChildProcess = fork(entry, [JSON.stringify(environment)])
  t.after(async () => {
    const exited = once(worker, 'exit')
    worker.kill('SIGKILL')
    await exited
  })
  await once(worker, 'message')
}

/** Real processes have no clock to move: asks again until it holds. */
async function until(what: string, holds: () => Promise<boolean>, withinS = 120): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('exports, imports, ingests and evaluations do not wait behind training, on the only worker there is', {
  skip
}, async (t) => {
  const { bench, stores, unitOfWork, objects, anUpload, models, datasets } = await setUp(t)
  const { id: projectId } = bench.project
  const gate = { step: 4, file: join(bench.root, 'never') }
  const runs = [await bench.addRun({ gate }), await bench.addRun({}), await bench.addRun({})]
  const script = 'good'
  const file = { name: 'script', bytes: script.length, sha256: createHash('sha256').update(script).digest('hex') }
  const measured = await aReadyModel(stores, projectId, { files: [file] })
  bench.objects.content.set(`${measured.prefix}/script`, Buffer.from(script))
  for (const [key, bytes] of bench.objects.content) await objects.put(key, bytes)
  for (const { id } of runs) {
    const options = { key: id, project: projectId, priority: 100 }
    await unitOfWork((tx) => tx.jobs.enqueue('run-leg', { runId: id }, options))
  }
  await startWorker(t, bench)
  await until('a run trains', async () => (await bench.completeCheckpoints(runs[0]!)).length > 0)

  const [checkpoint] = await bench.completeCheckpoints(runs[0]!)
  const exported = await models.create(projectId, { checkpoint: checkpoint!.id, name: null, metadata: {} })
  const weights = await anUpload(null, 'weights.pth', 'good')
  const source = { type: 'upload', uploads: [weights] } as const
  const imported = await models.createFromWeights(projectId, { name: null, metadata: {}, source, options: {} })
  const { id: datasetId } = await datasets.create(projectId, { name: 'images', metadata: {} })
  const uploads = [await anUpload(datasetId, 'a.zip', 'pack')]
  const { version } = await datasets.createVersion(projectId, datasetId, { type: 'upload', uploads })
  const evaluation = newId('evaluation')
  const bank = { datasetId: runs[0]!.datasetId, version: 1 }
  const queries = { datasetId: runs[1]!.datasetId, version: 1 }
  await unitOfWork((tx) =>
    queueEvaluation(tx, {
      ...{ id: evaluation, projectId, name: null, modelId: measured.id, checkpointId: null, step: 10, runId: null },
      ...{ metadata: {}, createdAt: new Date(), plan: { bank, queries, protocols: null, settings: { seed: 0 } } }
    })
  )

  const statuses = async () => [
    (await stores.models.load(exported.id))?.status,
    (await stores.models.load(imported.id))?.status,
    (await stores.datasets.loadVersion(datasetId, version))?.status,
    (await stores.evaluations.load(evaluation))?.status
  ]
  const done = ['ready', 'ready', 'ready', 'succeeded']
  await until('all of it is done', async () => String(await statuses()) === String(done))
  const left = await Promise.all(runs.map(async (run) => (await bench.load(run)).status))
  assert.deepEqual(left, ['running', 'queued', 'queued'])
})
