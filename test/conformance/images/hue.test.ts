/**
 * A turn of the hue for each of the 2^24 colours, against Pillow's Convert.c (rgb2hsv_row and hsv2rgb) with its mixture
 * of float32 and double precision. The kernel has float32 only; the tolerance is zero.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adjustHue } from '../../../src/images/colour.ts'
import { placePixels, readPixels } from '../../../src/images/kernels.ts'

const { fround } = Math

/** In 0 … 255. */
function hueOf(r: number, g: number, b: number, high: number, range: number): number {
  const rc = fround((high - r) / range)
  const gc = fround((high - g) / range)
  const bc = fround((high - b) / range)
  const sixths = fround(r === high ? bc - gc : g === high ? 2 + rc - bc : 4 + gc - rc)
  return Math.trunc(fround((sixths / 6 + 1) % 1) * 255)
}

/** Red, green and blue in the lowest three bytes. */
function turned(r: number, g: number, b: number, turn: number): number {
  const high = Math.max(r, g, b)
  const range = high - Math.min(r, g, b)
  const saturation = range === 0 ? 0 : Math.trunc(fround(range / high) * 255)
  if (saturation === 0) return high * 0x10101
  const sixths = (((hueOf(r, g, b, high, range) + turn) & 255) * 6) / 255
  const sector = Math.floor(sixths)
  const f = fround(sixths - sector)
  const s = fround(saturation / 255)
  const p = Math.floor(high * (1 - s) + 0.5)
  if (sector % 2 === 1) {
    const q = Math.floor(high * (1 - fround(s * f)) + 0.5)
    if (sector === 1) return q | (high << 8) | (p << 16)
    return sector === 3 ? p | (q << 8) | (high << 16) : high | (p << 8) | (q << 16)
  }
  const t = Math.floor(high * (1 - s * (1 - f)) + 0.5)
  if (sector === 2) return p | (high << 8) | (t << 16)
  return sector === 4 ? t | (p << 8) | (high << 16) : high | (t << 8) | (p << 16)
}

for (const shift of [0, 0.0824]) {
  test(`every colour turned by ${shift} of the circle is Pillow's`, () => {
    const turn = Math.trunc(shift * 255)
    const data = new Uint8Array(65536 * 3)
    for (let r = 0; r < 256; r++) {
      for (let i = 0; i < 65536; i++) {
        data[3 * i] = r
        data[3 * i + 1] = i >> 8
        data[3 * i + 2] = i & 255
      }
      const pixels = placePixels({ data, width: 256, height: 256, channels: 3 })
      adjustHue(pixels, shift)
      readPixels(pixels, data)
      for (let i = 0; i < 65536; i++) {
        const is = data[3 * i]! | (data[3 * i + 1]! << 8) | (data[3 * i + 2]! << 16)
        const expected = turned(r, i >> 8, i & 255, turn)
        if (is !== expected) assert.equal(is.toString(16), expected.toString(16), `${[r, i >> 8, i & 255]}`)
      }
    }
  })
}
