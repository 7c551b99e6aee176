/**
 * The worker's side of a run's life. One leg:
 *
 *   claim ──→ starting ──started()──→ running ──settle(outcome)──→ see leg-rules.ts
 *     │                                  │ heartbeat(), and what leg-records.ts writes
 *     └─ null: ended, paused, another worker's lease is alive, the run needs devices that this worker's machine lacks, it
 *        failed here and others could have it, its project has all the devices that it may have, or the worker was started for
 *        another epoch
 *
 * A user's wish arrives as `desired`; the worker learns of it from its heartbeat and settles accordingly. Every transition
 * writes its event in the same transaction, under the fence of leg-lease.ts. Calls may be repeated after an answer was lost.
 * The time of leases is the database's.
 */
import { isLeftToOthers } from '../../domain/blame.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import { isFinished, type Lease, type Run, type RunEngine, type RunIntent } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { nodeOf } from '../../domain/worker.ts'
import { jitterS } from '../jobs/jitter.ts'
import { otherNodes } from '../workers/workers.ts'
import { filesOfCheckpoint, filesOfModel, type InitFiles } from './inits.ts'
import { type Claimant, leaveToOthers, suits, WAITING } from './leg-devices.ts'
import { end, type Settled } from './leg-ends.ts'
import { enqueueLeg } from './leg-job.ts'
import { expiryAfter, hold, type LegDeps, stateEvent, write } from './leg-lease.ts'
import { mayHaveRoom, takesRoom, WAITING_FOR_QUOTA } from './leg-quota.ts'
import { isPastDeadline, type LegOutcome } from './leg-rules.ts'

export interface Claim {
  readonly run: Run
  readonly lease: Lease
  /** Complete ones, newest first: the first that can be read is where the leg begins. */
  readonly checkpoints: readonly Checkpoint[]
  /** Of its parent, where a fork without a checkpoint of its own begins; null for other runs, and where it is gone. */
  readonly forkedCheckpoint: Checkpoint | null
  readonly version: DatasetVersion
  /** Of what the run begins from; null where that is random weights, or is gone. */
  readonly initFiles: InitFiles | null
}

export interface Heartbeat {
  readonly stillOurs: boolean
  readonly desired: RunIntent
  readonly isPastDeadline: boolean
}

export interface LegStart extends Omit<RunEngine, 'name'> {
  readonly step: number
  readonly totalSteps: number
  readonly epoch: number
  readonly engine: string
}

export interface LegService {
  claim(runId: string, by: Claimant): Promise<Claim | null>
  heartbeat(lease: Lease): Promise<Heartbeat>
  started(lease: Lease, start: LegStart): Promise<void>
  settle(lease: Lease, outcome: LegOutcome): Promise<Settled>
  /**
   * Queues runs whose worker is gone, and those that wait without a job for devices that the machine has. Returns the ids of
   * the runs it took back.
   */
  recover(by: Claimant): Promise<readonly string[]>
}

const CHECKPOINTS_TO_TRY = 20

export function createLegService(deps: LegDeps): LegService {
  const { unitOfWork, stores, clock, leaseMs } = deps
  let lookFrom = Number.NEGATIVE_INFINITY

  /** While the database was away no worker could renew its lease: those that live get the time to do so first. */
  async function listLost(): Promise<readonly Run[]> {
    if (clock.now() < lookFrom) return []
    try {
      return await stores.runs.listExpiredLeases(await stores.now())
    } catch (error) {
      lookFrom = clock.now() + leaseMs
      throw error
    }
  }

  return {
    claim: (runId, by) => unitOfWork((tx) => claim(deps, tx, { runId, by })),

    heartbeat: (lease) =>
      unitOfWork(async (tx) => {
        const run = await tx.runs.load(lease.runId, { lock: true })
        const now = await tx.now()
        const stillOurs =
          run !== null &&
          run.leaseEpoch === lease.epoch &&
          (await tx.runs.updateUnderLease(lease, { leaseExpiresAt: expiryAfter(now, deps) }))
        if (!stillOurs) return { stillOurs: false, desired: 'run', isPastDeadline: false }
        return { stillOurs, desired: run.desired, isPastDeadline: isPastDeadline(run, now.getTime()) }
      }),

    started: (lease, start) => unitOfWork((tx) => begin(deps, tx, { lease, start })),

    settle: (lease, outcome) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        // Settled before, and the answer was lost.
        if (run.leaseWorker === null) return { status: run.status, isOfNode: false }
        return end(deps, tx, { run, outcome })
      }),

    async recover(by) {
      const taken: string[] = []
      for (const { id } of await listLost()) {
        if (await unitOfWork((tx) => takeBack(deps, tx, { runId: id, by }))) taken.push(id)
      }
      return taken
    }
  }
}

async function claim(deps: LegDeps, tx: Stores, { runId, by }: { runId: string; by: Claimant }): Promise<Claim | null> {
  const known = await tx.runs.load(runId, { lock: true })
  const now = await tx.now()
  if (known === null || isFinished(known) || known.status === 'paused' || isLeased(known, now)) return null
  if (by.epoch !== undefined && by.epoch !== known.leaseEpoch + 1) return null
  const isTrained = isForTraining(known, now)
  if (isTrained && !((await isFor(tx, known, { by, now })) && (await takesRoom(tx, known, now)))) return null
  const claimed = await tx.runs.claim(runId, by.worker, expiryAfter(now, deps), now)
  if (claimed === null) return null
  const run = {
    ...claimed,
    leg: Math.max(1, claimed.leg),
    attempt: claimed.attempt + 1,
    startedAt: claimed.startedAt ?? now
  }
  const lease = { runId, epoch: run.leaseEpoch }
  if (!isForTraining(run, now)) {
    await end(deps, tx, { run, outcome: { type: 'stopped' } })
    return null
  }
  const version = await tx.datasets.loadVersion(run.datasetId, run.datasetVersion)
  if (version?.status !== 'ready') {
    const message = `Version ${run.datasetVersion} of dataset ${run.datasetId} is gone or not ready.`
    await end(deps, tx, { run, outcome: { type: 'failed', code: 'dataset_version_not_found', message, step: null } })
    return null
  }
  const starting = { ...run, status: 'starting', statusReason: null } as const
  const { status, statusReason, leg, attempt, startedAt } = starting
  await write(tx, lease, { status, statusReason, leg, attempt, startedAt })
  await tx.events.append(runId, [stateEvent(starting)], now)
  const { data } = await tx.checkpoints.listByRun(run.projectId, runId, { limit: CHECKPOINTS_TO_TRY, after: null })
  const complete = data.filter(({ status }) => status === 'complete')
  const forkedCheckpoint = run.forkedFrom === null ? null : await findComplete(tx, run.forkedFrom.checkpointId)
  const initFiles = await findInitFiles(tx, run)
  return { run: starting, lease, checkpoints: complete, forkedCheckpoint, version, initFiles }
}

async function findComplete(tx: Stores, id: string): Promise<Checkpoint | null> {
  const checkpoint = await tx.checkpoints.load(id)
  return checkpoint?.status === 'complete' ? checkpoint : null
}

/** Whether a worker should train the run, rather than leave it to others: to those that have not failed it, with a job at once. */
async function isFor(tx: Stores, run: Run, { by, now }: { by: Claimant; now: Date }): Promise<boolean> {
  if (!suits(by.machine, run)) {
    await leaveToOthers(tx, { run, by, now })
    return false
  }
  if (run.failures.length === 0) return true
  const isLeft = isLeftToOthers(run.failures, nodeOf(by.worker), await othersFor(tx, run, by))
  if (isLeft) await enqueueLeg(tx, run, jitterS())
  return !isLeft
}

const othersFor = (tx: Stores, run: Run, { worker }: Pick<Claimant, 'worker'>): Promise<readonly string[]> =>
  otherNodes(tx, nodeOf(worker), ({ machine }) => suits(machine, run))

async function findInitFiles(tx: Stores, { init }: Run): Promise<InitFiles | null> {
  if (init === null) return null
  if (init.source === 'model') {
    const model = await tx.models.load(init.from)
    return model && filesOfModel(model)
  }
  const checkpoint = await tx.checkpoints.load(init.from)
  return checkpoint && filesOfCheckpoint(checkpoint)
}

/** Otherwise any worker settles it. */
const isForTraining = (run: Run, now: Date): boolean => run.desired === 'run' && !isPastDeadline(run, now.getTime())

const isLeased = (run: Run, now: Date): boolean =>
  run.leaseWorker !== null && run.leaseExpiresAt !== null && run.leaseExpiresAt > now

async function begin(deps: LegDeps, tx: Stores, { lease, start }: { lease: Lease; start: LegStart }): Promise<void> {
  const run = await hold(tx, lease)
  const { step, totalSteps, epoch, engine: name, device, deviceKind, devices, precision } = start
  const progress = {
    step,
    totalSteps,
    epoch,
    percent: totalSteps === 0 ? 0 : (100 * step) / totalSteps,
    imagesSeen: step * run.recipe.hyperparameters.batchSize
  }
  // A cancel or pause that came while the trainer started keeps its status.
  const status = run.status === 'starting' ? 'running' : run.status
  await tx.metrics.removeAfter(run.id, step)
  const engine = { name, device, deviceKind, devices, precision }
  const at = await tx.now()
  await write(tx, lease, { status, engine, progress, leaseExpiresAt: expiryAfter(at, deps) })
  const message = {
    message: step === 0 ? 'Training starts.' : `Training goes on from step ${step}.`,
    step,
    engine: name,
    device,
    deviceKind,
    devices,
    precision
  }
  await tx.events.append(
    run.id,
    [stateEvent({ ...run, status }), { type: 'message', level: 'info', data: message }],
    at
  )
}

async function takeBack(deps: LegDeps, tx: Stores, { runId, by }: { runId: string; by: Claimant }): Promise<boolean> {
  const known = await tx.runs.load(runId, { lock: true })
  const now = await tx.now()
  if (known === null || isFinished(known) || known.status === 'paused' || isLeased(known, now)) return false
  if (known.leaseWorker === null && known.status === 'queued') {
    // Nobody had it: perhaps its job was lost, or dropped by a worker that it is not for. A job that waits already makes
    // this a no-op.
    if (!isForTraining(known, now)) await enqueueLeg(tx, known, 0)
    else if (known.statusReason === WAITING_FOR_QUOTA && !(await mayHaveRoom(tx, known))) return false
    else if (await isFor(tx, known, { by, now }))
      await enqueueLeg(tx, known, known.statusReason === WAITING ? jitterS() : 0)
    return false
  }
  // Claiming, for no time at all, raises the epoch: the lost worker cannot write any more, should it come back.
  const run = await tx.runs.claim(runId, 'supervisor', now, now)
  if (run === null) return false
  const worker = known.leaseWorker ?? 'unknown'
  const message = `Worker ${worker} has not been heard of since its lease ended.`
  await end(deps, tx, {
    run: { ...run, leaseWorker: worker },
    outcome: { type: 'interrupted', reason: 'worker_lost', message }
  })
  return true
}
