/**
 * Runs that no worker has and that may need a job: those whose worker is gone, and those that wait without one. The first are few and
 * are taken back at once. Of the second there may be thousands that this machine or their project's quota does not suit, looked at
 * by every worker every few seconds: only one that is to be changed costs a transaction.
 */
import { isFinished, type Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { jitterS } from '../jobs/jitter.ts'
import { createRound } from '../jobs/round.ts'
import { type Claimant, isFor, suits, WAITING } from './leg-devices.ts'
import { end } from './leg-ends.ts'
import { enqueueLeg, legKey } from './leg-job.ts'
import { isLeased, type LegDeps } from './leg-lease.ts'
import { fits, mayHaveRoom, type Room, roomOf, WAITING_FOR_QUOTA } from './leg-quota.ts'
import { isForTraining } from './leg-rules.ts'

/** Returns the ids of the runs that it took back. */
export function createRecovery(deps: LegDeps): (by: Claimant) => Promise<readonly string[]> {
  const { unitOfWork, stores, clock, leaseMs } = deps
  let lookFrom = Number.NEGATIVE_INFINITY
  const lookAtWaiting = createRound<Run>((last, limit) => stores.runs.listUnheld(last?.id ?? null, limit))

  /** While the database was away no worker could renew its lease: those that live get the time to do so first. */
  async function listLost(): Promise<readonly Run[]> {
    try {
      return await stores.runs.listLost(await stores.now())
    } catch (error) {
      lookFrom = clock.now() + leaseMs
      throw error
    }
  }

  return async function recover(by) {
    if (clock.now() < lookFrom) return []
    const taken: string[] = []
    for (const { id } of await listLost()) if (await unitOfWork((tx) => takeBack(deps, tx, id))) taken.push(id)
    const rooms = new Map<string, Room>()
    for await (const page of lookAtWaiting()) {
      for (const { id } of await needingWork(stores, page, { by, rooms }))
        await unitOfWork((tx) => queueWaiting(tx, { runId: id, by }))
    }
    return taken
  }
}

/** Of runs that wait: those that are to have a job, or to say what they wait for. */
async function needingWork(
  stores: Stores,
  runs: readonly Run[],
  { by, rooms }: { readonly by: Claimant; readonly rooms: Map<string, Room> }
): Promise<readonly Run[]> {
  const withJob = new Set(await stores.jobs.withJob(runs.map(legKey)))
  const now = await stores.now()
  const needing: Run[] = []
  for (const run of runs) {
    if (withJob.has(legKey(run))) continue
    if (!isForTraining(run, now)) needing.push(run)
    else if (run.statusReason === WAITING_FOR_QUOTA) {
      const room = rooms.get(run.projectId) ?? (await roomOf(stores, run, false))
      const hasRoom = fits(room, run)
      if (hasRoom) needing.push(run)
      rooms.set(run.projectId, hasRoom ? { ...room, used: room.used + run.compute.devices } : room)
    } else if (run.statusReason !== WAITING || suits(by.machine, run)) needing.push(run)
  }
  return needing
}

/** Nobody had it: perhaps its job was lost, or dropped by a worker that it is not for. A job that waits already makes this a no-op. */
async function queueWaiting(tx: Stores, { runId, by }: { runId: string; by: Claimant }): Promise<void> {
  const known = await tx.runs.load(runId, { lock: true })
  const now = await tx.now()
  if (known === null || known.status !== 'queued' || known.leaseWorker !== null) return
  if (!isForTraining(known, now)) await enqueueLeg(tx, known, 0)
  else if (known.statusReason === WAITING_FOR_QUOTA && !(await mayHaveRoom(tx, known))) return
  else if (await isFor(tx, known, { by, now }))
    await enqueueLeg(tx, known, known.statusReason === WAITING ? jitterS() : 0)
}

async function takeBack(deps: LegDeps, tx: Stores, runId: string): Promise<boolean> {
  const known = await tx.runs.load(runId, { lock: true })
  const now = await tx.now()
  if (known === null || isFinished(known) || known.status === 'paused' || isLeased(known, now)) return false
  if (known.leaseWorker === null && known.status === 'queued') return false
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
