import assert from 'node:assert/strict'
import { test } from 'node:test'
import { centerCropBox, randomResizedCrop, roundHalfEven } from '../../../src/math/crop-geometry.ts'
import { prng } from '../../../src/math/prng.ts'

test('random crops lie inside the image and keep to area and aspect ratio', () => {
  const random = prng(1)
  const range = { scale: [0.25, 0.5], aspectRatio: [3 / 4, 4 / 3] } as const
  for (let i = 0; i < 500; i++) {
    const box = randomResizedCrop({ width: 300, height: 200 }, range, random)
    assert.ok(box.left >= 0 && box.top >= 0 && box.left + box.width <= 300 && box.top + box.height <= 200)
    const area = (box.width * box.height) / 60_000
    assert.ok(area > 0.24 && area < 0.51, `area ${area}`)
    assert.ok(box.width / box.height > 0.73 && box.width / box.height < 1.36)
  }
})

test('an image too narrow for any box gives its centered largest allowed box', () => {
  const range = { scale: [0.9, 1], aspectRatio: [3 / 4, 4 / 3] } as const
  assert.deepEqual(randomResizedCrop({ width: 1000, height: 30 }, range, prng(2)), {
    left: 480,
    top: 0,
    width: 40,
    height: 30
  })
  assert.deepEqual(randomResizedCrop({ width: 30, height: 1000 }, range, prng(2)), {
    left: 0,
    top: 480,
    width: 30,
    height: 40
  })
  const single = randomResizedCrop({ width: 1, height: 50 }, range, prng(3))
  assert.ok(single.width === 1 && single.height === 1)
})

const shorterSide = (side: number, crop: number) => ({ resize: 'shorter_side', side, crop }) as const

test('the evaluation crop is the centered 224 of a 256 resize', () => {
  const rule = shorterSide(256, 224)
  assert.deepEqual(centerCropBox({ width: 256, height: 256 }, rule), { left: 16, top: 16, width: 224, height: 224 })
  assert.deepEqual(centerCropBox({ width: 1024, height: 512 }, rule), { left: 288, top: 32, width: 448, height: 448 })
})

test('a square of the shorter side loses the ends of the longer one and nothing else', () => {
  const rule = shorterSide(28, 28)
  const whole = { left: 0, top: 0, width: 28, height: 28 }
  assert.deepEqual(centerCropBox({ width: 28, height: 28 }, rule), whole)
  assert.deepEqual(centerCropBox({ width: 14, height: 14 }, rule), { ...whole, width: 14, height: 14 })
  assert.deepEqual(centerCropBox({ width: 112, height: 56 }, rule), { left: 28, top: 0, width: 56, height: 56 })
  assert.deepEqual(centerCropBox({ width: 56, height: 112 }, rule), { left: 0, top: 28, width: 56, height: 56 })
})

test('where both sides are resized, the shape of the image is lost and all of it is seen', () => {
  const rule = { resize: 'both_sides', side: 32, crop: 32 } as const
  assert.deepEqual(centerCropBox({ width: 64, height: 16 }, rule), { left: 0, top: 0, width: 64, height: 16 })
  const cut = { ...rule, crop: 24 }
  assert.deepEqual(centerCropBox({ width: 64, height: 16 }, cut), { left: 8, top: 2, width: 48, height: 12 })
})

test('an odd margin has its larger part at the end', () => {
  assert.deepEqual(centerCropBox({ width: 35, height: 28 }, shorterSide(28, 28)).left, 3)
  assert.deepEqual(centerCropBox({ width: 33, height: 28 }, shorterSide(28, 28)).left, 2)
})

test('halves are rounded to even as in Python', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven), [0, 2, 2, 2, 3])
})
