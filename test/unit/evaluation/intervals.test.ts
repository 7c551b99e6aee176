import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GROUPS } from '../../../src/base/evaluation.ts'
import { bootstrapMeans, jackknife, randomGroups } from '../../../src/evaluation/intervals.ts'
import { prng } from '../../../src/math/prng.ts'

/** 1 with probability `share`. */
const hits = (count: number, share: number, seed: number) => {
  const random = prng(seed)
  return Float64Array.from({ length: count }, () => (random.uniform() < share ? 1 : 0))
}

test('a bootstrapped interval is as wide as the binomial one', () => {
  const scores = hits(1000, 0.8, 3)
  const { top1 } = bootstrapMeans({ top1: scores }, 0)
  const share = scores.reduce((sum, hit) => sum + hit, 0) / 1000
  assert.equal(top1!.value, share)
  const half = 1.96 * Math.sqrt((share * (1 - share)) / 1000)
  // A quantile of 1,000 resamples is known to a few percent of the width.
  assert.ok(Math.abs(top1!.high - share - half) < 0.15 * half, `${top1!.high}`)
  assert.ok(Math.abs(share - top1!.low - half) < 0.15 * half, `${top1!.low}`)
})

test('about 95 of 100 intervals have the true value in them', () => {
  let covered = 0
  for (let seed = 0; seed < 100; seed++) {
    const { top1 } = bootstrapMeans({ top1: hits(200, 0.7, 100 + seed) }, seed)
    if (top1!.low <= 0.7 && 0.7 <= top1!.high) covered++
  }
  // Three standard deviations of a binomial with 100 and 0.95 are 6.5.
  assert.ok(covered >= 88, `${covered} of 100`)
})

test('one seed gives one interval, another seed another', () => {
  const scores = { a: hits(50, 0.5, 1), b: hits(50, 0.2, 2) }
  assert.deepEqual(bootstrapMeans(scores, 7), bootstrapMeans(scores, 7))
  assert.notDeepEqual(bootstrapMeans(scores, 7), bootstrapMeans(scores, 8))
})

test('the jackknife of a mean is the mean with its standard error', () => {
  const random = prng(5)
  const values = Float64Array.from({ length: 2000 }, () => random.normal())
  const group = randomGroups(values.length, 1)
  const mean = (isIn: (i: number) => boolean) => {
    const chosen = values.filter((_, i) => isIn(i))
    return chosen.reduce((sum, value) => sum + value, 0) / chosen.length
  }
  const without = Array.from({ length: GROUPS }, (_, g) => mean((i) => group[i] !== g))
  const { value, low, high } = jackknife(
    mean(() => true),
    without
  )
  assert.ok(Math.abs((low + high) / 2 - value) < 1e-12)
  // 2.093 of Student's t instead of 1.96; twenty groups know the error to about a sixth of it.
  const expected = 2.093 / Math.sqrt(2000)
  assert.ok(Math.abs((high - low) / 2 / expected - 1) < 0.5, `${(high - low) / 2} for ${expected}`)
})

test('groups are of equal size, and fewer images than groups are a fault', () => {
  const sizes = new Array(GROUPS).fill(0)
  for (const group of randomGroups(107, 0)) sizes[group]++
  assert.deepEqual([Math.min(...sizes), Math.max(...sizes)], [5, 6])
  assert.throws(() => randomGroups(GROUPS - 1, 0), /19 images/)
})
