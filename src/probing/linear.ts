/**
 * The linear protocol of DINO (facebookresearch/dino, eval_linear.py): a linear classifier on frozen features of random
 * crops, SGD with momentum 0.9 and no weight decay, 100 epochs of batches of 1,024, the rate going to 0 by a cosine over
 * epochs, judged on whole images. Features are the class tokens of the last four blocks, or of the last one beside the mean
 * of its patches, as the original takes them for ViT-S and ViT-B.
 *
 * The original asks for a learning rate for each checkpoint, and iBOT's prints the best of 45 on the test images. Here one
 * classifier for each of ten rates is trained on the same features, the rate is chosen on a tenth of the bank that none is
 * trained on, and the images that are judged decide nothing.
 */

import { type Evaluation, LINEAR_EPOCHS } from '../base/evaluation.ts'
import type { Engine, HeldState, LoadedProgram, SteppingProgram } from '../engine/engine.ts'
import { bootstrapMeans, bootstrapOver } from '../evaluation/intervals.ts'
import { rowsWhere } from '../evaluation/samples.ts'
import { prng } from '../math/prng.ts'
import { type ProbedTokens, probeProgram } from '../model/programs.ts'
import { CROPS, openCropBatches, probeCrops } from './crop-batches.ts'
import { bankParts, hitsOf, RATE_CHOSEN_ON, rankOf } from './judging.ts'
import { fits, type TrainingKeeper } from './kept-training.ts'
import { type LinearShape, linearState, linearStepProgram, MOMENTUM, ratesAt } from './linear-step.ts'
import type { LabelledFolder, LabelledFolders, ProbedModel } from './probed-model.ts'
import { wholeImages } from './whole-images.ts'

export interface LinearSettings extends ProbedTokens {
  readonly epochs: number
  /** Images of a step; the bank's, where there are fewer. */
  readonly batchSize: number
  /** For 256 images of batch. */
  readonly rates: readonly number[]
  readonly seed: number
}

export const LINEAR_SETTINGS = {
  epochs: LINEAR_EPOCHS,
  batchSize: 1024,
  rates: [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3]
} as const

/** What the original reads of networks of this width: ViT-B has 768. */
export const officialTokens = ({ dim, depth }: { readonly dim: number; readonly depth: number }): ProbedTokens =>
  dim < 768 ? { blocks: Math.min(4, depth), averagesPatches: false } : { blocks: 1, averagesPatches: true }

/** Numbers that a classifier reads of an image. */
export const probedDimensions = (
  { dim }: { readonly dim: number },
  { blocks, averagesPatches }: ProbedTokens
): number => (blocks + (averagesPatches ? 1 : 0)) * dim

export interface LinearTask extends ProbedModel, LabelledFolders {
  readonly engine: Engine
  readonly loaders: number
  readonly signal: AbortSignal
  /** Left out, nothing is kept. */
  readonly keeper?: TrainingKeeper
}

export interface LinearProgress {
  /** That is over, from 1. */
  readonly epoch: number
  readonly epochs: number
}

const INIT_STREAM = 0x6c696e65
/** Standard deviation of the weights at first. */
const INIT_STD = 0.01

/** Metrics: top1 and, of more than five classes, top5, 0 … 1. @throws the signal's reason when it is aborted */
export async function* evaluateLinear(
  task: LinearTask,
  settings: LinearSettings
): AsyncGenerator<LinearProgress, Evaluation<'linear'>> {
  const { bank, queries, classes, served } = task
  const { seed, rates } = settings
  const { learned, choosing } = bankParts(bank.labels, classes, seed)
  const batch = Math.min(settings.batchSize, learned.length)
  const dim = probedDimensions(served.network, settings)
  const shape: LinearShape = { dim, classes, heads: rates.length, batch }
  const probe = await task.engine.load(probeProgram(served, settings), { constants: task.weights })
  try {
    const weights = yield* trainClassifiers({ ...task, probe, shape, learned }, settings)
    const ranksIn = (folder: LabelledFolder, rows: readonly number[], heads: readonly number[]) =>
      ranksOf({ ...task, probe, shape }, { folder, rows, heads, weights })
    const all = rates.map((_, head) => head)
    const hits = (await ranksIn(bank, choosing, all)).map((ranks) => ranks.filter((rank) => rank === 0).length)
    const chosen = hits.indexOf(Math.max(...hits))
    const judged = rowsWhere(queries.labels.length, () => true)
    const [ranks] = await ranksIn(queries, judged, [chosen])
    return {
      protocol: 'linear',
      settings: {
        ...settings,
        batchSize: batch,
        momentum: MOMENTUM,
        weightDecay: 0,
        schedule: 'cosine over epochs, to 0',
        crops: CROPS,
        rateChosenOn: RATE_CHOSEN_ON,
        rateChosen: rates[chosen]!,
        ...bootstrapOver('queries')
      },
      bank: bank.labels.length,
      queries: judged.length,
      classes,
      metrics: bootstrapMeans(hitsOf(ranks!, classes), seed)
    }
  } finally {
    await probe.dispose()
  }
}

interface Training extends LinearTask {
  readonly probe: LoadedProgram
  readonly shape: LinearShape
  readonly learned: readonly number[]
}

/** @returns [heads · classes, dim + 1] */
async function* trainClassifiers(
  training: Training,
  settings: LinearSettings
): AsyncGenerator<LinearProgress, Float32Array> {
  const { engine, shape, bank, config, learned, loaders, signal, keeper } = training
  const plan = probeCrops(config.imageSize, config)
  const crops = await openCropBatches({ datasetFolder: bank.folder, plan, seed: settings.seed, loaders })
  const program = linearStepProgram(shape)
  const stepping = await engine.loadStepping(program, { held: linearState(shape).map(({ name }) => name) })
  const begun = firstState(shape, settings.seed)
  const kept = keeper?.found && fits(keeper.found.tensors, begun) ? keeper.found : null
  const state = await engine.hold(linearState(shape), kept?.tensors ?? begun)
  try {
    const step = { ...training, stepping, state }
    for (let epoch = kept?.place ?? 0; epoch < settings.epochs; epoch++) {
      const rates = ratesAt(epoch, shape, settings)
      let batch = emptyBatch(shape)
      for await (const { rows, pixels } of crops.epoch(epoch, learned)) {
        signal.throwIfAborted()
        const { features } = await training.probe.run({ images: pixels })
        for (const [i, row] of rows.entries()) {
          add(batch, features!.subarray(i * shape.dim, (i + 1) * shape.dim), bank.labels[row]!)
          if (batch.count < shape.batch) continue
          await takeStep(step, batch, rates)
          batch = emptyBatch(shape)
        }
      }
      if (batch.count > 0) await takeStep(step, batch, rates)
      await keeper?.keep(epoch + 1, async () => ({ tensors: await state.read(Object.keys(begun)), notes: {} }))
      yield { epoch: epoch + 1, epochs: settings.epochs }
    }
    return (await state.read(['weight']))['weight']!
  } finally {
    await crops.close()
    await stepping.dispose()
    await state.dispose()
  }
}

/** All classifiers begin alike. */
function firstState({ dim, classes, heads }: LinearShape, seed: number): Record<string, Float32Array> {
  const random = prng(seed, INIT_STREAM)
  const width = dim + 1
  const one = Float32Array.from({ length: classes * width }, (_, i) =>
    i % width === dim ? 0 : INIT_STD * random.normal()
  )
  const weight = new Float32Array(heads * one.length)
  for (let head = 0; head < heads; head++) weight.set(one, head * one.length)
  return { weight, momentum: new Float32Array(weight.length) }
}

interface Filling {
  readonly features: Float32Array
  readonly targets: Float32Array
  readonly width: number
  readonly classes: number
  count: number
}

const emptyBatch = ({ dim, classes, batch }: LinearShape): Filling => ({
  features: new Float32Array(batch * (dim + 1)),
  targets: new Float32Array(batch * classes),
  width: dim + 1,
  classes,
  count: 0
})

function add(batch: Filling, features: Float32Array, label: number): void {
  const from = batch.count * batch.width
  batch.features.set(features, from)
  batch.features[from + batch.width - 1] = 1
  batch.targets[batch.count * batch.classes + label] = 1
  batch.count++
}

interface Stepping {
  readonly stepping: SteppingProgram
  readonly state: HeldState
  readonly engine: Engine
}

async function takeStep({ stepping, state, engine }: Stepping, batch: Filling, rates: Float32Array): Promise<void> {
  const rows = batch.targets.length / batch.classes
  const shares = Float32Array.from({ length: rows }, (_, row) => (row < batch.count ? 1 / batch.count : 0))
  const feeds = { features: batch.features, targets: batch.targets, shares, rates }
  await stepping.step(
    state,
    Array.from({ length: engine.devices }, () => feeds)
  )
}

interface Judging extends LinearTask {
  readonly probe: LoadedProgram
  readonly shape: LinearShape
}

interface Asked {
  readonly folder: LabelledFolder
  readonly rows: readonly number[]
  readonly heads: readonly number[]
  readonly weights: Float32Array
}

/** For each of the heads, how many classes have a larger logit than the right one, for each row. */
async function ranksOf({ probe, shape, config, signal }: Judging, asked: Asked): Promise<Uint32Array[]> {
  const { folder, rows, heads, weights } = asked
  const { dim, classes } = shape
  const ranks = heads.map(() => new Uint32Array(rows.length))
  const logits = new Float64Array(classes)
  let place = 0
  for await (const { rows: share, pixels } of wholeImages(folder.folder, rows, config)) {
    signal.throwIfAborted()
    const { features } = await probe.run({ images: pixels })
    for (const [i, row] of share.entries()) {
      const x = features!.subarray(i * dim, (i + 1) * dim)
      for (const [at, head] of heads.entries()) {
        for (let c = 0; c < classes; c++) logits[c] = logitOf(weights, (head * classes + c) * (dim + 1), x)
        ranks[at]![place] = rankOf(logits, folder.labels[row]!)
      }
      place++
    }
  }
  return ranks
}

function logitOf(weights: Float32Array, from: number, x: Float32Array): number {
  let sum = weights[from + x.length]!
  for (let i = 0; i < x.length; i++) sum += weights[from + i]! * x[i]!
  return sum
}
