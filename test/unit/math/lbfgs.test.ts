import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minimize } from '../../../src/math/lbfgs.ts'

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
