/**
 * Gaussian blur as Pillow does it, which is what the published recipes were trained with: three box blurs of fractional
 * radius a direction (Gwosdek et al. 2011), 8-bit values between them, edges repeated. Not a true Gaussian; at the
 * deviations in use (0.1 to 2 pixels) the box has at most three whole pixels and two fractions.
 */
import { invariant } from '../base/errors.ts'
import { kernels, type Pixels, placeBlocks } from './kernels.ts'
import { PASSES } from './wasm/blur.ts'

/** Sums of a box are 16-bit in the kernel: 127 samples of 255 fit. Exceeded from a deviation of 64 pixels on. */
const MAXIMUM_INSIDE = 127

/** Whole pixels in the box, and the weights (24-bit fixed point) of these and of the two fractional ends. */
interface BoxKernel {
  readonly inside: number
  readonly whole: number
  readonly fraction: number
}

/** The box whose `PASSES`-fold application has the variance sigma². Rounded to float32 wherever Pillow's BoxBlur.c is. */
function boxKernel(sigma: number): BoxKernel {
  const { fround } = Math
  const variance = fround(fround(fround(sigma) ** 2) / PASSES)
  const length = fround(Math.sqrt(12 * variance + 1))
  const whole = Math.floor((length - 1) / 2)
  const numerator = fround((2 * whole + 1) * fround(whole * (whole + 1) - fround(3 * variance)))
  const rest = fround(numerator / fround(6 * fround(variance - (whole + 1) * (whole + 1))))
  const radius = fround(whole + rest)
  const inside = Math.trunc(radius) * 2 + 1
  const weight = Math.trunc(fround((1 << 24) / fround(radius * 2 + 1)))
  return { inside, whole: weight, fraction: Math.trunc(((1 << 24) - inside * weight) / 2) }
}

/** In place; `sigma` in pixels. What lies behind the pixels in memory is lost. */
export function gaussianBlur({ at, width, height, channels }: Pixels, sigma: number): void {
  const { inside, whole, fraction } = boxKernel(sigma)
  invariant(inside <= MAXIMUM_INSIDE, `a blur of ${sigma} pixels is wider than the kernel can sum`)
  const stride = width * channels
  const length = height * stride
  const padded = length + (inside + 1) * stride
  const [, scratch = 0, other = 0] = placeBlocks(length, padded, padded)
  const high = (whole >> 12) | ((fraction >> 12) << 16)
  const low = (whole & 0xfff) | ((fraction & 0xfff) << 16)
  const { boxBlurs } = kernels()
  boxBlurs(at, at + length, stride, channels, inside, high, low, scratch, other)
  boxBlurs(at, at + length, length, stride, inside, high, low, scratch, other)
}
