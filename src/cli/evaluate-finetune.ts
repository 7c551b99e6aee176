/** `kappa evaluate --protocol finetune`: backbone and classifier trained on crops of the packed images themselves. */
import type { Evaluation } from '../base/evaluation.ts'
import { createEngine } from '../engine/create-engine.ts'
import { evaluateFinetune, FINETUNE_SETTINGS } from '../probing/finetune.ts'
import { openProbedModel, readLabels } from '../probing/probed-model.ts'
import { LOADERS, type TrainedSources, type TrainingRun } from './evaluate-trained.ts'

export interface FinetuneEvaluation extends Evaluation<'finetune'> {
  /** Of what the classifier reads. */
  readonly dimensions: number
}

export interface FinetuneRun extends TrainingRun {
  readonly rates: readonly number[] | undefined
}

/**
 * @throws AppError evaluation_impossible naming an image without a label, or where training diverges at every rate; the
 * signal's reason when it is stopped
 */
export async function runFinetune(sources: TrainedSources, run: FinetuneRun): Promise<FinetuneEvaluation> {
  const { epochs, rates, seed, threads, output, signal } = run
  const model = await openProbedModel(sources.model)
  const folders = await readLabels({ bank: sources.bank.path, queries: sources.queries!.path, by: 'finetune' })
  const engine = createEngine(threads === undefined ? {} : { threads })
  const settings = { ...FINETUNE_SETTINGS, ...(epochs && { epochs }), ...(rates && { rates }), seed }
  try {
    const going = evaluateFinetune({ ...model, ...folders, engine, loaders: LOADERS, signal }, settings)
    for (;;) {
      const next = await going.next()
      if (next.done) return { ...next.value, dimensions: model.served.network.dim }
      const { rate, epoch, epochs: all } = next.value
      output.progress(
        { type: 'evaluating', protocol: 'finetune', rate, epoch, epochs: all },
        `finetune … rate ${rate}, epoch ${epoch}/${all}`
      )
    }
  } finally {
    await engine.dispose()
  }
}
