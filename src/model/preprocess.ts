/**
 * From an image file to what the backbone sees, in one definition for serving, probes and evaluation: resized and cut as the
 * model's own rule says. An image that is resized to its own size comes out as it was, so S × S needs no case of its own.
 */

import { AppError } from '../base/errors.ts'
import type { Image } from '../images/image.ts'
import { withChannels } from '../images/pixels.ts'
import { resizeImage } from '../images/resize.ts'
import { type Box, centerCropBox, type Size } from '../math/crop-geometry.ts'
import type { Preprocessing } from '../recipe/preprocessing.ts'

/** A model's configuration has both. */
export interface PreprocessTarget {
  readonly preprocessing: Preprocessing
  readonly channels: number
}

/**
 * Longest side over the shortest of what is resized on both sides. Every row is resampled before the columns are: 20 × 4,000,000
 * pixels took 3 GB and 11 s to become 16 × 16.
 */
const MOST_STRETCHED = 200

/**
 * A photograph of a telephone is decoded at a fraction of its size: 36 instead of 70 ms for 12 megapixels. What is left of it has to be this
 * many times what it becomes, so that the model's own filter still decides: the pixels then differ by 0.4 of 255 on average, by 10 at most.
 */
const ENOUGH = 2
/** From so many times as much on: a decoder halves sizes, and what it halves once costs as much to resize as it saves. */
const WORTH_IT = 5

/** Of an image as its header has it; null where all of it is wanted. */
export function enoughOf({ width, height }: Size, { preprocessing: { side } }: PreprocessTarget): Size | null {
  const wanted = ENOUGH * side
  const shorter = Math.min(width, height)
  if (shorter < WORTH_IT * wanted) return null
  return { width: Math.round((width * wanted) / shorter), height: Math.round((height * wanted) / shorter) }
}

/**
 * The S × S × C samples of a decoded image.
 *
 * @param original size of an image that was not decoded in all of it: where it is cut follows from that
 * @throws AppError image_invalid when it is too long for its width, or too wide
 */
export function preprocessImage(
  image: Image,
  { preprocessing, channels }: PreprocessTarget,
  original: Size = image
): Uint8Array {
  const { crop, interpolation } = preprocessing
  const source = withChannels(image, channels)
  const [shortest, longest] = [Math.min(source.width, source.height), Math.max(source.width, source.height)]
  if (preprocessing.resize === 'both_sides' && longest > MOST_STRETCHED * shortest) {
    const message = `The image has ${source.width} × ${source.height} pixels: the model resizes both sides, of at most 1 : ${MOST_STRETCHED}.`
    throw new AppError('image_invalid', { message })
  }
  const box = scaledBox(centerCropBox(original, preprocessing), source, original)
  return resizeImage(source, { width: crop, height: crop, interpolation, box, outside: 'visible' }).data
}

function scaledBox({ left, top, width, height }: Box, image: Size, original: Size): Box {
  const [across, down] = [image.width / original.width, image.height / original.height]
  return { left: left * across, top: top * down, width: width * across, height: height * down }
}
