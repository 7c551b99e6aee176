/**
 * Every operation on a real photograph against torchvision on PIL images (Pillow 12; the resampling is that of all
 * releases before it). The tolerance is zero for each of them, decoding of JPEG included: all results are integers of
 * 8 bits and every rounding is Pillow's. Made by test/conformance/scripts/photo.py.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gaussianBlur } from '../../../src/images/blur.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from '../../../src/images/colour.ts'
import type { Image } from '../../../src/images/image.ts'
import { type Pixels, placePixels, readPixels } from '../../../src/images/kernels.ts'
import { desaturate, solarize, withChannels } from '../../../src/images/pixels.ts'
import type { Interpolation } from '../../../src/images/resample-weights.ts'
import { resize } from '../../../src/images/resize.ts'
import { decodeImage } from '../../helpers/images.ts'

type Step = readonly [operation: string, value: number]

interface Case {
  readonly op: string
  readonly sha256: string
  readonly channels?: 1 | 3
  readonly value?: number
  readonly box?: readonly [left: number, top: number, width: number, height: number]
  readonly size?: number
  readonly filter?: Interpolation
  readonly mirrored?: boolean
  readonly steps?: readonly Step[]
}

const golden = new URL('../golden/', import.meta.url)
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(new URL('photo.json', golden), 'utf8'))
const photo = await decodeImage(readFileSync(new URL('photos/chelsea.jpg', golden)))
const gray = withChannels(photo, 1)

const ADJUSTMENTS: Readonly<Record<string, (pixels: Pixels, value: number) => void>> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
  grayscale: desaturate,
  blur: gaussianBlur,
  solarize
}

const samples = (pixels: Pixels): Uint8Array => {
  const result = new Uint8Array(pixels.width * pixels.height * pixels.channels)
  readPixels(pixels, result)
  return result
}

/** Cuts, resizes and mirrors, then the steps of a view one after the other. */
function view(image: Image, { box, size, filter, mirrored = false, steps = [] }: Case): Uint8Array {
  const [left, top, width, height] = box!
  const request = { width: size!, height: size!, interpolation: filter!, mirrored }
  const pixels = resize(image, { ...request, box: { left, top, width, height } })
  for (const [operation, value] of steps) ADJUSTMENTS[operation]!(pixels, value)
  return samples(pixels)
}

function result(c: Case): Uint8Array {
  const image = c.channels === 1 ? gray : photo
  if (c.op === 'decode') return photo.data
  if (c.op === 'gray') return gray.data
  if (c.op === 'crop' || c.op === 'view') return view(image, c)
  const pixels = placePixels(image)
  ADJUSTMENTS[c.op]!(pixels, c.value!)
  return samples(pixels)
}

test('the golden file covers every operation, alone and in views', () => {
  const operations = new Set(cases.map(({ op }) => op))
  assert.deepEqual([...operations].sort(), ['crop', 'decode', 'gray', 'view', ...Object.keys(ADJUSTMENTS)].sort())
  assert.equal(cases.length, 98)
})

for (const op of new Set(cases.map((c) => c.op))) {
  test(`${op} of a photograph gives torchvision's bytes`, () => {
    for (const c of cases.filter((one) => one.op === op)) {
      const hash = createHash('sha256').update(result(c)).digest('hex')
      assert.equal(hash, c.sha256, JSON.stringify({ ...c, sha256: undefined }))
    }
  })
}
