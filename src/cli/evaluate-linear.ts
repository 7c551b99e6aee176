/** `kappa evaluate --protocol linear`, which trains on crops of the packed images themselves. */
import type { Evaluation } from '../base/evaluation.ts'
import { createEngine } from '../engine/create-engine.ts'
import { evaluateLinear, LINEAR_SETTINGS, officialTokens, probedDimensions } from '../probing/linear.ts'
import { openProbedModel, readLabels } from '../probing/probed-model.ts'
import { LOADERS, type TrainedSources, type TrainingRun } from './evaluate-trained.ts'

export interface LinearEvaluation extends Evaluation<'linear'> {
  /** Of what the classifier reads. */
  readonly dimensions: number
}

/** @throws AppError evaluation_impossible naming an image without a label; the signal's reason when it is stopped */
export async function runLinear(sources: TrainedSources, run: TrainingRun): Promise<LinearEvaluation> {
  const { epochs, seed, threads, output, signal } = run
  const model = await openProbedModel(sources.model)
  const folders = await readLabels({ bank: sources.bank.path, queries: sources.queries!.path, by: 'linear' })
  const engine = createEngine(threads === undefined ? {} : { threads })
  const settings = {
    ...LINEAR_SETTINGS,
    ...officialTokens(model.served.network),
    ...(epochs === undefined ? {} : { epochs }),
    seed
  }
  try {
    const going = evaluateLinear({ ...model, ...folders, engine, loaders: LOADERS, signal }, settings)
    for (;;) {
      const next = await going.next()
      if (next.done) return { ...next.value, dimensions: probedDimensions(model.served.network, settings) }
      const { epoch, epochs: all } = next.value
      output.progress({ type: 'evaluating', protocol: 'linear', epoch, epochs: all }, `linear … epoch ${epoch}/${all}`)
    }
  } finally {
    await engine.dispose()
  }
}
