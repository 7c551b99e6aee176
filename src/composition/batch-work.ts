/** A batch answered in a trainer child, part by part. */
import type { LoadedProgram } from '../engine/engine.ts'
import type { BatchEvent, BatchRequestMessage } from '../protocol/batch-messages.ts'
import { answerBatch } from '../serving/answer-batch.ts'
import { surveyBatch } from '../serving/batch-survey.ts'
import { openServingModel } from '../serving/serving-model.ts'

/** Ends early when the signal is aborted: what is whole by then was told. */
export async function* runBatch(
  { modelFolder, ...request }: Omit<BatchRequestMessage, 'threads'>,
  signal: AbortSignal,
  openOnnxFile: (path: string) => Promise<LoadedProgram>
): AsyncGenerator<BatchEvent> {
  const survey = await surveyBatch(request, signal)
  if (survey === null) return yield { type: 'done', step: 0, reason: 'stopped' }
  yield { type: 'batch_surveyed', images: survey.images }
  const model = await openServingModel(modelFolder, openOnnxFile)
  try {
    for await (const { position, part } of answerBatch({ ...request, ids: survey.ids, model })) {
      yield { type: 'batch_progress', position }
      if (part !== null) yield { type: 'batch_part', ...part, position }
      if (signal.aborted) return yield { type: 'done', step: 0, reason: 'stopped' }
    }
    yield { type: 'batch_answered' }
  } finally {
    await model.dispose()
  }
}
