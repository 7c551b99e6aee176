/**
 * One augmented view of an image of many bands: the same crop, mirroring and blur of each, with the kernels of gray images and
 * the draws of one. What changes colours is defined for colours alone, and the recipe has none of it.
 */
import { randomResizedCrop } from '../math/crop-geometry.ts'
import type { Prng } from '../math/prng.ts'
import { placePlane } from './bands.ts'
import { gaussianBlur } from './blur.ts'
import type { CropPlan } from './crop.ts'
import type { Image } from './image.ts'
import { bytesAt, samplesOf } from './kernels.ts'
import { resize } from './resize.ts'

/** Writes size × size × bands samples into `target`. The same stream gives the same view. */
export function cropBandsInto(
  target: Uint8Array,
  planes: readonly Image[],
  { plan, random }: { plan: CropPlan; random: Prng }
): void {
  const { size, interpolation } = plan
  const happens = (probability: number): boolean => random.uniform() < probability
  const box = randomResizedCrop(planes[0]!, plan, random)
  const mirrored = happens(plan.flip)
  // As of gray images, where jitter and grayscale draw before the blur.
  happens(plan.jitter.probability)
  happens(plan.grayscale)
  const sigma = happens(plan.blur.probability) ? random.uniformBetween(...plan.blur.sigma) : null
  for (const [band, plane] of planes.entries()) {
    const pixels = resize(plane, { width: size, height: size, interpolation, box, mirrored })
    if (sigma !== null) gaussianBlur(pixels, sigma)
    placePlane(bytesAt(pixels.at, samplesOf(pixels)), target, { band, channels: planes.length })
  }
}
