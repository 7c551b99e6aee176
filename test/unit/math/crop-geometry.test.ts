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

test('the evaluation crop is the centered 224 of a 256 resize', () => {
  assert.deepEqual(centerCropBox({ width: 256, height: 256 }, 224), { left: 16, top: 16, width: 224, height: 224 })
  assert.deepEqual(centerCropBox({ width: 1024, height: 512 }, 224), { left: 288, top: 32, width: 448, height: 448 })
})

test('halves are rounded to even as in Python', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven), [0, 2, 2, 2, 3])
})
