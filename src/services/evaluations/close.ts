/** The end of an evaluation, and what the run that asked for it learns of it: in one transaction. */
import { type Evaluation, isEvaluated, metricsOf } from '../../domain/evaluation.ts'
import type { NewRunEvent } from '../../domain/run.ts'
import type { EvaluationPatch, Stores } from '../../domain/stores.ts'

/** Null for one that has ended, which stays as it is. Its run is locked first, as by legs, which lock the evaluation second. */
export async function lockOpen(tx: Stores, id: string): Promise<Evaluation | null> {
  const { runId } = (await tx.evaluations.load(id)) ?? { runId: null }
  if (runId !== null) await tx.runs.load(runId, { lock: true })
  const known = await tx.evaluations.load(id, { lock: true })
  return known === null || isEvaluated(known) ? null : known
}

/** @param known as `lockOpen` gave it */
export async function close(
  tx: Stores,
  known: Evaluation,
  patch: EvaluationPatch & { readonly finishedAt: Date }
): Promise<Evaluation> {
  await tx.evaluations.update(known.id, patch)
  const ended = { ...known, ...patch }
  if (ended.runId !== null) await tellRun(tx, { ...ended, runId: ended.runId }, patch.finishedAt)
  return ended
}

async function tellRun(tx: Stores, evaluation: Evaluation & { readonly runId: string }, at: Date): Promise<void> {
  const { runId, step, results } = evaluation
  const points = Object.entries(metricsOf(results)).map(([key, value]) => ({ key, step, value }))
  await tx.metrics.write(runId, points)
  await tx.events.append(runId, [eventOf(evaluation)], at)
}

function eventOf({ id, modelId, checkpointId, step, status, results, error }: Evaluation): NewRunEvent {
  const subject = modelId === null ? { checkpoint: checkpointId } : { model: modelId }
  const data = { evaluation: id, status, ...subject, step }
  if (error !== null) return { type: 'evaluation', level: 'warn', data: { ...data, error: { ...error } } }
  const metrics = status === 'succeeded' ? { metrics: metricsOf(results) } : {}
  return { type: 'evaluation', level: 'info', data: { ...data, ...metrics } }
}
