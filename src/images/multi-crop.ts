/**
 * DINO's multi-crop: G global and L local views of an image. Blur is likelier on the first global crop, solarization
 * happens on the second only. Normalization is not done here: crops stay 8-bit until they are in the graph.
 */
import { prng } from '../math/prng.ts'
import { isBands } from '../recipe/bands.ts'
import type { Bits } from '../recipe/bits.ts'
import type { Recipe } from '../recipe/schema.ts'
import { planesOf } from './bands.ts'
import { type CropPlan, cropInto } from './crop.ts'
import { cropBandsInto } from './crop-bands.ts'
import type { Image } from './image.ts'
import { withChannels } from './pixels.ts'

/** Keeps the streams of crops apart from those of weights, drop path and the order of images. */
const CROP_STREAM = 0x63726f70

export interface MultiCropPlan {
  readonly channels: number
  /** That 16-bit samples are read by; left out, 16. */
  readonly bits?: Bits
  readonly global: readonly CropPlan[]
  readonly local: readonly CropPlan[]
}

export function multiCropPlan({ hyperparameters: { channels, bits, crops, augmentation } }: Recipe): MultiCropPlan {
  const { flip, jitter, grayscale, blur } = augmentation
  const shared = { aspectRatio: crops.aspectRatio, interpolation: crops.interpolation, flip, jitter, grayscale }
  const blurs = blur.probability.map((probability) => ({ probability, sigma: blur.sigma }))
  const global = Array.from({ length: crops.global.count }, (_, i) => ({
    ...shared,
    size: crops.global.size,
    scale: crops.global.scale,
    blur: blurs[i]!,
    solarize: i === 1 ? augmentation.solarize : 0
  }))
  const local = Array.from({ length: crops.local.count }, () => ({
    ...shared,
    size: crops.local.size,
    scale: crops.local.scale,
    blur: blurs[2]!,
    solarize: 0
  }))
  return { channels, ...(bits && { bits }), global, local }
}

/** Every draw of an image's crops is a function of these. `index` is the image's place in the dataset. */
export interface CropKey {
  readonly seed: number
  readonly epoch: number
  readonly index: number
}

/** Crop-major: crop 0 of all images of the batch, then crop 1 …; [G·B, S, S, C] and [L·B, s, s, C]. */
export interface CropBatch {
  readonly batchSize: number
  readonly global: Uint8Array
  readonly local: Uint8Array
}

export function allocateCrops(plan: MultiCropPlan, batchSize: number): CropBatch {
  const samples = (crops: readonly CropPlan[]) => crops.length * batchSize * (crops[0]?.size ?? 0) ** 2 * plan.channels
  return { batchSize, global: new Uint8Array(samples(plan.global)), local: new Uint8Array(samples(plan.local)) }
}

/** All crops of the image at place `position` of the batch. */
export function multiCropInto(
  batch: CropBatch,
  image: Image,
  { plan, position, key }: { plan: MultiCropPlan; position: number; key: CropKey }
): void {
  const source = withChannels(image, plan.channels)
  const planes = isBands(plan.channels) ? planesOf(source) : null
  let crop = 0
  for (const [target, plans] of [[batch.global, plan.global] as const, [batch.local, plan.local] as const]) {
    plans.forEach((cropPlan, i) => {
      const samples = cropPlan.size ** 2 * plan.channels
      const from = (i * batch.batchSize + position) * samples
      const random = prng(key.seed, CROP_STREAM, key.epoch, key.index, crop++)
      const view = target.subarray(from, from + samples)
      if (planes === null) cropInto(view, source, { plan: cropPlan, random })
      else cropBandsInto(view, planes, { plan: cropPlan, random })
    })
  }
}

/** The crops of one image alone: [G, S, S, C] and [L, s, s, C]. */
export function multiCrop(image: Image, recipe: Recipe, key: CropKey): { global: Uint8Array; local: Uint8Array } {
  const plan = multiCropPlan(recipe)
  const batch = allocateCrops(plan, 1)
  multiCropInto(batch, image, { plan, position: 0, key })
  return { global: batch.global, local: batch.local }
}
