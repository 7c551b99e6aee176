import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cosine, linspace, warmupConstant, warmupCosine } from '../../../src/math/schedules.ts'

test('a warm-up longer than the run is cut to the run and still starts at zero', () => {
  const schedule = { warmup: 100, peak: 1, end: 0, length: 5 }
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => warmupCosine(schedule, i)),
    [0, 0.25, 0.5, 0.75, 1]
  )
})

test('without warm-up the first step has the peak', () => {
  assert.equal(warmupCosine({ warmup: 0, peak: 0.3, end: 0, length: 10 }, 0), 0.3)
})

test('a cosine past its end stays at its end, and of no length is its end', () => {
  assert.equal(cosine({ start: 1, end: 0.25, length: 4 }, 4), 0.25)
  assert.equal(cosine({ start: 1, end: 0.25, length: 4 }, 400), 0.25)
  assert.equal(cosine({ start: 1, end: 0.25, length: 0 }, 0), 0.25)
})

test('a linear range of one point is its start', () => {
  assert.equal(linspace({ start: 0.04, end: 0.07, count: 1 }, 0), 0.04)
  assert.equal(warmupConstant({ start: 0.04, end: 0.07, warmup: 1 }, 0), 0.04)
  assert.equal(warmupConstant({ start: 0.04, end: 0.07, warmup: 1 }, 1), 0.07)
  assert.equal(warmupConstant({ start: 0.04, end: 0.07, warmup: 0 }, 0), 0.07)
})
