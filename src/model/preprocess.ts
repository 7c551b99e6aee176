/**
 * From an image file to what the backbone sees, in one definition for serving, probes and evaluation: shorter side to
 * round(size · 256/224) by bicubic resampling, then the center. An image that is size × size already stays as it is,
 * so small square datasets are seen whole, as in training.
 */

import type { Image } from '../images/image.ts'
import { withChannels } from '../images/pixels.ts'
import { resizeImage } from '../images/resize.ts'
import { centerCropBox } from '../math/crop-geometry.ts'

export interface PreprocessTarget {
  /** S: side of the result. */
  readonly imageSize: number
  readonly channels: 1 | 3
}

/** The S × S × C samples of a decoded image. */
export function preprocessImage(image: Image, { imageSize, channels }: PreprocessTarget): Uint8Array {
  const source = withChannels(image, channels)
  if (source.width === imageSize && source.height === imageSize) return source.data
  const box = centerCropBox(source, imageSize)
  const resize = { width: imageSize, height: imageSize, interpolation: 'bicubic', box, outside: 'visible' } as const
  return resizeImage(source, resize).data
}
