import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketRanges } from '../../../src/base/bucket-ranges.ts'
import type { Bucket } from '../../../src/base/evaluation.ts'

const bucket = (by: Bucket['by'], from: number, to: number): Bucket => ({
  by,
  from,
  to,
  prototypes: 3,
  images: 20,
  top1: { value: 0.5, low: 0.4, high: 0.6 }
})

test('ranges of κ have one digit where that tells them apart, and more after a short run', () => {
  const close = [bucket('kappa', 33.8, 36.27), bucket('kappa', 36.3, 45), bucket('usage', 1, 7)]
  assert.deepEqual(bucketRanges(close), ['κ 33.8 … 36.3', 'κ 36.3 … 45.0', 'usage 1 … 7'])
  const short = [bucket('kappa', 10.0001, 10.0004), bucket('kappa', 10.0005, 10.0012)]
  assert.deepEqual(bucketRanges(short), ['κ 10.0001 … 10.0004', 'κ 10.0005 … 10.0012'])
})

test('what is equal stays equal, and what no float32 holds apart is not drawn out', () => {
  assert.deepEqual(bucketRanges([bucket('kappa', 10, 10)]), ['κ 10.0 … 10.0'])
  assert.deepEqual(bucketRanges([bucket('kappa', 10, 10 + 1e-9)]), ['κ 10.000000 … 10.000000'])
  assert.deepEqual(bucketRanges([]), [])
})
