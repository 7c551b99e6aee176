/**
 * The masks of a batch: drawn for each global crop from (seed, epoch, image, crop) alone, so neither the number of loaders
 * nor a resume can change them, and laid out for the step's program, whose shapes never change.
 */
import { invariant } from '../../base/errors.ts'
import { drawMask } from '../../math/masks.ts'
import { prng } from '../../math/prng.ts'
import type { Recipe } from '../../recipe/schema.ts'

/** Keeps the streams of masks apart from those of crops, weights, drop path and the order of images. */
const MASK_STREAM = 0x6d61736b

/**
 * @param images places in the dataset
 * @returns [G · B, patches], crop-major: crop 0 of all images, then crop 1; 1 is hidden. Empty without masks in the recipe.
 */
export function drawMasks(
  { seed, patchSize, hyperparameters: h }: Recipe,
  epoch: number,
  images: readonly number[]
): Uint8Array {
  if (!h.ibot) return new Uint8Array(0)
  const { count, size } = h.crops.global
  const side = size / patchSize
  const masks = new Uint8Array(count * images.length * side * side)
  if (epoch < h.ibot.masks.startEpoch) return masks
  for (let crop = 0; crop < count; crop++) {
    for (const [i, image] of images.entries()) {
      const mask = drawMask(h.ibot.masks, side, prng(seed, MASK_STREAM, epoch, image, crop))
      masks.set(mask, (crop * images.length + i) * side * side)
    }
  }
  return masks
}

/** Inputs of the program. Patches are counted as its rows are: patch 0 of all crops, then patch 1, … */
export interface HiddenInputs {
  /** [slots]: rows of the hidden patches; 0 at the places that only fill up. */
  readonly hiddenRows: Int32Array
  /** [patches · crops]: for each row its place among `hiddenRows`, or `slots` where it is not hidden. */
  readonly hiddenPlaces: Int32Array
  /** [slots]: 1 / (hidden patches of the crop · crops), so that crops count alike however many of their patches are hidden. */
  readonly hiddenWeights: Float32Array
}

/** @param masks [crops, patches] */
export function hiddenInputs(masks: Uint8Array, { crops, slots }: { crops: number; slots: number }): HiddenInputs {
  const patches = masks.length / crops
  const hiddenRows = new Int32Array(slots)
  const hiddenPlaces = new Int32Array(masks.length).fill(slots)
  const hiddenWeights = new Float32Array(slots)
  let place = 0
  for (let crop = 0; crop < crops; crop++) {
    const mask = masks.subarray(crop * patches, (crop + 1) * patches)
    const hidden = mask.reduce((sum, one) => sum + one, 0)
    const weight = 1 / (Math.max(1, hidden) * crops)
    for (let patch = 0; patch < patches; patch++) {
      if (mask[patch] === 0) continue
      invariant(place < slots, `a batch hides at most ${slots} patches`)
      const row = patch * crops + crop
      hiddenRows[place] = row
      hiddenPlaces[row] = place
      hiddenWeights[place++] = weight
    }
  }
  return { hiddenRows, hiddenPlaces, hiddenWeights }
}
