/** The worker: configuration → clients → tasks. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import { createWorkFolders } from '../base/work-folders.ts'
import type { Lease } from '../domain/run.ts'
import { createWorkerListener, type WorkerListener, type WorkerListenerOptions } from '../http/worker-listener.ts'
import { Child } from '../processes/child.ts'
import { watchMachine } from '../processes/machine.ts'
import { createSpareTrainer } from '../processes/spare-trainer.ts'
import { type SilenceLimits, startTrainer } from '../processes/trainer-process.ts'
import { JOB_CHANNEL } from '../queue/job-queue.ts'
import { createJobSource } from '../queue/job-source.ts'
import { settleLeg } from '../queue/legs-due.ts'
import { createBatchJobs } from '../services/batches/batch-jobs.ts'
import { createIngestService } from '../services/datasets/ingests.ts'
import { createEvaluationJobs } from '../services/evaluations/evaluation-jobs.ts'
import { createOpenWork } from '../services/jobs/open-work.ts'
import { createExportService } from '../services/models/exports.ts'
import { collectUnowned } from '../services/removals/collection.ts'
import { createRemovalService } from '../services/removals/removals.ts'
import { keyBefore } from '../services/runs/leg-job.ts'
import type { LegDeps } from '../services/runs/leg-lease.ts'
import { createLegRecords } from '../services/runs/leg-records.ts'
import { createLegService } from '../services/runs/legs.ts'
import { createMetricUpkeep } from '../services/runs/metric-upkeep.ts'
import { createVectorSetJobs } from '../services/vector-sets/vector-set-jobs.ts'
import { createWorkerService } from '../services/workers/workers.ts'
import { PATIENCE_OF_WORKERS } from '../storage/objects/patience.ts'
import { createEventNotices } from '../storage/postgres/event-notices.ts'
import { createSchemaCheck } from '../storage/postgres/migrate.ts'
import { createVectorGraphs } from '../storage/postgres/vector-graph.ts'
import { waitForSchema } from '../storage/postgres/wait.ts'
import { createEmbedDataset } from '../tasks/embed-dataset.ts'
import { createEvaluateModel } from '../tasks/evaluate-model.ts'
import { createExportModel } from '../tasks/export-model.ts'
import { createFitness } from '../tasks/fitness.ts'
import { keepHouse } from '../tasks/housekeeping.ts'
import { createImportModel } from '../tasks/import-model.ts'
import { createIngestDataset } from '../tasks/ingest-dataset.ts'
import { createJobCounts } from '../tasks/job-counts.ts'
import { createLegWorker } from '../tasks/leg-worker.ts'
import { createRunBatch } from '../tasks/run-batch.ts'
import { traceTasks } from '../tasks/traced-tasks.ts'
import { createTrainRun } from '../tasks/train-run.ts'
import { createWorker } from '../tasks/worker.ts'
import { connect, createCache, createObjects, foldersOf } from './clients.ts'
import type { Config } from './config.ts'
import { ENTRIES, type Entries } from './entries.ts'
import { cacheGauge, diskGauge, jobGauge, restGauge } from './gauges.ts'

/**
 * Not ready is right for a worker that rests: it takes nothing, and a new release all of whose workers rest goes no further. It is alive, and
 * goes on with what it has: whoever restarts it for its rest ends that too.
 *
 * @throws AppError worker_not_working, worker_resting
 */
export function checkTakesWork(at: {
  readonly isDraining: boolean
  readonly isWorking: boolean
  readonly rest: string | null
}): void {
  if (at.isDraining) throw new AppError('worker_not_working', { message: 'The worker is draining.' })
  if (at.rest !== null) throw new AppError('worker_resting', { message: `The worker rests: ${at.rest}.` })
  if (!at.isWorking) throw new AppError('worker_not_working', { message: 'The worker is starting.' })
}

/** A training step may be under way and a checkpoint has to be written before a trainer can stop. */
const STOP_GRACE_MS = 120_000

function listenerOf(
  { worker: { host, port } }: Config,
  says: Omit<WorkerListenerOptions, 'host' | 'port'>
): WorkerListener | null {
  return port === null ? null : createWorkerListener({ host, port, ...says })
}
/** An object comes minutes before its record, at the most. */
const COLLECT_GRACE_MS = 24 * 3600_000

export interface WorkerParts {
  readonly tracing: Tracing
  /** What its children are started with. */
  readonly entries?: Entries
}

export async function composeWorker(config: Config, logger: Logger, { tracing, entries = ENTRIES }: WorkerParts) {
  const clock = systemClock
  const { url, database, boss, stores, unitOfWork } = await connect(config, {
    name: 'worker',
    supervise: true,
    logger,
    tracing
  })
  const { objects } = createObjects(config, { patience: PATIENCE_OF_WORKERS, tracing })
  const { leaseS, legMaxS, loaders, threads, concurrency, ingests, exports: exportsAtOnce, leg } = config.worker
  const legDeps: LegDeps = { unitOfWork, stores, clock, newId, leaseMs: leaseS * 1000 }
  const legs = createLegService(legDeps)
  const draining = new AbortController()
  const source = createJobSource(boss, { clock, tracing })
  const notices = createEventNotices({ url, clock, logger, channel: JOB_CHANNEL, readers: 'idle workers' })
  notices.onNotice((kind) => source.wake(kind))
  const fitness = createFitness({
    clock,
    logger,
    signal: draining.signal,
    onRest: () => source.pause(),
    onWake: () => source.resume()
  })
  let isWorking = false
  const folders = createWorkFolders(config.scratchDir)
  const jobs = createJobCounts(draining.signal)
  const machine = watchMachine({ entry: entries.trainer, threads, clock, logger, signal: draining.signal })
  // With one leg there is nobody to wait for.
  const noSpare = leg === null ? draining.signal : AbortSignal.abort()
  const spare = createSpareTrainer(() => new Child({ entry: entries.trainer, output: logger }), noSpare)
  const shared = {
    objects,
    cache: createCache(config, objects, logger),
    folders,
    clock,
    logger,
    tracing,
    newId,
    startTrainer: (request: Parameters<typeof startTrainer>[0], silence?: SilenceLimits) =>
      spare.watch(
        startTrainer(request, {
          entry: entries.trainer,
          clock,
          logger,
          ...(silence && { silence }),
          child: spare.take()
        })
      ),
    stopGraceMs: STOP_GRACE_MS,
    threads,
    draining: draining.signal,
    onOutcome: fitness.onOutcome
  }
  const name = `${config.worker.node}/${process.pid}/${randomBytes(4).toString('hex')}`
  const { limits } = config
  const exports = createExportService({ unitOfWork, clock, newId, worker: name })
  const ingestDataset = createIngestDataset({
    ...shared,
    ingests: createIngestService({ unitOfWork, clock, worker: name }),
    entry: entries.ingester,
    limits: {
      maxEntries: limits.archiveEntries,
      maxUnpackedBytes: limits.archiveBytes,
      maxImageBytes: limits.imageBytes,
      maxImagePixels: limits.imagePixels
    },
    maxSourceBytes: limits.uploadBytes
  })
  const tasks = jobs.watch(
    traceTasks(tracing, {
      'run-leg': createTrainRun({
        ...shared,
        legs,
        records: createLegRecords(legDeps),
        machine,
        worker: name,
        leaseMs: legDeps.leaseMs,
        legMaxS,
        loaders,
        ...(leg?.epoch && { epoch: leg.epoch }),
        // Nobody was given its job.
        ...(leg && { onClaim: (lease: Lease) => settleLeg(boss.getDb(), keyBefore(lease)) })
      }),
      'ingest-dataset': ingestDataset,
      'ingest-small-dataset': ingestDataset,
      'export-model': createExportModel({ ...shared, exports }),
      'import-model': createImportModel({ ...shared, exports, maxSourceBytes: limits.uploadBytes }),
      'evaluate-model': createEvaluateModel({
        ...shared,
        evaluations: createEvaluationJobs({ unitOfWork, clock, worker: name })
      }),
      'embed-dataset': createEmbedDataset({
        ...shared,
        vectorSets: createVectorSetJobs({
          ...{ unitOfWork, stores, clock, worker: name },
          graphs: createVectorGraphs({ database, clock, logger, memoryBytes: config.worker.graphBytes })
        })
      }),
      'run-batch': createRunBatch({ ...shared, batches: createBatchJobs({ unitOfWork, clock, worker: name }), limits })
    })
  )
  const cleanUp = async () => {
    await folders.removeStale()
    await shared.cache.removeStale()
  }
  const takesAll = () =>
    createWorker({
      jobs: source,
      legs,
      openWork: createOpenWork({ unitOfWork, stores }),
      workers: createWorkerService({ unitOfWork }),
      fitness,
      name,
      machine,
      tasks,
      runs: concurrency,
      ingests,
      exports: exportsAtOnce,
      draining,
      cleanUp,
      keepHouse: (signal) => {
        const removals = createRemovalService({
          ...{ unitOfWork, stores, objects, clock, logger },
          delayMs: config.removalDelayS * 1000
        })
        const metrics = createMetricUpkeep({ unitOfWork, stores, clock, keptDays: config.metricsDays })
        const options = { graceMs: COLLECT_GRACE_MS, removes: config.collect === 'remove', signal }
        const collect = config.collect === 'off' ? null : () => collectUnowned({ stores, objects, clock }, options)
        const told = options.removes ? 'objects that nobody owned are removed' : 'objects that nobody owns: npm run gc'
        return keepHouse({ removals, metrics, collect, told, clock, logger }, signal)
      },
      clock,
      logger
    })
  const takesOne =
    leg &&
    createLegWorker({
      runId: leg.runId,
      task: tasks['run-leg'],
      draining,
      cleanUp,
      leaveQueue: () => source.stop(0),
      clock
    })
  const worker = takesOne ?? takesAll()
  const schema = createSchemaCheck(database.pool)
  const listener = listenerOf(config, {
    checks: {
      worker: async () => {
        if (!isWorking && !draining.signal.aborted) await schema()
        checkTakesWork({ isDraining: draining.signal.aborted, isWorking, rest: fitness.restsBecause() })
      },
      database: () => database.check(),
      objects: () => objects.check()
    },
    gauges: [
      jobGauge(jobs.inFlight),
      restGauge(fitness.restsBecause),
      cacheGauge(shared.cache),
      diskGauge(foldersOf(config))
    ],
    logger
  })
  const start = async () => {
    await listener?.listen()
    await waitForSchema(schema, { tell: (line) => logger.warn(line), signal: draining.signal })
    await worker.start()
    spare.prepare()
    isWorking = true
  }
  const close = async () => {
    await listener?.close()
    await notices.close()
    await database.close()
  }
  return { worker: { ...worker, start }, ended: takesOne?.ended ?? null, close }
}
