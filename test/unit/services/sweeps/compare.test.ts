import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run, RunStatus } from '../../../../src/domain/run.ts'
import type { Sweep } from '../../../../src/domain/sweep.ts'
import { compare } from '../../../../src/services/sweeps/compare.ts'

const sweepOf = (trials: number, direction: 'minimize' | 'maximize' = 'maximize') =>
  ({
    objective: { metric: 'm', direction },
    trials: Array.from({ length: trials }, (_, seed) => ({ seed }))
  }) as unknown as Sweep // only these are read

const runOf = (trial: number, status: RunStatus) => ({ id: `run_${trial}`, trial, status }) as Run

const standing = (sweep: Sweep, given: readonly (readonly [trial: number, status: RunStatus, value?: number])[]) =>
  compare(sweep, ['m'], {
    runs: given.map(([trial, status]) => runOf(trial, status)),
    points: given.flatMap(([trial, , value]) =>
      value === undefined ? [] : [{ runId: `run_${trial}`, key: 'm', step: 5, value }]
    )
  }).standing

test('what failed or was cancelled leads nothing, however good its last point is', () => {
  const found = standing(sweepOf(3), [
    [1, 'failed', 9],
    [2, 'cancelled', 8],
    [3, 'succeeded', 1]
  ])
  assert.deepEqual(found, {
    best: { trial: 3, runId: 'run_3', step: 5, value: 1 },
    leading: null,
    open: 0,
    withoutValue: 0
  })
})

test('a paused trial has not ended', () => {
  const found = standing(sweepOf(2), [
    [1, 'paused', 2],
    [2, 'cancelling', 1]
  ])
  assert.deepEqual([found?.best, found?.leading?.trial, found?.open], [null, 1, 2])
})

test('of equal trials the first is the best, in either direction', () => {
  for (const direction of ['minimize', 'maximize'] as const) {
    const found = standing(sweepOf(3, direction), [
      [3, 'succeeded', 4],
      [1, 'succeeded', 4],
      [2, 'succeeded', 4]
    ])
    assert.equal(found?.best?.trial, 1)
  }
})

test('infinity and what is no number is no value', () => {
  const found = standing(sweepOf(3), [
    [1, 'succeeded', Number.POSITIVE_INFINITY],
    [2, 'succeeded', Number.NaN],
    [3, 'succeeded']
  ])
  assert.deepEqual([found?.best, found?.withoutValue], [null, 3])
})

test('a trial whose run was removed stays in the table', () => {
  const { rows } = compare(sweepOf(2), ['m'], { runs: [runOf(2, 'succeeded')], points: [] })
  assert.deepEqual(
    rows.map(({ trial, values, run }) => [trial, values['seed'], run?.id ?? null]),
    [
      [1, 0, null],
      [2, 1, 'run_2']
    ]
  )
})
