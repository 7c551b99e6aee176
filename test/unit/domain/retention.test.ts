import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Need, type Retention, reasonsToKeep } from '../../../src/domain/retention.ts'

interface Given {
  readonly keep?: boolean
  readonly loss?: number
  readonly needs?: readonly Need[]
}

/** A checkpoint for each step, ten steps an epoch; ids in the order of a clock that runs backwards. */
function judge(policy: Retention, given: Readonly<Record<number, Given>>, values = new Map<number, number>()) {
  const steps = Object.keys(given).map(Number)
  const idOf = (step: number) => `ckpt_${String(10_000 - step).padStart(6, '0')}`
  const complete = steps.map((step) => ({
    ...{ id: idOf(step), step, epoch: Math.floor(step / 10), keep: given[step]?.keep ?? false },
    metrics: given[step]?.loss === undefined ? {} : { loss: given[step].loss }
  }))
  const needs = new Map(steps.map((step) => [idOf(step), given[step]?.needs ?? []]))
  // Whatever order they are found in.
  const reasons = reasonsToKeep(complete.toReversed(), { policy, needs, values })
  return Object.fromEntries(steps.map((step) => [step, reasons.get(idOf(step))?.join(' ')]))
}

const best = (direction: 'minimize' | 'maximize', count = 1, metric = 'loss') => ({
  keepLast: 1,
  keepBest: { metric, direction, count }
})

test('three of the newest stay where nobody says otherwise, by step and not by id', () => {
  assert.deepEqual(judge({}, { 1: {}, 2: {}, 3: {}, 4: {} }), { 1: '', 2: 'last', 3: 'last', 4: 'last' })
})

test('the first after every so many epochs stays beside them', () => {
  const given = { 35: {}, 95: {}, 105: {}, 145: {}, 201: {}, 299: {} }
  const kept = judge({ keepLast: 1, keepEveryEpochs: 10 }, given)
  assert.deepEqual(kept, { 35: '', 95: '', 105: 'epoch', 145: '', 201: 'epoch', 299: 'last' })
})

test('the best by a metric stay, lowest or highest, and the first of equals', () => {
  const given = { 1: { loss: 3 }, 2: { loss: 1 }, 3: { loss: 2 }, 4: { loss: 1 }, 5: { loss: 4 } }
  assert.deepEqual(judge(best('minimize'), given), { 1: '', 2: 'best', 3: '', 4: '', 5: 'last' })
  assert.deepEqual(judge(best('minimize', 3), given), { 1: '', 2: 'best', 3: 'best', 4: 'best', 5: 'last' })
  assert.deepEqual(judge(best('maximize', 2), given), { 1: 'best', 2: '', 3: '', 4: '', 5: 'last best' })
})

test('what has no finite value is none of the best, and what was measured afterwards counts', () => {
  const measured = new Map([
    [1, 0.7],
    [2, 0.9],
    [3, Number.NaN]
  ])
  const kept = judge(best('maximize', 2, 'eval/knn_top1_k20'), { 1: {}, 2: {}, 3: {}, 4: {}, 5: {} }, measured)
  assert.deepEqual(kept, { 1: 'best', 2: 'best', 3: '', 4: '', 5: 'last' })
  assert.deepEqual(judge(best('minimize'), { 1: { loss: Number.NaN }, 2: {}, 3: {} }), { 1: '', 2: '', 3: 'last' })
})

test('a policy removes nothing that a user, a model, a run or an evaluation wants, and says all the reasons', () => {
  const given = {
    1: { keep: true },
    2: { needs: ['model'] },
    3: { needs: ['evaluation', 'run'] },
    4: {},
    5: { keep: true, needs: ['model'] }
  } as const
  assert.deepEqual(judge({ keepLast: 1 }, given), {
    1: 'user',
    2: 'model',
    3: 'run evaluation',
    4: '',
    5: 'user last model'
  })
})

test('removing what may go, checkpoint by checkpoint, ends with the best there ever were', () => {
  const losses = [5, 3, 8, 1, 9, 2, 7, 4, 6, 10]
  const policy = best('minimize', 3)
  let left: Record<number, Given> = {}
  for (const [at, loss] of losses.entries()) {
    const judged = judge(policy, { ...left, [at + 1]: { loss } })
    left = Object.fromEntries(
      Object.entries(judged).flatMap(([step, why]) => (why === '' ? [] : [[step, { loss: losses[Number(step) - 1]! }]]))
    )
  }
  assert.deepEqual(Object.keys(left), ['2', '4', '6', '10'])
})
