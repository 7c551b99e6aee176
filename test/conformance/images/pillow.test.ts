/**
 * Against Pillow 12 (whose resampling is that of all releases before it), bit for bit. Pillow 13 resamples columns
 * before rows where that is less work; results then differ in the last bits.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gaussianBlur } from '../../../src/images/blur.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from '../../../src/images/colour.ts'
import type { Image } from '../../../src/images/image.ts'
import { type Pixels, placePixels, readPixels } from '../../../src/images/kernels.ts'
import { solarize, withChannels } from '../../../src/images/pixels.ts'
import type { Interpolation } from '../../../src/images/resample-weights.ts'
import { resizeImage } from '../../../src/images/resize.ts'

interface Case {
  readonly op: string
  readonly sha256: string
  readonly length: number
  readonly source?: readonly [width: number, height: number, channels: 1 | 3]
  readonly box?: readonly [left: number, top: number, width: number, height: number]
  readonly size?: readonly [width: number, height: number]
  readonly filter?: Interpolation
  readonly value?: number
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync(new URL('../golden/pillow.json', import.meta.url), 'utf8'))

/** Checkers with a ramp and a channel shift: edges, slopes and both ends of the range. */
function pattern([width, height, channels]: NonNullable<Case['source']>): Image {
  const data = new Uint8Array(width * height * channels)
  for (let i = 0; i < data.length; i++) {
    const k = i % channels
    const x = Math.floor(i / channels) % width
    const y = Math.floor(i / channels / width)
    const checker = (Math.floor(x / 7) + Math.floor(y / 5)) % 2 === 0 ? 188 : 68
    const value = checker + ((x * 7 + y * 13 + k * 31) % 97) - 48 + k * 20 * ((Math.floor(x / 9) % 3) - 1)
    data[i] = Math.min(255, Math.max(0, value))
  }
  return { data, width, height, channels }
}

/** Every colour whose components are multiples of 5. */
function colourGrid(): Image {
  const data = Uint8Array.from({ length: 52 ** 3 * 3 }, (_, i) => {
    const colour = Math.floor(i / 3)
    return 5 * [Math.floor(colour / 2704), Math.floor(colour / 52) % 52, colour % 52][i % 3]!
  })
  return { data, width: 52, height: 2704, channels: 3 }
}

/** Runs an operation where it works: in the kernels' memory. */
function inPlace(image: Image, operation: (pixels: Pixels) => void): Uint8Array {
  const pixels = placePixels(image)
  operation(pixels)
  readPixels(pixels, image.data)
  return image.data
}

function apply(c: Case, image: Image): Uint8Array {
  const value = c.value ?? 0
  const { width, height } = image
  switch (c.op) {
    case 'cut':
    case 'visible': {
      const [left, top, boxWidth, boxHeight] = c.box!
      const box = { left, top, width: boxWidth, height: boxHeight }
      const [targetWidth, targetHeight] = c.size!
      const resize = { width: targetWidth, height: targetHeight, interpolation: c.filter!, box, outside: c.op } as const
      return resizeImage(image, resize).data
    }
    case 'gray':
      return withChannels(image, 1).data
    case 'brightness':
      return inPlace(image, (pixels) => adjustBrightness(pixels, value))
    case 'contrast':
      return inPlace(image, (pixels) => adjustContrast(pixels, value))
    case 'saturation':
      return inPlace(image, (pixels) => adjustSaturation(pixels, value))
    case 'hue':
    case 'hueGrid':
      return inPlace(image, (pixels) => adjustHue(pixels, value))
    case 'blur':
      return inPlace(image, (pixels) => gaussianBlur(pixels, value))
    case 'solarize':
      return inPlace(image, solarize)
    case 'flip':
      return resizeImage(image, { width, height, interpolation: 'bicubic', mirrored: true }).data
    default:
      assert.fail(`no operation ${c.op}`)
  }
}

const OPERATIONS = [...new Set(cases.map(({ op }) => op))]

test('the golden file covers every operation', () => {
  assert.equal(cases.length, 90)
  assert.equal(OPERATIONS.length, 11)
})

for (const op of OPERATIONS) {
  test(`${op} gives Pillow's bytes`, () => {
    for (const c of cases.filter((one) => one.op === op)) {
      const result = apply(c, c.source === undefined ? colourGrid() : pattern(c.source))
      assert.equal(result.length, c.length)
      const hash = createHash('sha256').update(result).digest('hex')
      assert.equal(hash, c.sha256, JSON.stringify({ ...c, sha256: undefined }))
    }
  })
}
