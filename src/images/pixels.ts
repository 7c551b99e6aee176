/** Operations on single pixels. */
import { AppError } from '../base/errors.ts'
import { isBands } from '../recipe/bands.ts'
import type { Image } from './image.ts'
import { kernels, type Pixels, samplesOf } from './kernels.ts'

/** ITU-R 601 luma in Pillow's fixed point (convert('L')). */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16

/**
 * Gray to RGB by repetition, RGB to gray by luma; the same image when there is nothing to do.
 *
 * @throws AppError image_invalid for bands, which nothing else can be made of
 */
export function withChannels(image: Image, channels: number): Image {
  if (image.channels === channels) return image
  if (isBands(image.channels) || isBands(channels)) {
    const message = `The image has ${image.channels} channels; ${channels} are wanted, and bands are not made of others.`
    throw new AppError('image_invalid', { message })
  }
  const pixels = image.width * image.height
  const data = new Uint8Array(pixels * channels)
  const from = image.data
  if (channels === 3) for (let i = 0; i < data.length; i++) data[i] = from[Math.trunc(i / 3)]!
  else for (let i = 0; i < pixels; i++) data[i] = luma(from[3 * i]!, from[3 * i + 1]!, from[3 * i + 2]!)
  return { data, width: image.width, height: image.height, channels }
}

/** RGB whose three channels are the luma. In place. */
export const desaturate = (pixels: Pixels): void => kernels().desaturate(pixels.at, pixels.at + samplesOf(pixels))

/** Inverts everything from 128 on, as ImageOps.solarize does by default. In place. */
export const solarize = (pixels: Pixels): void => kernels().solarize(pixels.at, pixels.at + samplesOf(pixels))
