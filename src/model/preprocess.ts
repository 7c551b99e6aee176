/**
 * From an image file to what the backbone sees, in one definition for serving, probes and evaluation: resized and cut as the
 * model's own rule says. An image that is resized to its own size comes out as it was, so S × S needs no case of its own.
 */

import { AppError } from '../base/errors.ts'
import type { Image } from '../images/image.ts'
import { withChannels } from '../images/pixels.ts'
import { resizeImage } from '../images/resize.ts'
import { centerCropBox } from '../math/crop-geometry.ts'
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

/** The S × S × C samples of a decoded image. @throws AppError image_invalid when it is too long for its width, or too wide */
export function preprocessImage(image: Image, { preprocessing, channels }: PreprocessTarget): Uint8Array {
  const { crop, interpolation } = preprocessing
  const source = withChannels(image, channels)
  const [shortest, longest] = [Math.min(source.width, source.height), Math.max(source.width, source.height)]
  if (preprocessing.resize === 'both_sides' && longest > MOST_STRETCHED * shortest) {
    const message = `The image has ${source.width} × ${source.height} pixels: the model resizes both sides, of at most 1 : ${MOST_STRETCHED}.`
    throw new AppError('image_invalid', { message })
  }
  const box = centerCropBox(source, preprocessing)
  return resizeImage(source, { width: crop, height: crop, interpolation, box, outside: 'visible' }).data
}
