/**
 * Brightness, contrast, saturation and hue with the results of torchvision on PIL images: ImageEnhance blends in
 * float32 and cuts off, HSV has 8 bits a component. In place; data is HWC, 8 bits.
 */
import { luma } from './pixels.ts'

/** Image.blend: base + factor · (value − base) in float32, cut to 0 … 255, fraction dropped. */
function blend(base: number, value: number, factor: number): number {
  const mixed = Math.fround(base + Math.fround(factor * (value - base)))
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed)
}

const table = new Uint8Array(256)

/** Blends every sample with one and the same base: 256 results cover all pixels. */
function blendAll(data: Uint8Array, base: number, factor: number): void {
  const factor32 = Math.fround(factor)
  for (let value = 0; value < 256; value++) table[value] = blend(base, value, factor32)
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!
}

/** Factor 1 changes nothing, 0 is black. */
export const adjustBrightness = (data: Uint8Array, factor: number): void => blendAll(data, 0, factor)

/** Factor 0 is the image's mean gray, rounded. */
export function adjustContrast(data: Uint8Array, factor: number, channels: 1 | 3): void {
  let sum = 0
  if (channels === 1) for (let i = 0; i < data.length; i++) sum += data[i]!
  else for (let i = 0; i < data.length; i += 3) sum += luma(data[i]!, data[i + 1]!, data[i + 2]!)
  blendAll(data, Math.floor(sum / (data.length / channels) + 0.5), factor)
}

/** Of RGB; factor 0 is gray. */
export function adjustSaturation(data: Uint8Array, factor: number): void {
  const factor32 = Math.fround(factor)
  for (let i = 0; i < data.length; i += 3) {
    const gray = luma(data[i]!, data[i + 1]!, data[i + 2]!)
    data[i] = blend(gray, data[i]!, factor32)
    data[i + 1] = blend(gray, data[i + 1]!, factor32)
    data[i + 2] = blend(gray, data[i + 2]!, factor32)
  }
}

/** Of RGB; `shift` is a share of the circle, −0.5 … 0.5. Goes through HSV in 8 bits, as Pillow's convert does. */
export function adjustHue(data: Uint8Array, shift: number): void {
  const turn = Math.trunc(shift * 255) & 255
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i]!
    const g = data[i + 1]!
    const b = data[i + 2]!
    const high = Math.max(r, g, b)
    const low = Math.min(r, g, b)
    // A gray pixel has hue and saturation 0, and saturation 0 comes back as it went.
    if (high === low) continue
    const range = high - low
    const saturation = Math.trunc(Math.fround(range / high) * 255)
    if (saturation === 0) {
      data[i] = high
      data[i + 1] = high
      data[i + 2] = high
      continue
    }
    const hue = (hueOf(data, i, { high, range }) + turn) & 255
    writeHsv(data, i, { hue, saturation, value: high })
  }
}

/** Hue in 0 … 255. Each rounding to float32 is one in Pillow's rgb2hsv_row. */
function hueOf(data: Uint8Array, at: number, { high, range }: { high: number; range: number }): number {
  const rc = Math.fround((high - data[at]!) / range)
  const gc = Math.fround((high - data[at + 1]!) / range)
  const bc = Math.fround((high - data[at + 2]!) / range)
  let sixths: number
  if (data[at] === high) sixths = Math.fround(bc - gc)
  else if (data[at + 1] === high) sixths = Math.fround(2 + rc - bc)
  else sixths = Math.fround(4 + gc - rc)
  const turns = sixths / 6 + 1
  return Math.trunc(Math.fround(turns - Math.floor(turns)) * 255)
}

/** Pillow's hsv2rgb with a saturation above 0. */
function writeHsv(data: Uint8Array, at: number, hsv: { hue: number; saturation: number; value: number }): void {
  const { value: v } = hsv
  const sixths = (hsv.hue * 6) / 255
  const sector = Math.floor(sixths)
  const f = Math.fround(sixths - sector)
  const s = Math.fround(hsv.saturation / 255)
  const p = Math.floor(v * (1 - s) + 0.5)
  const q = Math.floor(v * (1 - Math.fround(s * f)) + 0.5)
  const t = Math.floor(v * (1 - s * (1 - f)) + 0.5)
  const k = sector % 6
  data[at] = k === 0 || k === 5 ? v : k === 1 ? q : k === 4 ? t : p
  data[at + 1] = k === 1 || k === 2 ? v : k === 0 ? t : k === 3 ? q : p
  data[at + 2] = k === 3 || k === 4 ? v : k === 2 ? t : k === 5 ? q : p
}
