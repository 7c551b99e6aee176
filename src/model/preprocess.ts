/**
 * From an image file to what the backbone sees, in one definition for serving, probes and evaluation: resized and cut as the
 * model's own rule says. An image that is resized to its own size comes out as it was, so S × S needs no case of its own.
 */

import type { Image } from '../images/image.ts'
import { withChannels } from '../images/pixels.ts'
import { resizeImage } from '../images/resize.ts'
import { centerCropBox } from '../math/crop-geometry.ts'
import type { Preprocessing } from '../recipe/preprocessing.ts'

/** A model's configuration has both. */
export interface PreprocessTarget {
  readonly preprocessing: Preprocessing
  readonly channels: 1 | 3
}

/** The S × S × C samples of a decoded image. */
export function preprocessImage(image: Image, { preprocessing, channels }: PreprocessTarget): Uint8Array {
  const { crop, interpolation } = preprocessing
  const source = withChannels(image, channels)
  const box = centerCropBox(source, preprocessing)
  return resizeImage(source, { width: crop, height: crop, interpolation, box, outside: 'visible' }).data
}
