import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choleskyFactor, choleskySolve } from '../../../src/math/cholesky.ts'
import { minimize } from '../../../src/math/lbfgs.ts'
import { logMeanExp, logSumExp } from '../../../src/math/log-sum-exp.ts'
import { prng } from '../../../src/math/prng.ts'

const SIZE = 12

test('a solved system gives back its right side', () => {
  const random = prng(1)
  const rows = Array.from({ length: 40 }, () => Array.from({ length: SIZE }, () => random.normal()))
  const matrix = Float64Array.from({ length: SIZE * SIZE }, (_, at) =>
    rows.reduce((sum, row) => sum + row[Math.floor(at / SIZE)]! * row[at % SIZE]!, 0)
  )
  const wanted = Float64Array.from({ length: SIZE }, () => random.normal())
  const x = wanted.slice()
  choleskySolve(choleskyFactor(matrix, SIZE), x)
  for (let i = 0; i < SIZE; i++) {
    const product = x.reduce((sum, value, j) => sum + matrix[i * SIZE + j]! * value, 0)
    assert.ok(Math.abs(product - wanted[i]!) < 1e-12, `[${i}] ${product}`)
  }
})

test('a matrix that is not positive definite is a fault', () => {
  assert.throws(() => choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), /row 1 of 2/)
})

/** Σ c_i (x_i − i)² with c from 1 to 1,000: its minimum is x_i = i. */
const bowl = (x: Float64Array, gradient: Float64Array): number => {
  let value = 0
  for (let i = 0; i < x.length; i++) {
    const curvature = 10 ** ((3 * i) / (x.length - 1))
    gradient[i] = 2 * curvature * (x[i]! - i)
    value += curvature * (x[i]! - i) ** 2
  }
  return value
}

test('an ill-conditioned bowl is gone down to its bottom', () => {
  const { x, converged, iterations } = minimize(bowl, new Float64Array(30), { tolerance: 1e-8, maxIterations: 500 })
  // SciPy's L-BFGS-B takes 293.
  assert.ok(converged && iterations < 400, `${iterations}`)
  for (const [i, value] of x.entries()) assert.ok(Math.abs(value - i) < 1e-8)
})

test('a minimum at the start takes no step, and running out of iterations is said', () => {
  const start = Float64Array.from({ length: 30 }, (_, i) => i)
  assert.deepEqual(minimize(bowl, start, { tolerance: 0, maxIterations: 5 }).iterations, 0)
  const short = minimize(bowl, new Float64Array(30), { tolerance: 1e-8, maxIterations: 3 })
  assert.deepEqual([short.converged, short.iterations], [false, 3])
})

test('where no digits are left it stops instead of going on', () => {
  const { iterations, value } = minimize(bowl, new Float64Array(30), { tolerance: 0, maxIterations: 10_000 })
  assert.ok(value < 1e-20 && iterations < 2000, `${value} after ${iterations}`)
})

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
