/** A dataset embedded in a trainer child, part by part. */
import type { LoadedProgram } from '../engine/engine.ts'
import type { EmbeddingEvent, EmbedRequest } from '../protocol/embedding-messages.ts'
import { embedParts } from '../serving/embed-parts.ts'
import { openServingModel } from '../serving/serving-model.ts'

/** Ends early when the signal is aborted: what is whole by then was told. */
export async function* embedDataset(
  { modelFolder, ...request }: Omit<EmbedRequest, 'threads'>,
  signal: AbortSignal,
  openOnnxFile: (path: string) => Promise<LoadedProgram>
): AsyncGenerator<EmbeddingEvent> {
  const model = await openServingModel(modelFolder, openOnnxFile)
  try {
    let done = request.firstPart * request.partImages
    for await (const { images, part } of embedParts({ ...request, model })) {
      done = images
      yield { type: 'embedding_progress', images }
      if (part !== null) yield { type: 'embedded_part', ...part }
      if (signal.aborted) return yield { type: 'done', step: 0, reason: 'stopped' }
    }
    yield { type: 'embedded', images: done }
  } finally {
    await model.dispose()
  }
}
