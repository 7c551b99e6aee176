/** Runs and checkpoints that users delete or keep. Their objects go later: services/removals. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import { checkRunDeletable } from '../../domain/removal.ts'
import { isFinished, type Run } from '../../domain/run.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { refuseInUse } from '../removals/refuse-in-use.ts'
import { dequeueLeg } from './leg-job.ts'
import { judgeCheckpoints, type KeptCheckpoint, removalOf } from './retention.ts'

export interface RunRemovalDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

export interface CheckpointName {
  readonly runId: string
  readonly checkpointId: string
}

async function lockRun(tx: Stores, projectId: string, id: string): Promise<Run> {
  const known = await tx.runs.load(id, { lock: true })
  if (known?.projectId !== projectId) throw new AppError('run_not_found', { runId: id })
  return known
}

export function createRunRemoval({ unitOfWork, clock }: RunRemovalDeps) {
  return {
    /**
     * With its checkpoints, events and metrics; models and evaluations stay, and keep its id.
     *
     * @throws AppError run_not_found, run_not_deletable, run_in_use
     */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const run = await lockRun(tx, projectId, id)
        checkRunDeletable(run)
        const checkpoints = await tx.checkpoints.listKeeping(id)
        const kept = checkpoints.filter((one) => one.keep).map((one) => one.id)
        if (kept.length > 0) {
          const message = `Run ${id} has checkpoints that are kept: ${kept.join(', ')}. Take their keep marks away first.`
          throw new AppError('run_in_use', { message, runId: id, usedBy: kept })
        }
        await tx.runs.remove(id)
        await dequeueLeg(tx, run)
        const wanted = { code: 'run_in_use', name: `Run ${id}`, details: { runId: id } } as const
        refuseInUse(await tx.uses.ofRun(id), wanted)
        refuseInUse(await tx.uses.ofCheckpoints(checkpoints.map((one) => one.id)), wanted)
        const removal = { projectId, what: 'run', subject: id, prefix: `runs/${id}/`, multipartId: null } as const
        await tx.removals.add([removal], new Date(clock.now()))
      }),

    /** @throws AppError run_not_found, checkpoint_not_found; checkpoint_in_use, also for the newest one and one that is kept */
    removeCheckpoint: (projectId: string, { runId, checkpointId }: CheckpointName): Promise<void> =>
      unitOfWork(async (tx) => {
        const run = await lockRun(tx, projectId, runId)
        const checkpoint = await requireOf(tx, run, checkpointId)
        const now = new Date(clock.now())
        await checkUnneeded(tx, run, checkpoint)
        await tx.checkpoints.remove(checkpointId)
        const details = { runId, checkpoint: checkpointId }
        const wanted = { code: 'checkpoint_in_use', name: `Checkpoint ${checkpointId}`, details } as const
        refuseInUse(await tx.uses.ofCheckpoints([checkpointId]), wanted)
        if (run.latestCheckpointId === checkpointId) {
          const newest = await tx.checkpoints.findNewest(runId)
          await tx.runs.update(runId, { latestCheckpointId: newest?.id ?? null })
        }
        const message = `Checkpoint ${checkpointId} of step ${checkpoint.step} was deleted.`
        const data = { message, checkpoint: checkpointId, step: checkpoint.step }
        await tx.events.append(runId, [{ type: 'message', level: 'info', data }], now)
        await tx.removals.add([removalOf(checkpoint)], now)
      }),

    /** @throws AppError run_not_found, checkpoint_not_found, precondition_failed */
    keepCheckpoint: (
      projectId: string,
      { runId, checkpointId }: CheckpointName,
      { keep, isExpected }: Pick<Checkpoint, 'keep'> & Expecting<Checkpoint>
    ): Promise<KeptCheckpoint> =>
      unitOfWork(async (tx) => {
        const run = await lockRun(tx, projectId, runId)
        const checkpoint = await requireOf(tx, run, checkpointId)
        if (checkpoint.status !== 'complete') {
          const message = `Checkpoint ${checkpointId} was removed: there is nothing to keep.`
          throw new AppError('checkpoint_not_found', { message, checkpoint: checkpointId })
        }
        checkExpected(checkpoint, { isExpected }, `Checkpoint ${checkpointId}`)
        await tx.checkpoints.update(checkpointId, { keep })
        const { because } = await judgeCheckpoints(tx, run)
        return { ...checkpoint, keep, keptBecause: because.get(checkpointId) ?? [] }
      })
  }
}

async function requireOf(tx: Stores, run: Run, id: string): Promise<Checkpoint> {
  const checkpoint = await tx.checkpoints.load(id)
  if (checkpoint?.runId !== run.id) throw new AppError('checkpoint_not_found', { checkpoint: id })
  return checkpoint
}

/** A record without files may always go. A run that has succeeded needs none any more; the others may go on from the newest. */
async function checkUnneeded(tx: Stores, run: Run, checkpoint: Checkpoint): Promise<void> {
  if (checkpoint.status !== 'complete') return
  const details = { runId: run.id, checkpoint: checkpoint.id }
  if (checkpoint.keep) {
    const message = `Checkpoint ${checkpoint.id} is kept. Take its keep mark away first.`
    throw new AppError('checkpoint_in_use', { message, ...details })
  }
  if (run.status === 'succeeded') return
  const newest = await tx.checkpoints.findNewest(run.id)
  if (newest?.id !== checkpoint.id) return
  const how = isFinished(run) ? 'may be tried again' : 'has not ended'
  const message = `Checkpoint ${checkpoint.id} is the newest of run ${run.id}, which ${how} and would go on from it. Delete the run instead.`
  throw new AppError('checkpoint_in_use', { message, ...details })
}
