/** How a model wants to see an image that is not S × S: one rule per model, followed wherever it is asked or evaluated. */
import type { ResizeAndCrop } from '../math/crop-geometry.ts'
import type { Bits } from './bits.ts'
import type { Recipe } from './schema.ts'

export interface Preprocessing extends ResizeAndCrop {
  readonly interpolation: Recipe['hyperparameters']['crops']['interpolation']
  /** That 16-bit PNG and TIFF are read by; left out, 16. */
  readonly bits?: Bits
}

/** Global crops of at least this share of the area show images nearly whole. */
const NEARLY_WHOLE = 0.5

/** DINO's evaluation, and that of most models of ImageNet: 256 for 224. Photographs have margins around what they show. */
export const cutFromLarger = (size: number): Preprocessing => ({
  resize: 'shorter_side',
  side: Math.round((size * 256) / 224),
  interpolation: 'bicubic',
  crop: size
})

/** Nothing of a square image is lost, and one that is S × S stays as it is. */
export const seenWhole = (size: number): Preprocessing => ({ ...cutFromLarger(size), side: size })

/**
 * A network that was trained on crops of half the image and more knows whole images, such as the cut-out squares of small
 * datasets, which have no margins to lose; one of DINO's crops from a quarter on is evaluated as DINO is.
 */
export function preprocessingOf({ hyperparameters: { crops, bits } }: Recipe): Preprocessing {
  const { size, scale } = crops.global
  const cut = scale[0] >= NEARLY_WHOLE ? seenWhole(size) : cutFromLarger(size)
  return { ...cut, ...(bits !== undefined && { bits }) }
}

/** The same rule for another size: margins stay in proportion. */
export const atSize = (rule: Preprocessing, size: number): Preprocessing => ({
  ...rule,
  side: Math.round((rule.side * size) / rule.crop),
  crop: size
})
