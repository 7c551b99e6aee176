/**
 * Gaussian blur as Pillow does it, which is what the published recipes were trained with: three box blurs of fractional
 * radius a direction (Gwosdek et al. 2011), 8-bit values between them, edges repeated. Not a true Gaussian; at the
 * deviations in use (0.1 to 2 pixels) the box has at most three whole pixels and two fractions.
 */
import { invariant } from '../base/errors.ts'
import type { Size } from '../math/crop-geometry.ts'

const PASSES = 3

/** Whole pixels to each side, and the weights (24-bit fixed point) of these and of the two fractional ends. */
interface BoxKernel {
  readonly radius: number
  readonly whole: number
  readonly fraction: number
}

/** The box whose `PASSES`-fold application has the variance sigma². */
function boxKernel(sigma: number): BoxKernel {
  const variance = Math.fround(Math.fround(sigma * sigma) / PASSES)
  const length = Math.fround(Math.sqrt(12 * variance + 1))
  const whole = Math.floor((length - 1) / 2)
  const numerator = Math.fround((2 * whole + 1) * (whole * (whole + 1) - 3 * variance))
  const rest = Math.fround(numerator / Math.fround(6 * (variance - (whole + 1) * (whole + 1))))
  const exact = Math.fround(whole + rest)
  const radius = Math.trunc(exact)
  const weight = Math.trunc(Math.fround((1 << 24) / Math.fround(exact * 2 + 1)))
  return { radius, whole: weight, fraction: Math.trunc(((1 << 24) - (radius * 2 + 1) * weight) / 2) }
}

/** A copy of what is blurred with its edges repeated. Grows to the largest ever needed; each thread has its own. */
let scratch = new Uint8Array(0)

/**
 * `count` steps of `lanes` samples each, all next to one another: a row of pixels with a lane per channel, or an image
 * of rows with a lane per sample of a row.
 */
interface Run {
  readonly from: number
  readonly count: number
  readonly lanes: number
}

function padEdges(data: Uint8Array, { from, count, lanes }: Run, margin: number): Uint8Array {
  const needed = (count + 2 * margin) * lanes
  if (scratch.length < needed) scratch = new Uint8Array(needed)
  const length = count * lanes
  for (let i = 0, at = from; i < length; i++, at++) scratch[margin * lanes + i] = data[at]!
  for (let i = 0; i < margin * lanes; i++) {
    scratch[i] = data[from + (i % lanes)]!
    scratch[margin * lanes + length + i] = data[from + length - lanes + (i % lanes)]!
  }
  return scratch
}

/** One box blur along the steps of a run, in place. */
function blurRun(data: Uint8Array, run: Run, { radius, whole, fraction }: BoxKernel): void {
  const { from, lanes } = run
  const padded = padEdges(data, run, radius + 1)
  const length = run.count * lanes
  const far = (2 * radius + 2) * lanes
  if (radius === 0) {
    for (let i = 0; i < length; i++) {
      const ends = padded[i]! + padded[i + far]!
      data[from + i] = (Math.imul(padded[i + lanes]!, whole) + Math.imul(ends, fraction) + (1 << 23)) >>> 24
    }
    return
  }
  for (let i = 0; i < length; i++) {
    let sum = 0
    for (let p = i + lanes; p < i + far; p += lanes) sum += padded[p]!
    const ends = padded[i]! + padded[i + far]!
    data[from + i] = (Math.imul(sum, whole) + Math.imul(ends, fraction) + (1 << 23)) >>> 24
  }
}

/** In place; `sigma` in pixels. Data is HWC, 8 bits. */
export function gaussianBlur(data: Uint8Array, { width, height }: Size, sigma: number): void {
  invariant(data.length % (width * height) === 0, `${data.length} samples are no ${width} × ${height} image`)
  const channels = data.length / (width * height)
  const kernel = boxKernel(sigma)
  const stride = width * channels
  for (let y = 0; y < height; y++) {
    for (let pass = 0; pass < PASSES; pass++) blurRun(data, { from: y * stride, count: width, lanes: channels }, kernel)
  }
  for (let pass = 0; pass < PASSES; pass++) blurRun(data, { from: 0, count: height, lanes: stride }, kernel)
}
