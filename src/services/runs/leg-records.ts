/** What a running leg leaves behind: metrics, progress, checkpoints, alarms. All of it under the fence of leg-lease.ts. */
import type { Checkpoint, StoredFile } from '../../domain/checkpoint.ts'
import type { Lease, NewRunEvent, Run, RunIntent } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { evaluateOnTheWay } from '../evaluations/on-the-way.ts'
import { expiryAfter, hold, type LegDeps, stateEvent, write } from './leg-lease.ts'
import { removalOf, retireSuperseded } from './retention.ts'
import { createStepReports, type StepReport } from './step-reports.ts'

/** A checkpoint whose manifest is in the object store. `id` makes a repeated commit a no-op. */
export interface UploadedCheckpoint {
  readonly id: string
  readonly step: number
  readonly epoch: number
  readonly prefix: string
  readonly files: readonly StoredFile[]
  readonly stateHash: string
  readonly metrics: Readonly<Record<string, number>>
}

export interface RaisedAlarm {
  readonly rule: 'collapse_uniform' | 'collapse_few' | 'collapse_alike' | 'plateau'
  readonly step: number
  readonly sinceStep: number
  readonly message: string
}

export interface LegRecords {
  /** Returns what the user wants of the run by now. */
  recordSteps(lease: Lease, report: StepReport): Promise<RunIntent>
  commitCheckpoint(lease: Lease, uploaded: UploadedCheckpoint): Promise<void>
  /** A checkpoint that cannot be read back is no checkpoint: it is marked, and the run says so. */
  discardCheckpoint(lease: Lease, checkpoint: Checkpoint, reason: string): Promise<void>
  /** Marks the checkpoints that the run's policy does not keep; their objects go later. */
  retireCheckpoints(lease: Lease): Promise<void>
  /** Writes the event and, if the run asks for it, the wish to pause, which the next heartbeat reports. */
  raiseAlarm(lease: Lease, alarm: RaisedAlarm): Promise<void>
}

const HEALTHY_CANDIDATES = 50

export function createLegRecords(deps: LegDeps): LegRecords {
  const { unitOfWork } = deps
  return {
    recordSteps: createStepReports(deps),

    commitCheckpoint: (lease, uploaded) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        if ((await tx.checkpoints.load(uploaded.id)) !== null) return
        const bytes = uploaded.files.reduce((sum, file) => sum + file.bytes, 0)
        const { id, projectId } = run
        const leaseEpoch = lease.epoch
        const createdAt = await tx.now()
        const owned = { projectId, runId: id, leaseEpoch, bytes, status: 'complete', keep: false, createdAt } as const
        const checkpoint = { ...uploaded, ...owned }
        await tx.checkpoints.insert(checkpoint)
        const isPast = [run.error, ...run.failures].every((one) => uploaded.step >= (one?.step ?? 0))
        const patch = { latestCheckpointId: uploaded.id, attempt: 1, leaseExpiresAt: expiryAfter(createdAt, deps) }
        await write(tx, lease, isPast ? { ...patch, error: null, failures: [] } : patch)
        const { step, epoch, stateHash } = uploaded
        const data = { checkpoint: uploaded.id, step, epoch, bytes, stateHash }
        const evaluated = await evaluateOnTheWay(tx, { run, checkpoint, newId: deps.newId })
        await tx.events.append(id, [{ type: 'checkpoint', level: 'info', data }, ...evaluated], createdAt)
      }),

    discardCheckpoint: (lease, checkpoint, reason) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        await tx.checkpoints.markDeleted(checkpoint.id)
        await tx.removals.add([removalOf(checkpoint)], await tx.now())
        const message = `Checkpoint ${checkpoint.id} of step ${checkpoint.step} cannot be read: ${reason}`
        const data = { message, checkpoint: checkpoint.id, step: checkpoint.step }
        await tx.events.append(run.id, [{ type: 'message', level: 'warn', data }], await tx.now())
      }),

    retireCheckpoints: (lease) => unitOfWork(async (tx) => retireSuperseded(tx, await hold(tx, lease), await tx.now())),

    raiseAlarm: (lease, alarm) => unitOfWork((tx) => raiseAlarm(deps, tx, { lease, alarm }))
  }
}

async function raiseAlarm(
  deps: LegDeps,
  tx: Stores,
  { lease, alarm }: { lease: Lease; alarm: RaisedAlarm }
): Promise<void> {
  const run = await hold(tx, lease)
  const isCollapse = alarm.rule !== 'plateau'
  const shouldPause = isCollapse && run.alarms.some(({ rule, action }) => rule === 'collapse' && action === 'pause')
  const at = await tx.now()
  const data = {
    ...alarm,
    action: shouldPause ? 'pause' : 'notify',
    lastHealthyCheckpoint: await lastHealthyCheckpoint(tx, run, alarm.sinceStep)
  }
  const events: NewRunEvent[] = [{ type: 'alarm', level: 'warn', data }]
  if (shouldPause && run.desired === 'run') {
    const pausing = { status: 'pausing', statusReason: `alarm:${alarm.rule}` } as const
    await write(tx, lease, { ...pausing, leaseExpiresAt: expiryAfter(at, deps) })
    await tx.runs.update(run.id, { desired: 'pause' })
    events.push(stateEvent({ ...run, ...pausing }, 'warn'))
  }
  await tx.runs.update(run.id, { lastAlarm: { rule: alarm.rule, step: alarm.step, at: at.toISOString() } })
  await tx.events.append(run.id, events, at)
}

async function lastHealthyCheckpoint(tx: Stores, run: Run, sinceStep: number): Promise<string | null> {
  const { data } = await tx.checkpoints.listByRun(run.projectId, run.id, { limit: HEALTHY_CANDIDATES, after: null })
  return data.find(({ status, step }) => status === 'complete' && step < sinceStep)?.id ?? null
}
