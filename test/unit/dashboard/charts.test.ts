import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bandPath, linePath } from '../../../src/dashboard/charts/path.ts'
import {
  linearScale,
  niceTicks,
  paddedExtent,
  squeeze,
  squeezedTicks,
  stepTicks
} from '../../../src/dashboard/charts/scale.ts'
import { downsample, indexAt, mergeSeries, movingMean, nearestIndex } from '../../../src/dashboard/charts/series.ts'

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

test('ticks are round and free of rounding noise', () => {
  assert.deepEqual(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1])
  assert.deepEqual(niceTicks(0.1, 0.3, 4), [0.1, 0.15, 0.2, 0.25, 0.3])
  assert.deepEqual(niceTicks(-3, 12, 3), [0, 5, 10])
  assert.deepEqual(stepTicks(0, 2, 8), [0, 1, 2])
})

test('a scale maps both ways, also when it has no width', () => {
  const scale = linearScale([0, 200], [50, 450])
  assert.equal(scale.toPixel(100), 250)
  assert.equal(scale.toValue(250), 100)
  assert.ok(Number.isFinite(linearScale([3, 3], [0, 100]).toPixel(3)))
})

test('an axis holds its values and what must be seen, and never goes below zero for no reason', () => {
  assert.deepEqual(paddedExtent([[0.1, 1]]), [0.055, 1.045])
  assert.deepEqual(paddedExtent([[0.01, 1]])[0], 0)
  assert.equal(paddedExtent([[0.5]], { include: [1] })[1] > 1, true)
  assert.deepEqual(paddedExtent([[]]), [0, 1])
  assert.deepEqual(paddedExtent([[Number.NaN, Number.POSITIVE_INFINITY]]), [0, 1])
  const [low, high] = paddedExtent([[0.025, 0.025]])
  assert.ok(low < 0.025 && high > 0.025)
})

test('a squeezed axis has zero, tens and thousands', () => {
  assert.deepEqual(
    squeezedTicks(7757).map(({ label }) => label),
    ['0', '1', '10', '100', '1,000']
  )
  assert.deepEqual(
    squeezedTicks(0).map(({ at }) => at),
    [0, squeeze(1)]
  )
  assert.equal(squeeze(0), 0)
})

test('thinning keeps every spike, the ends and the order', () => {
  const steps = range(100_000)
  const values = steps.map((step) => (step === 12_345 ? 99 : step === 77_777 ? -99 : Math.sin(step / 5000)))
  const thin = downsample({ steps, values }, 300)
  assert.ok(thin.steps.length <= 602)
  assert.ok(thin.steps.includes(12_345) && thin.steps.includes(77_777))
  assert.deepEqual([thin.steps[0], thin.steps.at(-1)], [0, 99_999])
  assert.deepEqual(
    thin.steps,
    thin.steps.toSorted((a, b) => a - b)
  )
})

test('a short series is not thinned at all', () => {
  const series = { steps: range(10), values: range(10) }
  assert.equal(downsample(series, 5), series)
})

test('steps are found by value', () => {
  const steps = [2, 4, 8]
  assert.deepEqual(
    [1, 2, 5, 9].map((step) => indexAt(steps, step)),
    [-1, 0, 1, 2]
  )
  assert.deepEqual(
    [0, 3, 5, 7, 99].map((step) => nearestIndex(steps, step)),
    [0, 0, 1, 2, 2]
  )
  assert.equal(nearestIndex([], 3), -1)
})

test('new points replace the steps that a resumed run repeats', () => {
  const merged = mergeSeries({ steps: [1, 2, 3, 4], values: [1, 2, 3, 4] }, { steps: [3, 4, 5], values: [30, 40, 50] })
  assert.deepEqual(merged, { steps: [1, 2, 3, 4, 5], values: [1, 2, 30, 40, 50] })
})

test('an average follows a slope without lag, takes noise out, and survives values that are none', () => {
  const slope = range(50).map((step) => 3 * step)
  assert.deepEqual(movingMean({ steps: range(50), values: slope }, 9).values, slope)
  const noisy = range(100).map((step) => (step % 2 === 0 ? 1 : -1))
  const middle = movingMean({ steps: range(100), values: noisy }, 20).values.slice(20, 80)
  assert.ok(middle.every((value) => Math.abs(value) < 0.06))
  const { values } = movingMean({ steps: range(5), values: [4, 4, Number.NaN, 4, 4] }, 3)
  assert.deepEqual(values, [4, 4, Number.NaN, 4, 4])
})

test('a line has a gap where there is no value', () => {
  const x = linearScale([0, 3], [0, 30])
  const y = linearScale([0, 10], [10, 0])
  assert.equal(linePath({ steps: [0, 1, 2, 3], values: [0, 10, Number.NaN, 5] }, x, y), 'M0 10L10 0M30 5')
})

test('a band is closed, and empty without points', () => {
  const x = linearScale([0, 1], [0, 10])
  const y = linearScale([0, 10], [10, 0])
  const lower = { steps: [0, 1], values: [1, 2] }
  const upper = { steps: [0, 1], values: [5, 6] }
  assert.equal(bandPath(lower, upper, x, y), 'M0 5L10 4L10 8L0 9Z')
  assert.equal(bandPath({ steps: [], values: [] }, upper, x, y), '')
})
