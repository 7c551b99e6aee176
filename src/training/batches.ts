/**
 * Batches of crops, in an order that is a function of seed and step alone: any step can be asked for at any time, by
 * any number of loaders, in the first run or a resumed one, and is the same, byte for byte.
 */
import { availableParallelism } from 'node:os'
import { type Clock, systemClock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { type DatasetFolder, openDatasetFolder } from '../images/dataset-folder.ts'
import type { LoadItem } from '../images/load-crops.ts'
import { createLoaderPool, type LoaderPool } from '../images/loader-pool.ts'
import { allocateCrops, type CropBatch, type MultiCropPlan, multiCropPlan } from '../images/multi-crop.ts'
import { prng } from '../math/prng.ts'
import type { Recipe } from '../recipe/schema.ts'
import { drawMasks } from './step/patch-masks.ts'

/** Keeps the order of images apart from the streams of crops and weights. */
const ORDER_STREAM = 0x6f726472
/** Batches that are made while a step computes; more would only use memory. */
const PREFETCH = 2
/** A thread's share of a batch is not cut smaller than this many bytes of crops, or images: messages have their price. */
const SMALLEST_SHARE_BYTES = 1024 * 1024
const SMALLEST_SHARE_IMAGES = 16
/** More loaders than this starve the computation that they feed. */
const MAXIMUM_DEFAULT_LOADERS = 8

export interface Batch {
  readonly step: number
  readonly epoch: number
  /** [G·B, S, S, C], crop-major: crop 0 of all images, then crop 1. */
  readonly globalCrops: Uint8Array
  /** [L·B, s, s, C], crop-major; empty without local crops. */
  readonly localCrops: Uint8Array
  /** Hidden patches of the global crops [G·B, patches], crop-major; empty where the method hides none. */
  readonly masks: Uint8Array
  /** How long the caller waited for it. */
  readonly waitMs: number
}

export interface Batches {
  readonly images: number
  /** The last images of an epoch that fill no batch are left out, others in each epoch. */
  readonly stepsPerEpoch: number
  /** Of the dataset: a run is continued on the same one only. */
  readonly contentHash: string
  /** The batch of a step; steps count from 0. @throws AppError naming the image that is broken */
  next(step: number): Promise<Batch>
  close(): Promise<void>
}

export interface BatchOptions {
  readonly datasetFolder: string
  readonly recipe: Recipe
  /** Threads that decode and crop; 0 does it between the steps. Default: one per core but one, at most 8. */
  readonly loaders?: number
  readonly clock?: Clock
  /** For tests: what is asked of the loaders. */
  readonly startLoaders?: typeof createLoaderPool
}

const defaultLoaders = (): number => Math.min(MAXIMUM_DEFAULT_LOADERS, Math.max(1, availableParallelism() - 1))

/** The order of an epoch's images; keeps the last two, since batches are made across the border of epochs. */
function createOrder(seed: number, images: number): (epoch: number) => Uint32Array {
  const kept = new Map<number, Uint32Array>()
  return (epoch) => {
    const known = kept.get(epoch)
    if (known !== undefined) return known
    const order = prng(seed, ORDER_STREAM, epoch).permutation(images)
    kept.set(epoch, order)
    for (const other of kept.keys()) if (other < epoch - 1 || other > epoch) kept.delete(other)
    return order
  }
}

/** Images of a batch that one loader takes at once: small crops by the dozen, natural images one or two. */
function shareSizeOf(plan: MultiCropPlan, batchSize: number, loaders: number): number {
  const { global, local } = allocateCrops(plan, 1)
  const images = Math.ceil(SMALLEST_SHARE_BYTES / (global.length + local.length))
  return Math.max(Math.min(SMALLEST_SHARE_IMAGES, images), Math.ceil(batchSize / loaders))
}

/** Copies the crops of `share`, which begins at image `from` of the batch, to their places in `batch`. */
function placeShare(batch: CropBatch, share: CropBatch, place: { from: number; plan: MultiCropPlan }): void {
  for (const kind of ['global', 'local'] as const) {
    const plans = place.plan[kind]
    const samples = (plans[0]?.size ?? 0) ** 2 * place.plan.channels
    plans.forEach((_, crop) => {
      const first = crop * share.batchSize * samples
      const rows = share[kind].subarray(first, first + share.batchSize * samples)
      batch[kind].set(rows, (crop * batch.batchSize + place.from) * samples)
    })
  }
}

interface Making {
  readonly dataset: DatasetFolder
  readonly recipe: Recipe
  readonly plan: MultiCropPlan
  readonly pool: LoaderPool
  readonly stepsPerEpoch: number
}

interface MaskedBatch extends CropBatch {
  readonly masks: Uint8Array
}

/** Makes the batch of a step, cut into one share for each loader. */
function createMaker({ dataset, recipe, plan, pool, stepsPerEpoch }: Making): (step: number) => Promise<MaskedBatch> {
  const { batchSize } = recipe.hyperparameters
  const orderOf = createOrder(recipe.seed, dataset.records.length)
  const shareSize = shareSizeOf(plan, batchSize, pool.size)

  function itemsOf(step: number): LoadItem[] {
    const from = (step % stepsPerEpoch) * batchSize
    const order = orderOf(Math.floor(step / stepsPerEpoch)).subarray(from, from + batchSize)
    return Array.from(order, (index) => ({ index, path: dataset.shardPathOf(index), record: dataset.records[index]! }))
  }

  async function load(epoch: number, items: readonly LoadItem[]): Promise<CropBatch> {
    if (shareSize >= batchSize) return pool.load(epoch, items)
    const starts = Array.from({ length: Math.ceil(batchSize / shareSize) }, (_, i) => i * shareSize)
    const shares = await Promise.all(starts.map((from) => pool.load(epoch, items.slice(from, from + shareSize))))
    const batch = allocateCrops(plan, batchSize)
    for (const [i, share] of shares.entries()) placeShare(batch, share, { from: starts[i]!, plan })
    return batch
  }

  return async (step) => {
    const epoch = Math.floor(step / stepsPerEpoch)
    const items = itemsOf(step)
    const loading = load(epoch, items)
    // While the loaders work; a thousand masks are 20 ms.
    const indices = items.map(({ index }) => index)
    const masks = drawMasks(recipe, epoch, indices)
    return { ...(await loading), masks }
  }
}

/** @throws AppError `invalid_recipe` when a batch is larger than the dataset */
export async function createBatches(options: BatchOptions): Promise<Batches> {
  const { recipe, clock = systemClock, loaders = defaultLoaders() } = options
  const { batchSize, epochs } = recipe.hyperparameters
  const dataset = await openDatasetFolder(options.datasetFolder)
  const images = dataset.records.length
  const stepsPerEpoch = Math.floor(images / batchSize)
  if (stepsPerEpoch === 0 && epochs > 0) {
    const message = `must not be larger than the dataset's ${images} images, got ${batchSize}`
    throw new AppError('invalid_recipe', { errors: [{ path: '/hyperparameters/batchSize', message }] })
  }
  const plan = multiCropPlan(recipe)
  const pool = (options.startLoaders ?? createLoaderPool)({ plan, seed: recipe.seed }, loaders)
  const make = createMaker({ dataset, recipe, plan, pool, stepsPerEpoch })
  const coming = new Map<number, Promise<MaskedBatch>>()

  function request(step: number): Promise<MaskedBatch> {
    const known = coming.get(step)
    if (known !== undefined) return known
    const made = make(step)
    made.catch(() => {}) // whoever asks for the step gets the error; a prefetched one may never be asked for
    coming.set(step, made)
    return made
  }

  return {
    images,
    stepsPerEpoch,
    contentHash: dataset.manifest.contentHash,
    async next(step) {
      const startedAt = clock.now()
      const wanted = request(step)
      for (const other of coming.keys()) if (other < step || other > step + PREFETCH) coming.delete(other)
      const last = Math.min(step + (loaders === 0 ? 0 : PREFETCH), epochs * stepsPerEpoch - 1)
      for (let ahead = step + 1; ahead <= last; ahead++) request(ahead)
      const { global, local, masks } = await wanted
      coming.delete(step)
      const epoch = Math.floor(step / stepsPerEpoch)
      return { step, epoch, globalCrops: global, localCrops: local, masks, waitMs: clock.now() - startedAt }
    },
    async close() {
      coming.clear()
      await pool.close()
      await dataset.close()
    }
  }
}
