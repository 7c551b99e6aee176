/**
 * What a run asks for of its checkpoints: one is measured for every so many epochs, as a job beside the training.
 *
 *   checkpoint committed ─→ due? ─→ queued ──a worker begins──→ running, succeeded: metrics of the run at its step
 *                            │        │ ↑
 *                            └ no     └ a newer one is due before anybody has begun: this evaluation moves on to it
 *
 * So a run has at most one evaluation that waits, in the place in the queue that it had, however slow its workers are.
 */
import type { IdKind } from '../../base/ids.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { planOf, queueOrFailEvaluation } from './new-evaluation.ts'

/** Among so many of the newest is the one before: retired ones lie behind those that are kept. */
const LOOKED_AT = 100

/** The epoch of the newest complete checkpoint before this step: a run that was thrown back measures anew. */
async function epochBefore(tx: Stores, { projectId, id }: Run, step: number): Promise<number> {
  const { data } = await tx.checkpoints.listByRun(projectId, id, { limit: LOOKED_AT, after: null })
  const before = data.filter((one) => one.status === 'complete' && one.step < step)
  return Math.max(0, ...before.map(({ epoch }) => epoch))
}

/**
 * In the transaction that commits the checkpoint, whose run is locked. The last step is left to the model, which is measured
 * when it is ready.
 *
 * @returns what the run has to tell of it
 */
export async function evaluateOnTheWay(
  tx: Stores,
  {
    run,
    checkpoint,
    newId
  }: { readonly run: Run; readonly checkpoint: Checkpoint; readonly newId: (kind: IdKind) => string }
): Promise<NewRunEvent[]> {
  const { evaluation } = run
  const every = evaluation?.everyEpochs
  const { id: checkpointId, step, epoch, createdAt } = checkpoint
  if (!evaluation || every === undefined || step >= run.progress.totalSteps) return []
  const epochs = (whole: number) => Math.floor(whole / every)
  if (epochs(epoch) === epochs(await epochBefore(tx, run, step))) return []
  const waiting = await tx.evaluations.lockWaiting(run.id)
  if (waiting !== null) {
    await tx.evaluations.update(waiting.id, { checkpointId, step })
    const message = `Step ${waiting.step} is not evaluated: nobody had begun when step ${step} was due.`
    const data = { message, evaluation: waiting.id, status: 'queued', checkpoint: checkpointId, step, epoch }
    return [{ type: 'evaluation', level: 'warn', data }]
  }
  const id = newId('evaluation')
  const { projectId, name, id: runId } = run
  const subject = { modelId: null, checkpointId, step, runId }
  await queueOrFailEvaluation(tx, {
    id,
    projectId,
    name,
    ...subject,
    metadata: {},
    createdAt,
    plan: planOf(evaluation)
  })
  const data = { evaluation: id, status: 'queued', checkpoint: checkpointId, step, epoch }
  return [{ type: 'evaluation', level: 'info', data }]
}
