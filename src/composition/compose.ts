/**
 * The only file that knows every concrete class: configuration → clients → stores → services. What it opens, `close`
 * closes, in reverse. Nothing imports it but the entry files.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { createLocalCache } from '../cache/local-cache.ts'
import { createWorkFolders } from '../cache/work-folders.ts'
import type { ObjectStore, SignedObjects } from '../domain/ports.ts'
import { createApp } from '../http/app.ts'
import { createInferencePool } from '../processes/inference-pool.ts'
import { startTrainer } from '../processes/trainer-process.ts'
import { type BossOptions, startBoss } from '../queue/boss.ts'
import { createJobQueue } from '../queue/job-queue.ts'
import { createJobSource } from '../queue/job-source.ts'
import { createIdempotencyService } from '../services/access/idempotency.ts'
import { createKeyService } from '../services/access/keys.ts'
import { createDatasetService } from '../services/datasets/datasets.ts'
import { createIngestService } from '../services/datasets/ingests.ts'
import { createExportService } from '../services/models/exports.ts'
import { createModelService } from '../services/models/models.ts'
import { createPrototypeService } from '../services/models/prototypes.ts'
import type { LegDeps } from '../services/runs/leg-lease.ts'
import { createLegRecords } from '../services/runs/leg-records.ts'
import { createLegService } from '../services/runs/legs.ts'
import { createRunService } from '../services/runs/runs.ts'
import type { Services } from '../services/services.ts'
import { createImageFetch } from '../services/serving/image-fetch.ts'
import { createImageSources } from '../services/serving/image-sources.ts'
import { createServingService } from '../services/serving/serving.ts'
import { createFolderStore } from '../storage/objects/folder-store.ts'
import { createS3Store } from '../storage/objects/s3-store.ts'
import { createDatabase } from '../storage/postgres/client.ts'
import { createStores, createUnitOfWork } from '../storage/postgres/unit-of-work.ts'
import { createExportModel } from '../tasks/export-model.ts'
import { createImportModel } from '../tasks/import-model.ts'
import { createIngestDataset } from '../tasks/ingest-dataset.ts'
import { createTrainRun } from '../tasks/train-run.ts'
import { createWorker } from '../tasks/worker.ts'
import type { Config, S3Config } from './config.ts'
import { DASHBOARD_FOLDER } from './dashboard-build.ts'

const STATEMENT_TIMEOUT_MS = 30_000
/** A training step may be under way and a checkpoint has to be written before a trainer can stop. */
const STOP_GRACE_MS = 120_000
const FETCH_TIMEOUT_MS = 10_000

const clock = systemClock
const entry = (name: string): string => resolve(import.meta.dirname, '../bin', name)

export const createLogger = (config: Config, name: string): Logger => pino({ level: config.logLevel, name })

/** Null `signed` where the object store signs its own URLs. */
function createObjects(config: Config): { objects: ObjectStore; signed: SignedObjects | null } {
  if (config.s3) return { objects: createS3Store(config.s3), signed: null }
  const { signingKey, publicUrl: baseUrl, dataDir } = config
  const folder = createFolderStore({ root: join(dataDir, 'objects'), signingKey, baseUrl })
  return { objects: folder, signed: folder }
}

/** Of the URLs that the S3 store signs. */
function originOf({ bucket, endpoint, region, forcePathStyle }: S3Config): string {
  const { protocol, host } = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  return forcePathStyle ? `${protocol}//${host}` : `${protocol}//${bucket}.${host}`
}

async function connect(config: Config, queue: Pick<BossOptions, 'name' | 'supervise' | 'logger'>) {
  if (!config.databaseUrl) throw new Error('DATABASE_URL is not set (npm start needs none: it brings its own database)')
  const url = config.databaseUrl
  const options = { url, max: config.databasePool, statementTimeoutMs: STATEMENT_TIMEOUT_MS, logger: queue.logger }
  const database = createDatabase(options)
  const boss = await startBoss({ url, max: 2, ...queue })
  const jobs = createJobQueue(boss)
  return { database, boss, stores: createStores(database, jobs), unitOfWork: createUnitOfWork(database, jobs) }
}

const createCache = (config: Config, objects: ObjectStore, logger: Logger) =>
  createLocalCache({ root: config.cacheDir, maxBytes: config.worker.cacheBytes, objects, clock, logger })

export async function composeApi(config: Config, logger: Logger) {
  const { database, boss, stores, unitOfWork } = await connect(config, { name: 'api', supervise: false, logger })
  const { objects, signed } = createObjects(config)
  const { inference: serving, limits } = config
  const inference = createInferencePool({
    entry: entry('inference.ts'),
    processes: serving.processes,
    settings: {
      maxBatch: serving.maxBatch,
      maxQueueDelayMs: serving.maxQueueDelayMs,
      maxQueueSize: serving.maxQueueSize,
      timeoutMs: serving.requestTimeoutMs,
      maxModelBytes: serving.modelCacheBytes,
      threads: serving.threads,
      maxImageBytes: config.limits.imageBytes,
      maxImagePixels: config.limits.imagePixels
    },
    cache: createCache(config, objects, logger),
    clock,
    logger
  })
  const deps = { unitOfWork, stores, objects, clock, newId, logger, limits }
  const datasets = createDatasetService(deps)
  const models = createModelService(deps)
  const { allowedImageHosts: allowedHosts } = config
  const fetchImage = createImageFetch({ allowedHosts, maxBytes: limits.imageBytes, timeoutMs: FETCH_TIMEOUT_MS })
  const services: Services = {
    keys: createKeyService(deps),
    datasets,
    runs: createRunService({ ...deps, datasets }),
    models,
    prototypes: createPrototypeService({ stores, models }),
    serving: createServingService({ models, imageSources: createImageSources({ fetchImage, limits }), inference }),
    idempotency: createIdempotencyService(deps)
  }
  const app = await createApp({
    services,
    signedObjects: signed,
    checks: { database: () => database.check(), objects: () => objects.check() },
    clock,
    logger,
    limits,
    rateLimitPerMinute: config.rateLimitPerMinute,
    dashboardFolder: DASHBOARD_FOLDER,
    objectOrigin: config.s3 && originOf(config.s3)
  })
  const close = async () => {
    await app.close()
    await inference.close()
    await boss.stop({ graceful: false })
    await database.close()
  }
  return { app, services, close }
}

export async function composeWorker(config: Config, logger: Logger) {
  const { database, boss, stores, unitOfWork } = await connect(config, { name: 'worker', supervise: true, logger })
  const { objects } = createObjects(config)
  const { leaseS, legMaxS, loaders, threads, concurrency } = config.worker
  const legDeps: LegDeps = { unitOfWork, stores, clock, newId, leaseMs: leaseS * 1000 }
  const legs = createLegService(legDeps)
  const draining = new AbortController()
  const folders = createWorkFolders(config.scratchDir)
  const shared = {
    objects,
    cache: createCache(config, objects, logger),
    folders,
    clock,
    logger,
    newId,
    startTrainer: (request: Parameters<typeof startTrainer>[0]) =>
      startTrainer(request, { entry: entry('trainer.ts'), clock, logger }),
    stopGraceMs: STOP_GRACE_MS,
    threads,
    draining: draining.signal
  }
  const name = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`
  const { limits } = config
  const exports = createExportService({ unitOfWork, clock })
  const worker = createWorker({
    jobs: createJobSource(boss, clock),
    legs,
    tasks: {
      'run-leg': createTrainRun({
        ...shared,
        legs,
        records: createLegRecords(legDeps),
        worker: name,
        leaseMs: legDeps.leaseMs,
        legMaxS,
        loaders
      }),
      'ingest-dataset': createIngestDataset({
        ...shared,
        ingests: createIngestService({ unitOfWork, clock }),
        entry: entry('ingester.ts'),
        limits: {
          maxEntries: limits.archiveEntries,
          maxUnpackedBytes: limits.archiveBytes,
          maxImageBytes: limits.imageBytes,
          maxImagePixels: limits.imagePixels
        },
        maxSourceBytes: limits.uploadBytes
      }),
      'export-model': createExportModel({ ...shared, exports }),
      'import-model': createImportModel({ ...shared, exports, maxSourceBytes: limits.uploadBytes })
    },
    runs: concurrency,
    draining,
    cleanUp: async () => {
      await folders.removeStale()
      await shared.cache.removeStale()
    },
    clock,
    logger
  })
  return { worker, close: () => database.close() }
}

/** The first key of an installation; `token` only when it was made here. */
export async function ensureAdminKey(config: Config): Promise<{ token: string | null }> {
  if (!config.databaseUrl) throw new Error('DATABASE_URL is not set')
  const database = createDatabase({ url: config.databaseUrl, max: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const noJobs = { through: () => ({ enqueue: () => Promise.reject(new Error('no queue here')) }) }
  try {
    const keys = createKeyService({ stores: createStores(database, noJobs), clock, newId })
    return await keys.ensureAdminKey('default', config.adminKey)
  } finally {
    await database.close()
  }
}
