/** What a running leg leaves behind: metrics, progress, checkpoints, alarms. All of it under the fence of leg-lease.ts. */
import type { JsonObject } from '../../base/json.ts'
import type { Checkpoint, StoredFile } from '../../domain/checkpoint.ts'
import type { Lease, MetricPoint, NewRunEvent, Run, RunIntent, RunProgress } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { evaluateOnTheWay } from '../evaluations/on-the-way.ts'
import { expiryOf, hold, type LegDeps, stateEvent, write } from './leg-lease.ts'
import { removalOf, retireSuperseded } from './run-removal.ts'

/** One flush: points, where the run is, and, at its own slower pace, an event for those who watch. */
export interface StepReport {
  readonly points: readonly MetricPoint[]
  readonly progress: RunProgress
  readonly imagesPerSecond: number | null
  readonly etaS: number | null
  /** Latest value of each metric; null when no progress event is due. */
  readonly event: Readonly<Record<string, number>> | null
  /** Points that did not fit in memory while the database was away. */
  readonly dropped: number
}

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
  const { unitOfWork, clock } = deps
  const now = () => new Date(clock.now())
  return {
    recordSteps: (lease, report) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        const { points, progress, imagesPerSecond, etaS } = report
        if (points.length > 0) await tx.metrics.write(run.id, points)
        await write(tx, lease, { progress, imagesPerSecond, etaS, leaseExpiresAt: expiryOf(deps) })
        const events = eventsOf(report)
        if (events.length > 0) await tx.events.append(run.id, events, now())
        return run.desired
      }),

    commitCheckpoint: (lease, uploaded) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        if ((await tx.checkpoints.load(uploaded.id)) !== null) return
        const bytes = uploaded.files.reduce((sum, file) => sum + file.bytes, 0)
        const { id, projectId } = run
        const leaseEpoch = lease.epoch
        const createdAt = now()
        const owned = { projectId, runId: id, leaseEpoch, bytes, status: 'complete', keep: false, createdAt } as const
        const checkpoint = { ...uploaded, ...owned }
        await tx.checkpoints.insert(checkpoint)
        const isPastError = run.error !== null && uploaded.step >= (run.error.step ?? 0)
        const patch = { latestCheckpointId: uploaded.id, attempt: 1, leaseExpiresAt: expiryOf(deps) }
        await write(tx, lease, isPastError ? { ...patch, error: null } : patch)
        const { step, epoch, stateHash } = uploaded
        const data = { checkpoint: uploaded.id, step, epoch, bytes, stateHash }
        const evaluated = await evaluateOnTheWay(tx, { run, checkpoint, newId: deps.newId })
        await tx.events.append(id, [{ type: 'checkpoint', level: 'info', data }, ...evaluated], createdAt)
      }),

    discardCheckpoint: (lease, checkpoint, reason) =>
      unitOfWork(async (tx) => {
        const run = await hold(tx, lease)
        await tx.checkpoints.markDeleted(checkpoint.id)
        await tx.removals.add([removalOf(checkpoint)], now())
        const message = `Checkpoint ${checkpoint.id} of step ${checkpoint.step} cannot be read: ${reason}`
        const data = { message, checkpoint: checkpoint.id, step: checkpoint.step }
        await tx.events.append(run.id, [{ type: 'message', level: 'warn', data }], now())
      }),

    retireCheckpoints: (lease) => unitOfWork(async (tx) => retireSuperseded(tx, await hold(tx, lease), now())),

    raiseAlarm: (lease, alarm) => unitOfWork((tx) => raiseAlarm(deps, tx, { lease, alarm }))
  }
}

function eventsOf({ event, dropped, progress, imagesPerSecond, etaS }: StepReport): NewRunEvent[] {
  const data: JsonObject = { ...progress, imagesPerSecond, etaS, metrics: event ?? {} }
  const message = `The database was away for long: ${dropped} metric points were not kept.`
  return [
    ...(event === null ? [] : [{ type: 'progress', level: 'info', data } as const]),
    ...(dropped === 0 ? [] : [{ type: 'message', level: 'warn', data: { message, dropped } } as const])
  ]
}

async function raiseAlarm(
  deps: LegDeps,
  tx: Stores,
  { lease, alarm }: { lease: Lease; alarm: RaisedAlarm }
): Promise<void> {
  const run = await hold(tx, lease)
  const isCollapse = alarm.rule !== 'plateau'
  const shouldPause = isCollapse && run.alarms.some(({ rule, action }) => rule === 'collapse' && action === 'pause')
  const at = new Date(deps.clock.now())
  const data = {
    ...alarm,
    action: shouldPause ? 'pause' : 'notify',
    lastHealthyCheckpoint: await lastHealthyCheckpoint(tx, run, alarm.sinceStep)
  }
  const events: NewRunEvent[] = [{ type: 'alarm', level: 'warn', data }]
  if (shouldPause && run.desired === 'run') {
    const pausing = { status: 'pausing', statusReason: `alarm:${alarm.rule}` } as const
    await write(tx, lease, { ...pausing, leaseExpiresAt: expiryOf(deps) })
    await tx.runs.update(run.id, { desired: 'pause' })
    events.push(stateEvent({ ...run, ...pausing }, 'warn'))
  }
  await tx.events.append(run.id, events, at)
}

async function lastHealthyCheckpoint(tx: Stores, run: Run, sinceStep: number): Promise<string | null> {
  const { data } = await tx.checkpoints.listByRun(run.projectId, run.id, { limit: HEALTHY_CANDIDATES, after: null })
  return data.find(({ status, step }) => status === 'complete' && step < sinceStep)?.id ?? null
}
