/** A worker in a process of its own, with the scripted trainer: for tests that kill it. Settings come as JSON. */
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { newId } from '../../src/base/ids.ts'
import { silentLogger } from '../../src/base/log.ts'
import { createLocalCache } from '../../src/cache/local-cache.ts'
import { createWorkFolders } from '../../src/cache/work-folders.ts'
import { startTrainer } from '../../src/processes/trainer-process.ts'
import { startBoss } from '../../src/queue/boss.ts'
import { createJobQueue } from '../../src/queue/job-queue.ts'
import { createJobSource } from '../../src/queue/job-source.ts'
import { createLegRecords } from '../../src/services/runs/leg-records.ts'
import { createLegService } from '../../src/services/runs/legs.ts'
import { createFolderStore } from '../../src/storage/objects/folder-store.ts'
import { createDatabase } from '../../src/storage/postgres/client.ts'
import { createStores, createUnitOfWork } from '../../src/storage/postgres/unit-of-work.ts'
import { createTrainRun } from '../../src/tasks/train-run.ts'
import { createWorker } from '../../src/tasks/worker.ts'

export interface WorkerSettings {
  readonly url: string
  readonly root: string
  readonly leaseMs: number
}

async function main({ url, root, leaseMs }: WorkerSettings): Promise<void> {
  const logger = silentLogger
  const clock = systemClock
  const database = createDatabase({ url, max: 4, statementTimeoutMs: 10_000 })
  const boss = await startBoss({ url, max: 2, name: 'worker', supervise: true, logger })
  const queue = createJobQueue(boss)
  const stores = createStores(database, queue)
  const unitOfWork = createUnitOfWork(database, queue)
  const objects = createFolderStore({ root: join(root, 'objects'), signingKey: 'key', baseUrl: 'http://localhost' })
  const legDeps = { unitOfWork, stores, clock, newId, leaseMs }
  const legs = createLegService(legDeps)
  const draining = new AbortController()
  const folders = createWorkFolders(join(root, 'work'))
  const cache = createLocalCache({ root: join(root, 'cache'), maxBytes: 1e9, objects, clock, logger })
  const entry = join(import.meta.dirname, 'fake-trainer.ts')
  const notHere = () => Promise.reject(new Error('this worker only trains'))
  const worker = createWorker({
    jobs: createJobSource(boss),
    legs,
    tasks: {
      'run-leg': createTrainRun({
        legs,
        records: createLegRecords(legDeps),
        objects,
        cache,
        folders,
        clock,
        logger,
        newId,
        startTrainer: (request) => startTrainer(request, { entry, clock, logger }),
        worker: `worker-${process.pid}`,
        leaseMs,
        legMaxS: 3600,
        stopGraceMs: 5000,
        loaders: 1,
        threads: 0,
        draining: draining.signal
      }),
      'ingest-dataset': notHere,
      'export-model': notHere,
      'import-model': notHere
    },
    runs: 1,
    draining,
    cleanUp: async () => {
      await folders.removeStale()
      await cache.removeStale()
    },
    clock,
    logger
  })
  await worker.start()
  process.send?.('working')
  process.once('SIGTERM', async () => {
    await worker.stop(10_000)
    await database.close()
    process.exit(0)
  })
}

const [settings] = process.argv.slice(2)
if (process.send && settings) await main(JSON.parse(settings))
