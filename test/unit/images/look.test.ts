import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import type { Image } from '../../../src/images/image.ts'
import { lookAt } from '../../../src/images/look.ts'
import { createNearHashes, NEAR } from '../../../src/images/near-hashes.ts'
import { createReport } from '../../../src/images/report.ts'
import { bitsOfAll } from '../../../src/recipe/bits.ts'
import { imagesBelow } from '../../../src/recipe/dataset-report.ts'

type Paint = (x: number, y: number) => readonly number[]

function paint(width: number, height: number, channels: 1 | 3, at: Paint): Image {
  const data = new Uint8Array(width * height * channels)
  for (let i = 0; i < width * height; i++) data.set(at(i % width, Math.floor(i / width)), i * channels)
  return { data, width, height, channels }
}

const waves: Paint = (x, y) => {
  const v = 128 + 60 * Math.sin(x / 9) + 60 * Math.cos(y / 7 + x / 30)
  return [v, v, v]
}

test('a picture without colour is gray whatever its channels, and one tinted pixel makes it coloured', () => {
  assert.equal(lookAt(paint(50, 40, 3, waves)).isGray, true)
  assert.equal(lookAt(paint(50, 40, 1, (x) => [x])).isGray, true)
  assert.equal(lookAt(paint(50, 40, 3, (x, y) => (x === 49 && y === 39 ? [90, 100, 90] : waves(x, y)))).isGray, false)
})

test('mean and deviation are those of the pixels', () => {
  const { mean, variance } = lookAt(paint(32, 32, 3, (x) => (x % 2 === 0 ? [255, 0, 51] : [0, 0, 51])))
  assert.deepEqual(
    mean.slice(0, 3).map((value) => Number(value.toFixed(6))),
    [0.5, 0, 0.2]
  )
  assert.deepEqual(
    variance.slice(0, 3).map((value) => Number(value.toFixed(6))),
    [0.25, 0, 0]
  )
})

test('copies of other sizes and qualities have near hashes, other pictures have not, and walls have none', async () => {
  const png = sharp(Buffer.from(paint(200, 150, 3, waves).data), { raw: { width: 200, height: 150, channels: 3 } })
  const copy = await png.resize(97, 80, { fit: 'fill' }).jpeg({ quality: 40 }).toBuffer()
  const { data, info } = await sharp(copy).raw().toBuffer({ resolveWithObject: true })
  const near = createNearHashes()
  assert.equal(near.add(lookAt(paint(200, 150, 3, waves)).hash!), true)
  assert.equal(near.add(lookAt({ data, width: info.width, height: info.height, channels: 3 }).hash!), false)
  assert.equal(near.add(lookAt(paint(200, 150, 3, (x, y) => waves(y, x))).hash!), true)
  assert.equal(lookAt(paint(60, 60, 3, (x) => [200 + (x % 3), 200, 200])).hash, null)
})

test('every hash within three bits of an earlier one is found, wherever the bits are, among a thousand others', () => {
  const near = createNearHashes()
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
  const first = Array.from({ length: 3000 }, () => [next(), next()] as [number, number])
  assert.equal(first.filter((hash) => near.add(hash)).length, first.length)
  for (const [i, hash] of first.entries()) {
    const flipped: [number, number] = [hash[0], hash[1]]
    for (let bit = 0; bit < NEAR; bit++) flipped[(i + bit) % 2]! ^= 1 << ((i * 7 + bit * 11) % 32)
    assert.equal(near.add([flipped[0] >>> 0, flipped[1] >>> 0]), false)
  }
  assert.equal(near.add([(first[0]![0] ^ 0xf) >>> 0, first[0]![1]]), true)
})

test('a report has true pixels, the kinds of images, and how many are below a side', () => {
  const report = createReport()
  const gray = lookAt(paint(8, 8, 1, (x) => [x * 30]))
  const colour = lookAt(paint(8, 8, 3, (x, y) => [x * 30, y * 30, 0]))
  for (let i = 1; i <= 100; i++)
    report.add({ width: i, height: 50, isDeep: i === 1, bits: null, look: i <= 20 ? gray : colour })
  const { width, height, shorterSide, gray: grays, colour: colours, deep, nearDuplicates, ...rest } = report.finish()
  assert.deepEqual(width, { min: 1, p5: 5, p50: 50, p95: 95, max: 100 })
  assert.deepEqual([height.min, height.max, shorterSide.p50, shorterSide.p95], [50, 50, 50, 50])
  assert.deepEqual([grays, colours, deep, nearDuplicates, bitsOfAll(rest.bits)], [20, 80, 1, 99, null])
  assert.equal(rest.aspectRatio.p50, 1)
  assert.deepEqual([imagesBelow(rest, 32), imagesBelow(rest, 33), imagesBelow(rest, 8)], [31, 31, 0])
})
