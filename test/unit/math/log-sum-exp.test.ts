import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logMeanExp, logSumExp } from '../../../src/math/log-sum-exp.ts'

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-15 * Math.max(1, Math.abs(expected)), `${actual}, not ${expected}`)

test('sums and means of what the logarithms stand for', () => {
  const logs = [1, 2, 3, 4].map(Math.log)
  near(logSumExp(logs), Math.log(10))
  near(logMeanExp(logs), Math.log(2.5))
  near(logSumExp(Float64Array.from([...logs].reverse())), Math.log(10))
  near(logSumExp([-3]), -3)
})

test('nothing over- or underflows', () => {
  for (const offset of [-1e6, -800, 800, 1e6]) near(logSumExp([offset, offset]), offset + Math.LN2)
  near(logMeanExp([-1000, -1000 + Math.log(3)]), -1000 + Math.LN2)
  near(logSumExp([0, -1e9]), 0)
})

test('zeros add nothing, and the sum of zeros alone is zero', () => {
  const zero = Number.NEGATIVE_INFINITY
  near(logSumExp([zero, 2, zero]), 2)
  near(logMeanExp([zero, 0]), -Math.LN2)
  assert.equal(logSumExp([zero, zero]), zero)
  assert.equal(logMeanExp([zero]), zero)
  assert.equal(logSumExp([]), zero)
})
