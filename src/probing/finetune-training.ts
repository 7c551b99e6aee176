/** Backbone and classifier trained at one rate, and what they say of whole images. */
import type { Engine, HeldState, SteppingProgram } from '../engine/engine.ts'
import { elementCount } from '../engine/tensor-spec.ts'
import { prng } from '../math/prng.ts'
import { warmupCosine } from '../math/schedules.ts'
import type { CropBatches } from './crop-batches.ts'
import {
  CLASSIFIER,
  classifyProgram,
  type FinetuneShape,
  finetuneParameters,
  finetuneState,
  MOMENTS,
  momentOf,
  stepFeeds
} from './finetune-step.ts'
import { rankOf } from './judging.ts'
import { fits } from './kept-training.ts'
import type { LabelledFolder, ProbedModel } from './probed-model.ts'
import { wholeImages } from './whole-images.ts'

export interface FinetuneSettings {
  /** At each rate. */
  readonly epochs: number
  /** Images of a step; the bank's, where there are fewer. */
  readonly batchSize: number
  /** The highest of a schedule each, for the batch as it is. */
  readonly rates: readonly number[]
  readonly weightDecay: number
  readonly labelSmoothing: number
  /** Of all steps, in which the rate grows from 0. */
  readonly warmupShare: number
  readonly seed: number
}

export interface FinetuneProgress {
  readonly rate: number
  /** That is over, from 1. */
  readonly epoch: number
  /** At each rate. */
  readonly epochs: number
}

export type Weights = Readonly<Record<string, Float32Array>>

const INIT_STREAM = 0x66696e65
/** Standard deviation of the classifier's weights at first; timm's. */
const INIT_STD = 0.02

export interface FinetuneTraining extends Pick<ProbedModel, 'weights'> {
  readonly engine: Engine
  readonly signal: AbortSignal
  readonly shape: FinetuneShape
  readonly bank: LabelledFolder
  /** Rows of the bank. */
  readonly learned: readonly number[]
  readonly crops: CropBatches
  /** `finetuneStepProgram`. */
  readonly stepping: SteppingProgram
  /** Left out, nothing is kept. */
  readonly epochsKept?: EpochsKept | undefined
}

/** Of one rate. */
export interface EpochsKept {
  /** Epochs that are over, and the state after them; null where it begins. */
  readonly found: { readonly epoch: number; readonly state: Weights } | null
  keep(epoch: number, read: () => Promise<Weights>): Promise<void>
}

/** What was trained; null where it diverged. @throws the signal's reason when it is aborted */
export async function* trainAt(
  rate: number,
  training: FinetuneTraining,
  settings: FinetuneSettings
): AsyncGenerator<FinetuneProgress, Weights | null> {
  const { engine, shape, learned, signal } = training
  const { epochs } = settings
  const stepsPerEpoch = Math.floor(learned.length / shape.batch)
  const length = epochs * stepsPerEpoch
  const schedule = { warmup: Math.round(settings.warmupShare * length), peak: rate, end: 0, length }
  const begun = firstState(training, settings.seed)
  const { epochsKept } = training
  const kept = epochsKept?.found && fits(epochsKept.found.state, begun) ? epochsKept.found : null
  const state = await engine.hold(finetuneState(shape), kept?.state ?? begun)
  let step = (kept?.epoch ?? 0) * stepsPerEpoch
  try {
    for (let epoch = kept?.epoch ?? 0; epoch < epochs; epoch++) {
      for await (const batch of batchesOf(training, epoch)) {
        signal.throwIfAborted()
        const learningRate = warmupCosine(schedule, step)
        step++
        const loss = await takeStep(
          { ...training, state },
          stepFeeds(shape.classes, { ...settings, ...batch, learningRate, step })
        )
        if (!Number.isFinite(loss)) return null
      }
      // The last is kept when it has been judged.
      if (epoch + 1 < epochs) await epochsKept?.keep(epoch + 1, () => state.read(Object.keys(begun)))
      yield { rate, epoch: epoch + 1, epochs }
    }
    const weights = await state.read(finetuneParameters(shape).map(({ name }) => name))
    return Object.values(weights).every((values) => values.every(Number.isFinite)) ? weights : null
  } finally {
    await state.dispose()
  }
}

/** The same at every rate, but for the rate. */
function firstState({ shape, weights }: FinetuneTraining, seed: number): Record<string, Float32Array> {
  const random = prng(seed, INIT_STREAM)
  const { classes, served } = shape
  const first: Record<string, Float32Array> = {
    ...weights,
    [CLASSIFIER.weight]: Float32Array.from({ length: classes * served.network.dim }, () => INIT_STD * random.normal()),
    [CLASSIFIER.bias]: new Float32Array(classes)
  }
  const state: Record<string, Float32Array> = {}
  for (const { name, shape: of } of finetuneParameters(shape)) {
    state[name] = first[name]!
    for (const moment of MOMENTS) state[momentOf(moment, name)] = new Float32Array(elementCount(of))
  }
  return state
}

interface Batch {
  readonly images: Uint8Array
  readonly labels: readonly number[]
}

/** Whole batches; what fills none waits for an epoch of another order, as in DeiT. */
async function* batchesOf({ crops, shape, learned, bank }: FinetuneTraining, epoch: number): AsyncGenerator<Batch> {
  const { batch, served } = shape
  const { imageSize, channels } = served.network
  const bytes = imageSize * imageSize * channels
  let filling = { images: new Uint8Array(batch * bytes), labels: [] as number[] }
  for await (const { rows, pixels } of crops.epoch(epoch, learned)) {
    for (const [i, row] of rows.entries()) {
      filling.images.set(pixels.subarray(i * bytes, (i + 1) * bytes), filling.labels.length * bytes)
      filling.labels.push(bank.labels[row]!)
      if (filling.labels.length < batch) continue
      yield filling
      filling = { images: new Uint8Array(batch * bytes), labels: [] }
    }
  }
}

interface Stepping extends FinetuneTraining {
  readonly state: HeldState
}

/** → the loss before the step. */
async function takeStep({ engine, stepping, state }: Stepping, feeds: ReturnType<typeof stepFeeds>): Promise<number> {
  const [outputs] = await stepping.step(
    state,
    Array.from({ length: engine.devices }, () => feeds)
  )
  return outputs!['loss']![0]!
}

export interface Judging extends Pick<ProbedModel, 'config'> {
  readonly engine: Engine
  readonly signal: AbortSignal
  readonly shape: FinetuneShape
}

export interface Asked {
  readonly folder: LabelledFolder
  readonly rows: readonly number[]
  readonly weights: Weights
}

/** How many classes have a larger logit than the right one, for each row. */
export async function ranksOf(
  { engine, shape, config, signal }: Judging,
  { folder, rows, weights }: Asked
): Promise<Uint32Array> {
  const ranks = new Uint32Array(rows.length)
  if (rows.length === 0) return ranks
  const { classes } = shape
  const program = await engine.load(classifyProgram(shape), { constants: weights })
  let place = 0
  try {
    for await (const { rows: share, pixels } of wholeImages(folder.folder, rows, config)) {
      signal.throwIfAborted()
      const { logits } = await program.run({ images: pixels })
      for (const [i, row] of share.entries()) {
        ranks[place++] = rankOf(logits!.subarray(i * classes, (i + 1) * classes), folder.labels[row]!)
      }
    }
  } finally {
    await program.dispose()
  }
  return ranks
}
