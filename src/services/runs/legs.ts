/**
 * The worker's side of a run's life. One leg:
 *
 *   claim ──→ starting ──started()──→ running ──settle(outcome)──→ see leg-rules.ts
 *     │                                  │ heartbeat(), and what leg-records.ts writes
 *     └─ null: ended, paused, another worker's lease is alive, or the run needs devices that this worker's machine lacks
 *
 * A user's wish arrives as `desired`; the worker learns of it from its heartbeat and settles accordingly. Every transition
 * writes its event in the same transaction, under the fence of leg-lease.ts. Calls may be repeated after an answer was lost.
 */
import { serves } from '../../base/devices.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import { isFinished, type Lease, type Run, type RunEngine, type RunIntent, type RunStatus } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { newModel } from '../models/new-model.ts'
import { filesOfCheckpoint, filesOfModel, type InitFiles } from './inits.ts'
import { type Claimant, leaveToOthers } from './leg-devices.ts'
import { expiryOf, hold, type LegDeps, stateEvent, write } from './leg-lease.ts'
import { type Decision, decide, isPastDeadline, type LegOutcome } from './leg-rules.ts'

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
  settle(lease: Lease, outcome: LegOutcome): Promise<RunStatus>
  /**
   * Queues runs whose worker is gone, and those that wait without a job for devices that the machine has. Returns the ids of
   * the runs it took back.
   */
  recover(by: Claimant): Promise<readonly string[]>
}

const CHECKPOINTS_TO_TRY = 20

/** One job per lease epoch: the next leg can be queued while the job of this one is still running. */
export const legKey = (run: Pick<Run, 'id' | 'leaseEpoch'>): string => `${run.id}:${run.leaseEpoch}`

export function createLegService(deps: LegDeps): LegService {
  const { unitOfWork, stores, clock, leaseMs } = deps
  let lookFrom = Number.NEGATIVE_INFINITY

  /** While the database was away no worker could renew its lease: those that live get the time to do so first. */
  async function listLost(): Promise<readonly Run[]> {
    if (clock.now() < lookFrom) return []
    try {
      return await stores.runs.listExpiredLeases(new Date(clock.now()))
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
        const stillOurs =
          run !== null &&
          run.leaseEpoch === lease.epoch &&
          (await tx.runs.updateUnderLease(lease, { leaseExpiresAt: expiryOf(deps) }))
        if (!stillOurs) return { stillOurs: false, desired: 'run', isPastDeadline: false }
        return { stillOurs, desired: run.desired, isPastDeadline: isPastDeadline(run, clock.now()) }
      }),

    started: (lease, start) => unitOfWork((tx) => begin(deps, tx, { lease, start })),

    settle: (lease, outcome) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        // Settled before, and the answer was lost.
        if (run.leaseWorker === null) return run.status
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
  const now = deps.clock.now()
  const known = await tx.runs.load(runId, { lock: true })
  if (known === null || isFinished(known) || known.status === 'paused' || isLeased(known, now)) return null
  if (isForTraining(known, now) && !serves(by.machine, known.compute)) {
    await leaveToOthers(tx, { run: known, by, now })
    return null
  }
  const claimed = await tx.runs.claim(runId, by.worker, expiryOf(deps), new Date(now))
  if (claimed === null) return null
  const run = {
    ...claimed,
    leg: Math.max(1, claimed.leg),
    attempt: claimed.attempt + 1,
    startedAt: claimed.startedAt ?? new Date(now)
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
  await tx.events.append(runId, [stateEvent(starting)], new Date(now))
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
const isForTraining = (run: Run, now: number): boolean => run.desired === 'run' && !isPastDeadline(run, now)

const isLeased = (run: Run, now: number): boolean =>
  run.leaseWorker !== null && run.leaseExpiresAt !== null && run.leaseExpiresAt.getTime() > now

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
  await write(tx, lease, { status, engine, progress, leaseExpiresAt: expiryOf(deps) })
  const at = new Date(deps.clock.now())
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

/** Writes the decision of leg-rules.ts with its event, the next leg's job or the model's. */
async function end(deps: LegDeps, tx: Stores, ending: { run: Run; outcome: LegOutcome }): Promise<RunStatus> {
  const { run, outcome } = ending
  const now = deps.clock.now()
  const decision = decide(run, outcome, now)
  const { status, reason, error, requeueAfterS, isNextLeg } = decision
  const isOver = requeueAfterS === null && status !== 'paused'
  const settled: Run = {
    ...run,
    progress: outcome.type === 'completed' ? { ...run.progress, step: outcome.step, percent: 100 } : run.progress,
    status,
    statusReason: reason,
    error,
    leg: isNextLeg ? run.leg + 1 : run.leg,
    attempt: isNextLeg || status === 'paused' ? 0 : run.attempt,
    leaseWorker: null,
    leaseExpiresAt: null,
    imagesPerSecond: isOver ? run.imagesPerSecond : null,
    etaS: isOver ? 0 : null,
    finishedAt: isOver ? new Date(now) : null,
    modelId: outcome.type === 'completed' ? await publishModel(deps, tx, { run, step: outcome.step }) : run.modelId
  }
  const { id, projectId, recipe, init, createdAt, desired, leaseEpoch, ...patch } = settled
  await write(tx, { runId: run.id, epoch: run.leaseEpoch }, patch)
  const event = stateEvent(settled, levelOf(decision))
  const note = outcome.type === 'interrupted' ? { message: outcome.message } : {}
  await tx.events.append(run.id, [{ ...event, data: { ...event.data, ...note } }], new Date(now))
  if (requeueAfterS !== null) await enqueue(tx, settled, requeueAfterS)
  return status
}

function levelOf({ status, isNextLeg }: Decision): 'info' | 'warn' | 'error' {
  if (status === 'failed') return 'error'
  return status === 'queued' && !isNextLeg ? 'warn' : 'info'
}

const enqueue = (tx: Stores, run: Run, startAfterS: number): Promise<void> =>
  tx.jobs.enqueue(
    'run-leg',
    { runId: run.id },
    { key: legKey(run), priority: run.compute.priority, ...(startAfterS > 0 ? { startAfterS } : {}) }
  )

/** A run that reaches its end becomes a model in the same transaction, or neither happens. */
async function publishModel(
  { clock, newId }: LegDeps,
  tx: Stores,
  { run, step }: { run: Run; step: number }
): Promise<string> {
  const id = newId('model')
  const { projectId, name, id: runId, latestCheckpointId: checkpointId } = run
  const createdAt = new Date(clock.now())
  await tx.models.insert(newModel({ id, projectId, name, runId, checkpointId, step, createdAt }))
  await tx.jobs.enqueue('export-model', { modelId: id }, { key: id, project: projectId })
  return id
}

async function takeBack(deps: LegDeps, tx: Stores, { runId, by }: { runId: string; by: Claimant }): Promise<boolean> {
  const now = deps.clock.now()
  const known = await tx.runs.load(runId, { lock: true })
  if (known === null || isFinished(known) || known.status === 'paused' || isLeased(known, now)) return false
  if (known.leaseWorker === null && known.status === 'queued') {
    // Nobody had it: perhaps its job was lost, or dropped by a worker without the devices. A job that waits already makes
    // this a no-op.
    if (!isForTraining(known, now) || serves(by.machine, known.compute)) await enqueue(tx, known, 0)
    else await leaveToOthers(tx, { run: known, by, now })
    return false
  }
  // Claiming, for no time at all, raises the epoch: the lost worker cannot write any more, should it come back.
  const run = await tx.runs.claim(runId, 'supervisor', new Date(now), new Date(now))
  if (run === null) return false
  const message = `Worker ${known.leaseWorker ?? 'unknown'} has not been heard of since its lease ended.`
  await end(deps, tx, { run, outcome: { type: 'interrupted', reason: 'worker_lost', message } })
  return true
}
