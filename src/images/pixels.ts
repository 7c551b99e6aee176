/** Operations on single pixels and their order, in place where the size stays. Data is HWC, 8 bits. */
import type { Image } from './image.ts'

/** ITU-R 601 luma in Pillow's fixed point (convert('L')). */
export const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16

/** Gray to RGB by repetition, RGB to gray by luma; the same image when there is nothing to do. */
export function withChannels(image: Image, channels: 1 | 3): Image {
  if (image.channels === channels) return image
  const pixels = image.width * image.height
  const data = new Uint8Array(pixels * channels)
  const from = image.data
  if (channels === 3) for (let i = 0; i < data.length; i++) data[i] = from[Math.trunc(i / 3)]!
  else for (let i = 0; i < pixels; i++) data[i] = luma(from[3 * i]!, from[3 * i + 1]!, from[3 * i + 2]!)
  return { data, width: image.width, height: image.height, channels }
}

/** RGB whose three channels are the luma. */
export function desaturate(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const gray = luma(data[i]!, data[i + 1]!, data[i + 2]!)
    data[i] = gray
    data[i + 1] = gray
    data[i + 2] = gray
  }
}

/** Mirrors left and right. */
export function flipRows(data: Uint8Array, width: number, channels: 1 | 3): void {
  const stride = width * channels
  for (let row = 0; row < data.length; row += stride) {
    for (let left = row, right = row + stride - channels; left < right; left += channels, right -= channels) {
      for (let c = 0; c < channels; c++) {
        const moved = data[left + c]!
        data[left + c] = data[right + c]!
        data[right + c] = moved
      }
    }
  }
}

/** Inverts everything from 128 on, as ImageOps.solarize does by default. */
export function solarize(data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) if (data[i]! >= 128) data[i] = 255 - data[i]!
}
