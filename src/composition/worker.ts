/** The worker: configuration → clients → tasks. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { createWorkFolders } from '../base/work-folders.ts'
import { watchMachine } from '../processes/machine.ts'
import { type SilenceLimits, startTrainer } from '../processes/trainer-process.ts'
import { createJobSource } from '../queue/job-source.ts'
import { createIngestService } from '../services/datasets/ingests.ts'
import { createEvaluationJobs } from '../services/evaluations/evaluation-jobs.ts'
import { createExportService } from '../services/models/exports.ts'
import { collectUnowned } from '../services/removals/collection.ts'
import { createRemovalService } from '../services/removals/removals.ts'
import type { LegDeps } from '../services/runs/leg-lease.ts'
import { createLegRecords } from '../services/runs/leg-records.ts'
import { createLegService } from '../services/runs/legs.ts'
import { createEvaluateModel } from '../tasks/evaluate-model.ts'
import { createExportModel } from '../tasks/export-model.ts'
import { keepHouse } from '../tasks/housekeeping.ts'
import { createImportModel } from '../tasks/import-model.ts'
import { createIngestDataset } from '../tasks/ingest-dataset.ts'
import { createTrainRun } from '../tasks/train-run.ts'
import { createWorker } from '../tasks/worker.ts'
import { connect, createCache, createObjects } from './clients.ts'
import type { Config } from './config.ts'
import { ENTRIES, type Entries } from './entries.ts'

/** A training step may be under way and a checkpoint has to be written before a trainer can stop. */
const STOP_GRACE_MS = 120_000

/** An object comes minutes before its record, at the most. */
const COLLECT_GRACE_MS = 24 * 3600_000

/** @param entries what its children are started with */
export async function composeWorker(config: Config, logger: Logger, entries: Entries = ENTRIES) {
  const clock = systemClock
  const { database, boss, stores, unitOfWork } = await connect(config, { name: 'worker', supervise: true, logger })
  const { objects } = createObjects(config)
  const { leaseS, legMaxS, loaders, threads, concurrency, ingests, exports: exportsAtOnce } = config.worker
  const legDeps: LegDeps = { unitOfWork, stores, clock, newId, leaseMs: leaseS * 1000 }
  const legs = createLegService(legDeps)
  const draining = new AbortController()
  const folders = createWorkFolders(config.scratchDir)
  const machine = watchMachine({ entry: entries.trainer, threads, clock, logger, signal: draining.signal })
  const shared = {
    objects,
    cache: createCache(config, objects, logger),
    folders,
    clock,
    logger,
    newId,
    startTrainer: (request: Parameters<typeof startTrainer>[0], silence?: SilenceLimits) =>
      startTrainer(request, { entry: entries.trainer, clock, logger, ...(silence && { silence }) }),
    stopGraceMs: STOP_GRACE_MS,
    threads,
    draining: draining.signal
  }
  const name = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`
  const { limits } = config
  const exports = createExportService({ unitOfWork, clock, newId })
  const ingestDataset = createIngestDataset({
    ...shared,
    ingests: createIngestService({ unitOfWork, clock }),
    entry: entries.ingester,
    limits: {
      maxEntries: limits.archiveEntries,
      maxUnpackedBytes: limits.archiveBytes,
      maxImageBytes: limits.imageBytes,
      maxImagePixels: limits.imagePixels
    },
    maxSourceBytes: limits.uploadBytes
  })
  const worker = createWorker({
    jobs: createJobSource(boss, clock),
    legs,
    name,
    machine,
    tasks: {
      'run-leg': createTrainRun({
        ...shared,
        legs,
        records: createLegRecords(legDeps),
        machine,
        worker: name,
        leaseMs: legDeps.leaseMs,
        legMaxS,
        loaders
      }),
      'ingest-dataset': ingestDataset,
      'ingest-small-dataset': ingestDataset,
      'export-model': createExportModel({ ...shared, exports }),
      'import-model': createImportModel({ ...shared, exports, maxSourceBytes: limits.uploadBytes }),
      'evaluate-model': createEvaluateModel({ ...shared, evaluations: createEvaluationJobs({ unitOfWork, clock }) })
    },
    runs: concurrency,
    ingests,
    exports: exportsAtOnce,
    draining,
    cleanUp: async () => {
      await folders.removeStale()
      await shared.cache.removeStale()
    },
    keepHouse: (signal) => {
      const removals = createRemovalService({ unitOfWork, stores, objects, clock, logger })
      const options = { graceMs: COLLECT_GRACE_MS, removes: config.collect === 'remove', signal }
      const collect = config.collect === 'off' ? null : () => collectUnowned({ stores, objects, clock }, options)
      const told = options.removes ? 'objects that nobody owned are removed' : 'objects that nobody owns: npm run gc'
      return keepHouse({ removals, collect, told, clock, logger }, signal)
    },
    clock,
    logger
  })
  return { worker, close: () => database.close() }
}
