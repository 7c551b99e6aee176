/** How a leg ends: the decision of leg-rules.ts, its event, the next leg's job or the model's, in one transaction. */
import { isOfNode } from '../../domain/blame.ts'
import type { Run, RunStatus } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { nodeOf } from '../../domain/worker.ts'
import { newModel } from '../models/new-model.ts'
import { otherNodes } from '../workers/workers.ts'
import { suits } from './leg-devices.ts'
import { enqueueLeg } from './leg-job.ts'
import { type LegDeps, stateEvent, write } from './leg-lease.ts'
import { wakeWaiting } from './leg-quota.ts'
import { type Decision, decide, type LegOutcome } from './leg-rules.ts'

export interface Settled {
  readonly status: RunStatus
  /** It failed, and as far as anybody knows only here. */
  readonly isOfNode: boolean
}

export async function end(deps: LegDeps, tx: Stores, ending: { run: Run; outcome: LegOutcome }): Promise<Settled> {
  const { run, outcome } = ending
  const now = await tx.now()
  const node = nodeOf(run.leaseWorker ?? 'unknown')
  const others = await otherNodes(tx, node, ({ machine }) => suits(machine, run))
  const decision = decide(run, outcome, { now: now.getTime(), node, others })
  const { status, reason, error, failures, requeueAfterS, isNextLeg } = decision
  const isOver = requeueAfterS === null && status !== 'paused'
  const settled: Run = {
    ...run,
    progress: outcome.type === 'completed' ? { ...run.progress, step: outcome.step, percent: 100 } : run.progress,
    status,
    statusReason: reason,
    error,
    failures,
    leg: isNextLeg ? run.leg + 1 : run.leg,
    attempt: isNextLeg || status === 'paused' ? 0 : run.attempt - (wasPreempted(outcome) ? 1 : 0),
    leaseWorker: null,
    leaseExpiresAt: null,
    imagesPerSecond: isOver ? run.imagesPerSecond : null,
    etaS: isOver ? 0 : null,
    finishedAt: isOver ? now : null,
    modelId: outcome.type === 'completed' ? await publishModel(deps, tx, { run, step: outcome.step }) : run.modelId
  }
  const { id, projectId, recipe, init, createdAt, desired, leaseEpoch, ...patch } = settled
  await write(tx, { runId: run.id, epoch: run.leaseEpoch }, patch)
  const event = stateEvent(settled, levelOf(decision))
  const note = outcome.type === 'interrupted' ? { message: outcome.message } : {}
  await tx.events.append(run.id, [{ ...event, data: { ...event.data, ...note } }], now)
  if (requeueAfterS !== null) await enqueueLeg(tx, settled, requeueAfterS)
  // One that goes on at once takes its devices again.
  if (requeueAfterS !== 0) await wakeWaiting(tx, projectId)
  return { status, isOfNode: failures.length > run.failures.length && isOfNode(failures) }
}

/** A worker that was told to end tried nothing. */
const wasPreempted = (outcome: LegOutcome): boolean => outcome.type === 'interrupted' && outcome.reason === 'preempted'

function levelOf({ status, isNextLeg }: Decision): 'info' | 'warn' | 'error' {
  if (status === 'failed') return 'error'
  return status === 'queued' && !isNextLeg ? 'warn' : 'info'
}

/** A run that reaches its end becomes a model in the same transaction, or neither happens. */
async function publishModel(
  { newId }: LegDeps,
  tx: Stores,
  { run, step }: { run: Run; step: number }
): Promise<string> {
  const id = newId('model')
  const { projectId, name, id: runId, latestCheckpointId: checkpointId } = run
  const createdAt = await tx.now()
  await tx.models.insert(newModel({ id, projectId, name, runId, checkpointId, step, createdAt }))
  await tx.jobs.enqueue('export-model', { modelId: id }, { key: id, project: projectId })
  return id
}
