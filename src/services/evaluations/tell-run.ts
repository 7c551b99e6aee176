/** What a run learns of an evaluation that it asked for, in the transaction that ends it. */
import { type Evaluation, metricsOf } from '../../domain/evaluation.ts'
import type { NewRunEvent } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'

/** Nothing for one that a user asked for. The run is locked. */
export async function tellRun(tx: Stores, evaluation: Evaluation, at: Date): Promise<void> {
  const { runId, step, results } = evaluation
  if (runId === null) return
  const points = Object.entries(metricsOf(results)).map(([key, value]) => ({ key, step, value }))
  await tx.metrics.write(runId, points)
  await tx.events.append(runId, [eventOf(evaluation)], at)
}

function eventOf({ id, modelId, checkpointId, step, status, results, error }: Evaluation): NewRunEvent {
  const subject = modelId === null ? { checkpoint: checkpointId } : { model: modelId }
  const data = { evaluation: id, status, ...subject, step }
  if (error !== null) return { type: 'evaluation', level: 'warn', data: { ...data, error: { ...error } } }
  return { type: 'evaluation', level: 'info', data: { ...data, metrics: metricsOf(results) } }
}
