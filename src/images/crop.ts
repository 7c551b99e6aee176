/** One augmented view of an image: DINO's transforms in their order, with the results of torchvision on PIL images. */
import { randomResizedCrop } from '../math/crop-geometry.ts'
import type { Prng } from '../math/prng.ts'
import type { Hyperparameters } from '../recipe/schema.ts'
import { gaussianBlur } from './blur.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './colour.ts'
import type { Image } from './image.ts'
import { type Pixels, readPixels } from './kernels.ts'
import { desaturate, solarize } from './pixels.ts'
import type { Interpolation } from './resample-weights.ts'
import { resize } from './resize.ts'

type Jitter = Hyperparameters['augmentation']['jitter']

export interface CropPlan {
  readonly size: number
  readonly scale: readonly [number, number]
  readonly aspectRatio: readonly [number, number]
  readonly interpolation: Interpolation
  readonly flip: number
  readonly jitter: Jitter
  readonly grayscale: number
  readonly blur: { readonly probability: number; readonly sigma: readonly [number, number] }
  readonly solarize: number
}

/** Around 1, never below 0. */
const drawFactor = (random: Prng, strength: number): number =>
  random.uniformBetween(Math.max(0, 1 - strength), 1 + strength)

/** The four adjustments in random order; one of strength 0 is left out, and gray images have no colour to adjust. */
function jitterColours(pixels: Pixels, { jitter, random }: { jitter: Jitter; random: Prng }): void {
  for (const adjustment of random.permutation(4)) {
    if (adjustment === 0 && jitter.brightness > 0) adjustBrightness(pixels, drawFactor(random, jitter.brightness))
    if (adjustment === 1 && jitter.contrast > 0) adjustContrast(pixels, drawFactor(random, jitter.contrast))
    if (pixels.channels === 1) continue
    if (adjustment === 2 && jitter.saturation > 0) adjustSaturation(pixels, drawFactor(random, jitter.saturation))
    if (adjustment === 3 && jitter.hue > 0) adjustHue(pixels, random.uniformBetween(-jitter.hue, jitter.hue))
  }
}

/** Writes size × size × channels samples into `target`. The same stream gives the same view. */
export function cropInto(target: Uint8Array, image: Image, { plan, random }: { plan: CropPlan; random: Prng }): void {
  const { size, interpolation } = plan
  const happens = (probability: number): boolean => random.uniform() < probability
  const box = randomResizedCrop(image, plan, random)
  const mirrored = happens(plan.flip)
  const pixels = resize(image, { width: size, height: size, interpolation, box, mirrored })
  if (happens(plan.jitter.probability)) jitterColours(pixels, { jitter: plan.jitter, random })
  if (happens(plan.grayscale) && image.channels === 3) desaturate(pixels)
  if (happens(plan.blur.probability)) gaussianBlur(pixels, random.uniformBetween(...plan.blur.sigma))
  if (happens(plan.solarize)) solarize(pixels)
  readPixels(pixels, target)
}
