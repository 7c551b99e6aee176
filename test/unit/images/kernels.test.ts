import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gaussianBlur } from '../../../src/images/blur.ts'
import { adjustBrightness, adjustContrast, adjustSaturation } from '../../../src/images/colour.ts'
import type { Image } from '../../../src/images/image.ts'
import { kernelModule, type Pixels, placePixels, readPixels } from '../../../src/images/kernels.ts'
import { desaturate, solarize, withChannels } from '../../../src/images/pixels.ts'
import { resizeImage } from '../../../src/images/resize.ts'
import { assemble, kernel, signed, unsigned } from '../../../src/images/wasm/assemble.ts'
import { i32 } from '../../../src/images/wasm/instructions.ts'
import { prng } from '../../../src/math/prng.ts'

const noise = (width: number, height: number, channels: 1 | 3): Image => {
  const random = prng(7, width, height)
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random.integer(256)),
    width,
    height,
    channels
  }
}

const after = (image: Image, operation: (pixels: Pixels) => void): Uint8Array => {
  const pixels = placePixels(image)
  operation(pixels)
  const result = new Uint8Array(image.data.length)
  readPixels(pixels, result)
  return result
}

test('numbers are written in as few bytes as LEB128 needs', () => {
  assert.deepEqual(unsigned(0), [0])
  assert.deepEqual(unsigned(624485), [0xe5, 0x8e, 0x26])
  assert.deepEqual([signed(63), signed(64), signed(-64), signed(-65)], [[63], [0xc0, 0], [0x40], [0xbf, 0x7f]])
  assert.deepEqual(signed(-123456), [0xc0, 0xbb, 0x78])
})

test('an assembled function computes', () => {
  const distance = kernel('distance', { parameters: { a: 'i32', b: 'i32' }, result: 'i32' }, ({ a, b }, local) => {
    const difference = local('i32')
    return [difference.set(i32.subtract(a, b)), i32.multiply(difference, difference)]
  })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble([distance], 1)))
  assert.equal((exports as { distance(a: number, b: number): number }).distance(3, 70), 4489)
})

test('the kernels are the same bytes each time and only some thousand of them', () => {
  const bytes = kernelModule()
  assert.deepEqual(kernelModule(), bytes)
  assert.ok(bytes.length < 16_000, `${bytes.length}`)
})

/** One axis as in Pillow's Resample.c, sample by sample: `at(i)` of `length` samples to `size`. */
function resampleLine(at: (i: number) => number, length: number, size: number): number[] {
  const scale = length / size
  const stretch = Math.max(1, scale)
  const keys = (x: number) => {
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
  }
  return Array.from({ length: size }, (_, i) => {
    const center = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - 2 * stretch + 0.5))
    const count = Math.min(length, Math.trunc(center + 2 * stretch + 0.5)) - first
    const weights = Array.from({ length: count }, (_, j) => keys(Math.abs((j + first - center + 0.5) * (1 / stretch))))
    const total = weights.reduce((a, b) => a + b, 0)
    const fixed = weights.map((w) => Math.trunc((w / total) * 2 ** 22 + (w < 0 ? -0.5 : 0.5)))
    const sum = fixed.reduce((acc, w, j) => acc + w * at(first + j), 2 ** 21)
    return Math.min(255, Math.max(0, Math.floor(sum / 2 ** 22)))
  })
}

function resizeByHand({ data, width, height, channels }: Image, size: { width: number; height: number }): Uint8Array {
  const between = new Uint8Array(size.width * height * channels)
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const line = resampleLine((i) => data[(y * width + i) * channels + c]!, width, size.width)
      for (const [x, value] of line.entries()) between[(y * size.width + x) * channels + c] = value
    }
  }
  const stride = size.width * channels
  const result = new Uint8Array(size.height * stride)
  for (let x = 0; x < stride; x++) {
    const line = resampleLine((i) => between[i * stride + x]!, height, size.height)
    for (const [y, value] of line.entries()) result[y * stride + x] = value
  }
  return result
}

test('sizes that fill no vector are resized like all others, and images larger than a strip', () => {
  const sizes = [
    [1, 1, 1, 1],
    [2, 3, 7, 5],
    [5, 4, 16, 1],
    [33, 17, 6, 11],
    [63, 9, 21, 33],
    [700, 500, 19, 13]
  ] as const
  for (const channels of [1, 3] as const) {
    for (const [width, height, toWidth, toHeight] of sizes) {
      const image = noise(width, height, channels)
      const target = { width: toWidth, height: toHeight }
      const { data } = resizeImage(image, { ...target, interpolation: 'bicubic' })
      assert.deepEqual(data, resizeByHand(image, target), `${[width, height, toWidth, toHeight, channels]}`)
    }
  }
})

test('a mirrored result is the same with left and right exchanged', () => {
  const image = noise(31, 9, 3)
  const request = { width: 10, height: 6, interpolation: 'bilinear' } as const
  const plain = resizeImage(image, request).data
  const mirrored = resizeImage(image, { ...request, mirrored: true }).data
  for (let i = 0; i < 60; i++) {
    const from = Math.floor(i / 10) * 10 + 9 - (i % 10)
    assert.deepEqual(mirrored.subarray(3 * i, 3 * i + 3), plain.subarray(3 * from, 3 * from + 3))
  }
})

test('operations on the pixels of one image do not depend on what lies behind them', () => {
  const operations: readonly ((pixels: Pixels) => void)[] = [
    (pixels) => adjustBrightness(pixels, 1.3),
    (pixels) => adjustContrast(pixels, 0.4),
    (pixels) => adjustSaturation(pixels, 1.9),
    desaturate,
    solarize,
    (pixels) => gaussianBlur(pixels, 1.4)
  ]
  for (const [i, operation] of operations.entries()) {
    const image = noise(7, 5, 3)
    const clean = after(image, operation)
    placePixels({ ...noise(64, 64, 3), data: new Uint8Array(64 * 64 * 3).fill(255) })
    assert.deepEqual(after(image, operation), clean, `operation ${i}`)
  }
})

test('a blur keeps a flat image flat and its mean, at any deviation and on a single pixel', () => {
  const flat: Image = { data: new Uint8Array(15).fill(93), width: 5, height: 1, channels: 3 }
  for (const sigma of [0.1, 1, 2, 9])
    assert.deepEqual(
      after(flat, (p) => gaussianBlur(p, sigma)),
      flat.data
    )
  const pixel: Image = { data: Uint8Array.of(200), width: 1, height: 1, channels: 1 }
  assert.deepEqual(
    after(pixel, (p) => gaussianBlur(p, 2)),
    pixel.data
  )
  assert.throws(() => after(pixel, (p) => gaussianBlur(p, 70)), /wider/)
})

test('gray made of colour is the gray of its pixels', () => {
  const image = noise(13, 3, 3)
  const gray = withChannels(withChannels(image, 1), 3).data
  assert.deepEqual(after(image, desaturate), gray)
})
