/**
 * Brightness, contrast, saturation and hue with the results of torchvision on PIL images: ImageEnhance blends in
 * float32 and cuts off, HSV has 8 bits a component. In place.
 */
import { bytesAt, kernels, lookUp, type Pixels, samplesOf } from './kernels.ts'

const table = new Uint8ClampedArray(256)

/**
 * Blends every sample with one and the same base: 256 results cover all pixels. Image.blend is
 * base + factor · (value − base) in float32, cut to 0 … 255, fraction dropped.
 */
function blendAll(pixels: Pixels, base: number, factor: number): void {
  const factor32 = Math.fround(factor)
  for (let value = 0; value < 256; value++) {
    table[value] = Math.trunc(Math.fround(base + Math.fround(factor32 * (value - base))))
  }
  lookUp(pixels, table)
}

/** Factor 1 changes nothing, 0 is black. */
export const adjustBrightness = (pixels: Pixels, factor: number): void => blendAll(pixels, 0, factor)

/** The mean gray, rounded half up. What lies behind the pixels in memory is lost. */
function meanGray(pixels: Pixels): number {
  const { at, width, height, channels } = pixels
  const length = samplesOf(pixels)
  let sum = 0
  if (channels === 1) for (const sample of bytesAt(at, length)) sum += sample
  else {
    bytesAt(at + length, 64).fill(0)
    sum = kernels().sumOfGray(at, at + length)
  }
  return Math.floor(sum / (width * height) + 0.5)
}

/** Factor 0 is the image's mean gray. */
export const adjustContrast = (pixels: Pixels, factor: number): void => blendAll(pixels, meanGray(pixels), factor)

/** Of RGB; factor 0 is gray. */
export const adjustSaturation = (pixels: Pixels, factor: number): void =>
  kernels().saturate(pixels.at, pixels.at + samplesOf(pixels), factor)

/** Of RGB; `shift` is a share of the circle, −0.5 … 0.5. */
export const adjustHue = (pixels: Pixels, shift: number): void =>
  kernels().turnHue(pixels.at, pixels.at + samplesOf(pixels), Math.trunc(shift * 255) & 255)
