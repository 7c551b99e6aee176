import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assignmentStats,
  effectiveRank,
  entropy,
  featureSpread,
  prototypeUsage,
  takenByFew,
  usedPrototypes
} from '../../../src/math/collapse.ts'
import { symmetricEigenvalues } from '../../../src/math/eigen.ts'
import { prng } from '../../../src/math/prng.ts'
import { quantiles, signedRows } from '../../../src/math/vectors.ts'

const closeTo = (actual: number, expected: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`)

test('uniform assignments have full entropy and tell nothing', () => {
  const stats = assignmentStats(new Float32Array(40).fill(0.25), 4)
  closeTo(stats.meanEntropy, Math.log(4))
  closeTo(stats.mutualInformation, 0)
  closeTo(stats.perplexity, 4)
})

test('assignments to one prototype have no entropy at all', () => {
  const stats = assignmentStats(Float32Array.from([1, 0, 0, 1, 0, 0]), 3)
  closeTo(stats.entropyOfMean, 0)
  closeTo(stats.topShare, 1)
})

test('sure and even assignments tell all there is', () => {
  const stats = assignmentStats(Float32Array.from([1, 0, 0, 1]), 2)
  closeTo(stats.meanEntropy, 0)
  closeTo(stats.mutualInformation, Math.log(2))
})

test('used prototypes are those that win an image', () => {
  const usage = prototypeUsage([2, 2, 0], 4)
  assert.deepEqual([...usage], [1, 0, 2, 0])
  assert.equal(usedPrototypes(usage), 2)
})

test('effective rank counts equal directions and sees one line as rank 1', () => {
  const identity = new Float32Array(36)
  for (let i = 0; i < 6; i++) identity[i * 7] = 2
  closeTo(effectiveRank(identity, 6), 6, 1e-6)
  closeTo(effectiveRank(Float32Array.from([1, 2, 3, 2, 4, 6, -1, -2, -3]), 3), 1, 1e-3)
  assert.equal(effectiveRank(new Float32Array(9), 3), 0)
})

test('effective rank is the same from fewer images than dimensions as from their transpose', () => {
  const random = prng(8)
  const [rows, dim] = [7, 20]
  const features = Float32Array.from({ length: rows * dim }, () => random.normal())
  const transpose = Float32Array.from(features, (_, i) => features[(i % rows) * dim + Math.floor(i / rows)]!)
  closeTo(effectiveRank(features, dim), effectiveRank(transpose, rows), 1e-9)
  assert.equal(effectiveRank(new Float32Array(0), dim), 0)
})

test('feature spread is about 1 for isotropic features and 0 for equal ones', () => {
  const random = prng(5)
  closeTo(
    featureSpread(
      Float32Array.from({ length: 500 * 32 }, () => random.normal()),
      32
    ),
    1,
    0.02
  )
  closeTo(featureSpread(new Float32Array(64).fill(3), 8), 0, 1e-6)
})

test('eigenvalues have the trace and the square sum of their matrix, and match a known one', () => {
  const known = symmetricEigenvalues(Float64Array.from([2, 0, 0, -1, 2, 0, 0, -1, 2]), 3)
  for (const [i, value] of [2 + Math.SQRT2, 2, 2 - Math.SQRT2].entries()) closeTo(known[i]!, value, 1e-12)
  const n = 40
  const random = prng(6)
  const matrix = new Float64Array(n * n)
  let trace = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = random.normal()
      matrix[i * n + j] = value
      squares += value * value * (i === j ? 1 : 2)
      if (i === j) trace += value
    }
  }
  const values = symmetricEigenvalues(matrix, n)
  closeTo(
    values.reduce((a, b) => a + b, 0),
    trace,
    1e-10
  )
  closeTo(
    values.reduce((a, b) => a + b * b, 0),
    squares,
    1e-9
  )
  closeTo(symmetricEigenvalues(new Float64Array(4), 2)[0]!, 0)
})

test('quantiles interpolate between order statistics', () => {
  assert.deepEqual(quantiles([4, 1, 3, 2], [0, 0.5, 1]), [1, 2.5, 4])
  assert.deepEqual(quantiles([7], [0, 0.3, 1]), [7, 7, 7])
})

test('three quarters of all images in one prototype are a collapse, however many prototypes there are', () => {
  for (const prototypes of [8, 256, 65_536]) {
    const rest = 0.26 / (prototypes - 1)
    const shares = Float64Array.from({ length: prototypes }, (_, k) => (k === 0 ? 0.74 : rest))
    assert.ok(takenByFew({ topShare: 0.74, entropy: entropy(shares), prototypes }), `${prototypes} prototypes`)
    const even = new Float64Array(prototypes).fill(1 / prototypes)
    assert.ok(!takenByFew({ topShare: 1 / prototypes, entropy: entropy(even), prototypes }))
  }
})

test('four prototypes in effect are few where one of them is large', () => {
  assert.ok(takenByFew({ topShare: 0.52, entropy: 1.34, prototypes: 256 }), 'recorded of a run that collapsed to few')
  assert.ok(!takenByFew({ topShare: 0.25, entropy: 2.11, prototypes: 256 }), 'recorded of a healthy one')
  for (const shares of [
    [0.5, 0.5],
    [0.36, 0.32, 0.32],
    [0.36, 0.22, 0.21, 0.21]
  ]) {
    const handful = { topShare: shares[0]!, entropy: entropy(shares), prototypes: shares.length }
    assert.ok(!takenByFew(handful), `all ${shares.length} that there are, used alike`)
  }
})

test('a prototype of negative magnitude points the other way', () => {
  assert.deepEqual(
    [...signedRows(Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(2, -0.5, 0.1))],
    [1, 2, -3, -4, 5, 6]
  )
})
