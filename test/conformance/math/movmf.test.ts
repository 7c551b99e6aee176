import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fitMovmf } from '../../../src/math/movmf.ts'

interface Golden {
  readonly dim: number
  readonly smallest: number
  readonly iterations: number
  readonly vectors: readonly number[]
  readonly start: readonly number[]
  readonly likelihoods: readonly number[]
  readonly logLikelihood: number
  readonly origins: readonly number[]
  readonly weights: readonly number[]
  readonly kappa: readonly number[]
  readonly directions: readonly number[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/movmf.json', import.meta.url), 'utf8'))

function unitRows(values: readonly number[], dim: number): Float64Array {
  const rows = Float64Array.from(values)
  for (let from = 0; from < rows.length; from += dim) {
    const row = rows.subarray(from, from + dim)
    const length = Math.hypot(...row)
    row.forEach((value, i) => {
      row[i] = value / length
    })
  }
  return rows
}

// Bessel functions differ by 1e-10 at most, and twelve iterations of a contraction do not make that more.
const TOLERANCE = 1e-8
const near = (actual: ArrayLike<number>, expected: readonly number[], what: string) => {
  assert.equal(actual.length, expected.length, what)
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) <= TOLERANCE * Math.max(1, Math.abs(value)), `${what} ${i}: ${actual[i]}`)
  }
}

test('expectation-maximization takes the steps of a float64 reference, dropping what it drops', () => {
  const { dim, smallest, iterations } = golden
  const start = { dim, vectors: unitRows(golden.vectors, dim), from: { directions: unitRows(golden.start, dim) } }
  const steps = fitMovmf(start, { smallest, iterations, gain: Number.NEGATIVE_INFINITY })
  const likelihoods: number[] = []
  let step = steps.next()
  for (; !step.done; step = steps.next()) likelihoods.push(step.value.logLikelihood)
  const { mixture, logLikelihood, dropped } = step.value
  near(likelihoods, golden.likelihoods, 'likelihood of iteration')
  near([logLikelihood], [golden.logLikelihood], 'likelihood')
  assert.deepEqual(mixture.origins, golden.origins)
  assert.deepEqual(dropped, [3])
  near(mixture.weights, golden.weights, 'weight')
  near(mixture.kappa, golden.kappa, 'kappa')
  near(mixture.directions, golden.directions, 'direction')
})
