/**
 * Fine-tuning: the teacher's backbone and a new linear classifier on its class token learn the bank's labels together, and
 * whole images of the queries are judged. AdamW, a linear warm-up and a cosine to 0 by steps, weight decay of matrices,
 * smoothed labels and random resized crops with flips are what DINO and iBOT take over from DeiT (arXiv 2012.12877, table 9)
 * when they transfer to other datasets; mixing of images, RandAugment, dropped paths and averaged weights are left out.
 *
 * One model is trained for each rate, the rate is chosen on a tenth of the bank that none is trained on, and the images that
 * are judged decide nothing. A single rate leaves nothing to choose, and all of the bank is learned from.
 */
import { AppError } from '../base/errors.ts'
import { type Evaluation, FINETUNE_BATCH, FINETUNE_EPOCHS, FINETUNE_RATES } from '../base/evaluation.ts'
import type { Engine } from '../engine/engine.ts'
import { bootstrapMeans, bootstrapOver } from '../evaluation/intervals.ts'
import { rowsWhere } from '../evaluation/samples.ts'
import { BETA1, BETA2, EPSILON } from '../training/step/scalars.ts'
import { CROPS, openCropBatches, probeCrops } from './crop-batches.ts'
import { type FinetuneShape, finetuneState, finetuneStepProgram } from './finetune-step.ts'
import {
  type EpochsKept,
  type FinetuneProgress,
  type FinetuneSettings,
  ranksOf,
  trainAt,
  type Weights
} from './finetune-training.ts'
import { type BankParts, bankParts, hitsOf, RATE_CHOSEN_ON } from './judging.ts'
import { type KeptTraining, prefixed, type TrainingKeeper, withPrefix } from './kept-training.ts'
import type { LabelledFolder, LabelledFolders, ProbedModel } from './probed-model.ts'

export const FINETUNE_SETTINGS = {
  epochs: FINETUNE_EPOCHS,
  batchSize: FINETUNE_BATCH,
  rates: FINETUNE_RATES,
  weightDecay: 0.05,
  labelSmoothing: 0.1,
  warmupShare: 0.1
} as const

export interface FinetuneTask extends ProbedModel, LabelledFolders {
  readonly engine: Engine
  readonly loaders: number
  readonly signal: AbortSignal
  /** Left out, nothing is kept. */
  readonly keeper?: TrainingKeeper
}

/**
 * Metrics: top1 and, of more than five classes, top5, 0 … 1.
 *
 * @throws AppError evaluation_impossible where training diverges at every rate; the signal's reason when it is aborted
 */
export async function* evaluateFinetune(
  task: FinetuneTask,
  settings: FinetuneSettings
): AsyncGenerator<FinetuneProgress, Evaluation<'finetune'>> {
  const { bank, queries, classes, served } = task
  const { seed, rates } = settings
  const parts = partsOf(bank, classes, settings)
  const shape = { served, classes, batch: Math.min(settings.batchSize, parts.learned.length) }
  const best = yield* trainRates({ ...task, shape, parts }, settings)
  const judged = rowsWhere(queries.labels.length, () => true)
  const ranks = await ranksOf({ ...task, shape }, { folder: queries, rows: judged, weights: best.weights })
  return {
    protocol: 'finetune',
    settings: {
      ...settings,
      batchSize: shape.batch,
      optimizer: 'AdamW',
      betas: [BETA1, BETA2],
      epsilon: EPSILON,
      decayed: 'matrices; no biases, norms, tokens, positions',
      schedule: 'linear from 0 over warmup_share, then cosine to 0, by steps',
      crops: CROPS,
      rateChosenOn: rates.length > 1 ? RATE_CHOSEN_ON : null,
      rateChosen: best.rate,
      ...bootstrapOver('queries')
    },
    bank: bank.labels.length,
    queries: judged.length,
    classes,
    metrics: bootstrapMeans(hitsOf(ranks, classes), seed)
  }
}

const partsOf = ({ labels }: LabelledFolder, classes: number, { rates, seed }: FinetuneSettings): BankParts =>
  rates.length > 1 ? bankParts(labels, classes, seed) : { learned: rowsWhere(labels.length, () => true), choosing: [] }

interface Shaped extends FinetuneTask {
  readonly shape: FinetuneShape
}

interface Training extends Shaped {
  readonly parts: BankParts
}

interface Trained {
  readonly rate: number
  /** Right ones of those that choose. */
  readonly hits: number
  readonly weights: Weights
}

/** Of a training with several rates: what a rate has to know of what is kept. */
interface AtRate {
  readonly best: Trained | null
  /** Epochs of the rates before. */
  readonly over: number
  /** Within this rate; null where it begins. */
  readonly kept: KeptTraining | null
}

const keptEpochs = (keeper: TrainingKeeper | undefined, { best, over, kept }: AtRate): EpochsKept | undefined =>
  keeper && {
    found: kept && { epoch: kept.place - over, state: withPrefix(kept.tensors, NOW) },
    keep: (epoch, read) => keeper.keep(over + epoch, async () => recordOf(best, await read()))
  }

/** Names of tensors begin so: of the rate that is trained, and of the best one so far. */
const [NOW, BEST] = ['now.', 'best.'] as const

const recordOf = (best: Trained | null, now: Weights): Omit<KeptTraining, 'place'> => ({
  tensors: { ...prefixed(now, NOW), ...prefixed(best?.weights ?? {}, BEST) },
  notes: best === null ? {} : { rate: String(best.rate), hits: String(best.hits) }
})

function keptBest({ tensors, notes: { rate, hits } }: KeptTraining): Trained | null {
  return rate === undefined ? null : { rate: Number(rate), hits: Number(hits), weights: withPrefix(tensors, BEST) }
}

/** The first of those that are best on the part that chooses. */
async function* trainRates(training: Training, settings: FinetuneSettings): AsyncGenerator<FinetuneProgress, Trained> {
  const { engine, shape, bank, config, loaders, parts } = training
  const plan = probeCrops(config.imageSize, config)
  const crops = await openCropBatches({ datasetFolder: bank.folder, plan, seed: settings.seed, loaders })
  const held = finetuneState(shape).map(({ name }) => name)
  const stepping = await engine.loadStepping(finetuneStepProgram(shape), { held }).catch(async (error) => {
    await crops.close()
    throw error
  })
  const { keeper } = training
  const kept = keeper?.found ?? null
  let best = kept && keptBest(kept)
  try {
    for (const [place, rate] of settings.rates.entries()) {
      const over = place * settings.epochs
      if (kept !== null && kept.place >= over + settings.epochs) continue
      const trained = { best: best as Trained | null, over, kept: kept !== null && kept.place > over ? kept : null }
      const of = { ...training, learned: parts.learned, crops, stepping, epochsKept: keptEpochs(keeper, trained) }
      const weights = yield* trainAt(rate, of, settings)
      if (weights !== null) {
        const ranks = await ranksOf(training, { folder: bank, rows: parts.choosing, weights })
        const hits = ranks.filter((rank) => rank === 0).length
        if (best === null || hits > best.hits) best = { rate, hits, weights }
      }
      await keeper?.keep(over + settings.epochs, async () => recordOf(best, {}))
    }
  } finally {
    await crops.close()
    await stepping.dispose()
  }
  if (best !== null) return best
  const message = `finetune diverges: the loss is no finite number at ${settings.rates.join(', ')}; try smaller rates.`
  throw new AppError('evaluation_impossible', { message })
}
