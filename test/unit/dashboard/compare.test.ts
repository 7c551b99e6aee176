import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../../../src/client/resources.ts'
import { evaluationRows } from '../../../src/dashboard/features/compare/evaluation-rows.ts'
import { recipeDiff } from '../../../src/dashboard/features/compare/recipe-diff.ts'
import { legendNames } from '../../../src/dashboard/features/compare/run-names.ts'
import { minutesOf } from '../../../src/dashboard/features/compare/x-axis.ts'
import { filterForm, filterOf, filterQuery, isFiltered } from '../../../src/dashboard/features/runs/run-filter.ts'

const aRun = (learning_rate: number, more: object = {}) =>
  ({
    dataset: 'ds_1@1',
    compute: { device: 'any', devices: 1 },
    init: null,
    resolved_recipe: { preset: 'mu', hyperparameters: { learning_rate, crops: { local: { count: 6 } }, ...more } }
  }) as unknown as Run // what a comparison reads of one

test('what differs between runs is shown with each value, the rest is counted', () => {
  const { rows, equal } = recipeDiff([aRun(0.001), aRun(0.002, { drop_path: 0.1 }), aRun(0.001)])
  assert.deepEqual(rows, [
    { field: 'learning_rate', values: [0.001, 0.002, 0.001] },
    { field: 'drop_path', values: [undefined, 0.1, undefined] }
  ])
  assert.equal(equal, 6)
  assert.deepEqual(recipeDiff([aRun(1), aRun(1)]).rows, [])
})

test('minutes of training follow the speed of each step, and steps between two points lie between their minutes', () => {
  const minutes = minutesOf({ steps: [10, 20, 40], values: [60, 30, Number.NaN] }, 60)
  // What the last step is worth comes from the speed before it: its own is no number.
  for (const [step, seconds] of [
    [5, 5],
    [10, 10],
    [15, 20],
    [20, 30],
    [40, 70]
  ] as const)
    assert.ok(Math.abs(minutes(step) * 60 - seconds) < 1e-9, `${step}: ${minutes(step) * 60}`)
  assert.equal(minutesOf({ steps: [], values: [] }, 60)(10), 0)
})

test('numbers share a row only where protocol, images and settings are the same', () => {
  const value = (one: number) => ({ value: one, low: one, high: one })
  const evaluation = (k: number, top1: number, dataset = 'ds_1@1') => {
    const result = { protocol: 'knn', settings: { seed: 0, k }, metrics: { top1: value(top1) } }
    return { dataset, queries: null, results: [result] } as unknown as Parameters<
      typeof evaluationRows
    >[0][number][number]
  }
  const rows = evaluationRows([[evaluation(5, 0.9), evaluation(5, 0.1)], [evaluation(5, 0.8), evaluation(20, 0.7)], []])
  assert.deepEqual(
    rows.map(({ settings, values }) => [settings, ...values.map((one) => one?.value)]),
    [
      ['k 5, seed 0', 0.9, 0.8, undefined],
      ['k 20, seed 0', undefined, 0.7, undefined]
    ]
  )
  assert.equal(evaluationRows([[evaluation(5, 1)], [evaluation(5, 1, 'ds_2@1')]]).length, 2)
})

test('of runs with one name each says which it is', () => {
  const resolved_recipe = { method: 'dino', arch: 'vit_nano' } as unknown as Run['resolved_recipe']
  const names = legendNames([
    { id: 'run_1', name: 'shoes', resolved_recipe },
    { id: 'run_2', name: null, resolved_recipe },
    { id: 'run_3', name: 'shoes', resolved_recipe }
  ])
  assert.deepEqual(names, ['shoes #1', 'dino vit_nano (un_2)', 'shoes #3'])
})

test('a filter is kept in the address, and what cannot be asked for is none', () => {
  const form = filterForm(new URLSearchParams('name=shoe&status=done&note=team=vision&order=oldest'))
  assert.deepEqual(filterOf(form), { name: 'shoe', metadata: { team: 'vision' }, order: 'oldest', archived: false })
  assert.deepEqual(filterQuery({ ...form, order: 'newest', status: '' }), { name: 'shoe', note: 'team=vision' })
  assert.equal(isFiltered(filterOf(filterForm(new URLSearchParams('order=oldest&note=team')))), false)
})
