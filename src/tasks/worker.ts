/**
 * What a worker process does: takes jobs of every kind, and every few seconds says that it is there, takes back runs whose worker
 * has died, and queues open work that has no job.
 *
 *   start() → working ──stop(graceMs)──→ draining: no new jobs, trainers save and their legs are handed back ──→ stopped
 */
import type { Clock } from '../base/clock.ts'
import type { Machine } from '../base/devices.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { JobPayloads } from '../domain/job.ts'
import type { JobSource } from '../domain/ports.ts'
import type { OpenWork } from '../services/jobs/open-work.ts'
import { EVERY_MACHINE } from '../services/runs/leg-devices.ts'
import type { LegService } from '../services/runs/legs.ts'
import type { WorkerService } from '../services/workers/workers.ts'
import type { Fitness } from './fitness.ts'

type Task<K extends keyof JobPayloads> = (payload: JobPayloads[K], signal: AbortSignal) => Promise<void>

export interface WorkerOptions {
  readonly jobs: JobSource
  readonly legs: LegService
  readonly openWork: OpenWork
  readonly workers: WorkerService
  readonly fitness: Fitness
  readonly tasks: { readonly [K in keyof JobPayloads]: Task<K> }
  /** Its name in leases: another one for every process. */
  readonly name: string
  /** What its machine trains with. */
  readonly machine: () => Promise<Machine>
  /** Runs trained at once; 0 leaves them to workers that are started for them. */
  readonly runs: number
  /** Ingests at once, of large and of small sources each. */
  readonly ingests: number
  /** Exports, imports, evaluations, vector sets, and batches, at once. */
  readonly exports: number
  /** Aborted by stop(), seen by the tasks. */
  readonly draining: AbortController
  /** Called at start, before any job: removes what a killed worker left. */
  readonly cleanUp: () => Promise<void>
  /** Beside all jobs, until it is aborted; never rejects. */
  readonly keepHouse: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Worker {
  start(): Promise<void>
  /** Resolves when no child is left. */
  stop(graceMs: number): Promise<void>
}

/** Of a worker that is told to train nothing: not a machine that lacks something. */
const NO_TRAINING: Machine = { offers: [], problem: null }

/** A lost run is back in the queue within its lease and this. */
const RECOVER_EVERY_MS = 10_000

export function createWorker(options: WorkerOptions): Worker {
  const { jobs, legs, openWork, workers, fitness, name, machine, tasks, draining, clock, logger } = options
  const { runs, ingests, exports } = options
  const startedAt = new Date(clock.now())
  let recovering = Promise.resolve()
  let housekeeping = Promise.resolve()

  async function lookAround(): Promise<void> {
    // One that trains nothing itself takes lost runs back for all that do.
    const by = { worker: name, machine: runs === 0 ? EVERY_MACHINE : await machine() }
    if (draining.signal.aborted) return
    const reason = fitness.restsBecause()
    await workers.announce({
      name,
      machine: runs === 0 ? NO_TRAINING : by.machine,
      state: reason === null ? 'working' : 'resting',
      reason,
      startedAt
    })
    for (const runId of await legs.recover(by)) {
      happened('leaseLost', { how: 'found' })
      logger.warn({ runId }, 'its worker is lost: the run is queued again')
    }
    // A worker that rests would queue what it does not take.
    if (reason !== null) return
    for (const subject of await openWork.sweep(name))
      logger.info({ subject }, 'open work without a job is queued again')
  }

  async function recoverLost(): Promise<void> {
    while (!draining.signal.aborted) {
      await lookAround().catch((error: unknown) => logger.warn({ err: error }, 'lost work could not be looked for'))
      await clock.sleep(RECOVER_EVERY_MS, draining.signal).catch(() => {}) // draining: leaves the loop
    }
  }

  return {
    async start() {
      await options.cleanUp()
      recovering = recoverLost()
      housekeeping = options.keepHouse(draining.signal)
      if (runs > 0) await jobs.work('run-leg', runs, tasks['run-leg'])
      await jobs.work('ingest-dataset', ingests, tasks['ingest-dataset'])
      await jobs.work('ingest-small-dataset', ingests, tasks['ingest-small-dataset'])
      await jobs.work('export-model', exports, tasks['export-model'])
      await jobs.work('import-model', exports, tasks['import-model'])
      await jobs.work('evaluate-model', exports, tasks['evaluate-model'])
      await jobs.work('embed-dataset', exports, tasks['embed-dataset'])
      await jobs.work('run-batch', exports, tasks['run-batch'])
    },
    async stop(graceMs) {
      const stopped = jobs.stop(graceMs)
      draining.abort(new Error('the worker stops'))
      await Promise.all([stopped, recovering, housekeeping, fitness.settled()])
      await workers
        .leave(name)
        .catch((error: unknown) => logger.warn({ err: error }, 'it could not be said that this worker has ended'))
    }
  }
}
