import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accumulate,
  average,
  joinCrops,
  logMeanExpOf,
  partOfCrops
} from '../../../../src/training/step/micro-batches.ts'

/** Crop c of image i is the number 10 c + i, twice: two crops of six images. */
const BATCH = Uint8Array.from(
  [0, 1].flatMap((crop) => [0, 1, 2, 3, 4, 5].flatMap((i) => [10 * crop + i, 10 * crop + i]))
)

test('a part has the same images of every crop', () => {
  assert.deepEqual([...partOfCrops(BATCH, 2, { index: 0, of: 3 })], [0, 0, 1, 1, 10, 10, 11, 11])
  assert.deepEqual([...partOfCrops(BATCH, 2, { index: 2, of: 3 })], [4, 4, 5, 5, 14, 14, 15, 15])
})

test('the parts put together are the batch', () => {
  const whole = Float32Array.from(BATCH)
  const parts = [0, 1, 2].map((index) => partOfCrops(whole, 2, { index, of: 3 }))
  assert.deepEqual(joinCrops(parts, 2), whole)
})

test('no crops of a kind have no parts, and unequal parts are refused', () => {
  assert.equal(partOfCrops(new Uint8Array(0), 0, { index: 1, of: 3 }).length, 0)
  assert.throws(() => partOfCrops(BATCH, 2, { index: 0, of: 5 }), /equal parts/)
})

test('means over parts are means over the batch, also of what is kept as logarithms', () => {
  const sum = Float32Array.of(1, -2)
  accumulate(sum, Float32Array.of(3, 4))
  assert.deepEqual([...average(sum, 2)], [2, 1])
  // Both would underflow as probabilities.
  const [mean] = logMeanExpOf([Float32Array.of(-300), Float32Array.of(-300 + Math.log(3))])
  assert.ok(Math.abs(mean! - (-300 + Math.log(2))) < 1e-5)
})
