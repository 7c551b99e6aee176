import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { deltaLogNormalizer, logNormalizer, meanResultantLength } from '../../../src/math/vmf.ts'

interface Golden {
  readonly rows: readonly (readonly [p: number, kappa: number, logCp: number, delta: number, ratio: number])[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/logcp.json', import.meta.url), 'utf8'))

// The expansion at order 127 is good to 6.5e-11; the recurrence below it adds only rounding.
const TOLERANCE = 1e-10

test('log C_p agrees with 60-digit values for every dimension and kappa', () => {
  assert.equal(golden.rows.length, 108)
  for (const [p, kappa, expected] of golden.rows) {
    const error = Math.abs(logNormalizer(p, kappa) - expected) / Math.max(1, Math.abs(expected))
    assert.ok(error < TOLERANCE, `p ${p} kappa ${kappa}: ${logNormalizer(p, kappa)} not ${expected}`)
  }
})

test('the difference to kappa 0 keeps its digits where it is tiny', () => {
  for (const [p, kappa, , expected] of golden.rows) {
    const error = Math.abs(deltaLogNormalizer(p, kappa) - expected)
    // Below 1 relative to the value itself: 2.7e-10 is the worst, at p = 512, where the value is 1e-9.
    const allowed = kappa < 1 ? 1e-9 * Math.abs(expected) : TOLERANCE * Math.max(1, Math.abs(expected))
    assert.ok(error <= allowed, `p ${p} kappa ${kappa}: ${deltaLogNormalizer(p, kappa)} not ${expected}`)
  }
})

test('A_p agrees with 60-digit values and stays below 1', () => {
  for (const [p, kappa, , , expected] of golden.rows) {
    const a = meanResultantLength(p, kappa)
    assert.ok(Math.abs(a - expected) < 1e-11, `p ${p} kappa ${kappa}: ${a} not ${expected}`)
    assert.ok(a >= 0 && a < 1)
  }
})

test('the derivative of log C_p is minus A_p', () => {
  for (const p of [2, 3, 16, 64, 256, 768]) {
    for (const kappa of [0.5, 7, 40, 300]) {
      const h = 1e-4 * kappa
      const slope = (deltaLogNormalizer(p, kappa + h) - deltaLogNormalizer(p, kappa - h)) / (2 * h)
      assert.ok(Math.abs(slope + meanResultantLength(p, kappa)) < 1e-6, `p ${p} kappa ${kappa}: ${slope}`)
    }
  }
})

test('the closed form in three dimensions is met', () => {
  for (const kappa of [0.01, 1, 20]) {
    const closed = Math.log(kappa) - Math.log(4 * Math.PI * Math.sinh(kappa))
    assert.ok(Math.abs(logNormalizer(3, kappa) - closed) < TOLERANCE)
  }
})

test('extreme kappa stays finite and wrong arguments are refused', () => {
  assert.equal(deltaLogNormalizer(256, 0), 0)
  assert.ok(Number.isFinite(deltaLogNormalizer(256, 1e12)))
  assert.ok(Number.isFinite(deltaLogNormalizer(2, 1e-300)))
  assert.throws(() => logNormalizer(1, 1), /p ≥ 2, got 1/)
  assert.throws(() => meanResultantLength(64, -1), /kappa ≥ 0, got -1/)
  assert.throws(() => meanResultantLength(64, Number.NaN), /kappa ≥ 0, got NaN/)
})
