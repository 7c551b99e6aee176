import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SweepRange, SweepSpace } from '../../../../src/domain/sweep.ts'
import { countTrials, drawTrials } from '../../../../src/services/sweeps/draw-trials.ts'

const valuesOf = (space: SweepSpace) =>
  drawTrials(space).map((trial) => Object.fromEntries([...trial].map(([field, { value }]) => [field, value])))

const random = (
  fields: Record<string, SweepRange | { readonly values: readonly number[] }>,
  trials: number,
  seed = 1
) => ({ kind: 'random', fields, trials, seed }) as const

const drawMany = (range: SweepRange): number[] => valuesOf(random({ x: range }, 4000)).map(({ x }) => Number(x))
const shareBelow = (values: readonly number[], limit: number) =>
  values.filter((value) => value < limit).length / values.length

test('a grid has every combination once, the last field changing first', () => {
  const grid: SweepSpace = { kind: 'grid', fields: { a: [1, 2], b: ['x', null, [1, 2]] } }
  assert.equal(countTrials(grid), 6)
  assert.deepEqual(valuesOf(grid), [
    { a: 1, b: 'x' },
    { a: 1, b: null },
    { a: 1, b: [1, 2] },
    { a: 2, b: 'x' },
    { a: 2, b: null },
    { a: 2, b: [1, 2] }
  ])
})

test('a trial says which of the listed values it has, and of a range none', () => {
  const fields = { a: { values: [7, 8, 9] }, b: { min: 0, max: 1, scale: 'linear', isWhole: false } } as const
  for (const trial of drawTrials(random(fields, 50))) {
    const { value, index } = trial.get('a')!
    assert.equal([7, 8, 9][index!], value)
    assert.equal(trial.get('b')!.index, null)
  }
})

test('a trial depends on the seed and on its number alone', () => {
  const a = { min: 0, max: 1, scale: 'linear', isWhole: false } as const
  const b = { min: 1, max: 100, scale: 'log', isWhole: false } as const
  const ten = valuesOf(random({ a, b }, 10))
  assert.deepEqual(valuesOf(random({ b, a }, 10)), ten)
  assert.deepEqual(valuesOf(random({ a, b }, 3)), ten.slice(0, 3))
  assert.notDeepEqual(valuesOf(random({ a, b }, 10, 2)), ten)
  assert.equal(new Set(ten.map(({ a: value }) => value)).size, 10)
  // Written down once: a sweep of today is the same sweep tomorrow.
  assert.deepEqual(ten[0], { a: 0.0543713, b: 83.1899 })
})

test('a linear range is even, a logarithmic one even in factors, and neither leaves its ends', () => {
  const linear = drawMany({ min: 1, max: 100, scale: 'linear', isWhole: false })
  const log = drawMany({ min: 1, max: 100, scale: 'log', isWhole: false })
  for (const value of [...linear, ...log]) assert.ok(value >= 1 && value <= 100, String(value))
  // 4,000 draws: one standard deviation of a half is 0.8 %.
  assert.ok(Math.abs(shareBelow(linear, 50.5) - 0.5) < 0.03)
  assert.ok(Math.abs(shareBelow(log, 10) - 0.5) < 0.03)
})

test('of whole numbers each is drawn as often as another, both ends among them', () => {
  const drawn = drawMany({ min: 3, max: 6, scale: 'linear', isWhole: true })
  for (const value of [3, 4, 5, 6]) {
    const share = drawn.filter((one) => one === value).length / drawn.length
    assert.ok(Math.abs(share - 0.25) < 0.03, `${value}: ${share}`)
  }
  assert.deepEqual([...new Set(drawMany({ min: 1, max: 4, scale: 'log', isWhole: true }))].sort(), [1, 2, 3, 4])
})
