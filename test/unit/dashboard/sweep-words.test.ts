import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SweepComparison } from '../../../src/client/resources.ts'
import {
  curvesOf,
  fieldName,
  formatMetricOf,
  formatValue,
  standingInWords,
  styleOf
} from '../../../src/dashboard/features/sweeps/sweep-words.ts'

const best = { trial: 3, run: 'run_3', step: 1200, value: 0.75 }
const sweep = (standing: object, metric = 'eval/knn_top1_k20') =>
  ({
    objective: { metric, direction: 'maximize' },
    standing: { best: null, leading: null, open: 0, without_value: 0, ...standing }
  }) as unknown as SweepComparison // only these are read

test('what has not ended is said beside the best', () => {
  assert.equal(
    standingInWords(sweep({ best })),
    'The highest eval/knn_top1_k20 of those that succeeded: trial 3, 75.0 % at step 1,200.'
  )
  const open = standingInWords(sweep({ best, leading: { ...best, trial: 4, value: 0.8 }, open: 1, without_value: 2 }))
  assert.match(
    open ?? '',
    /Ahead of those that go on: trial 4, 80\.0 % .* 1 trial has not ended: it may still be another one\. 2 that succeeded have no value\.$/
  )
  assert.equal(standingInWords(sweep({}, 'kl')), 'No trial with a value of kl has succeeded.')
  assert.equal(standingInWords({ ...sweep({}), objective: null, standing: null }), null)
})

test('a share is shown in percent, and everything else as a number', () => {
  assert.equal(formatMetricOf('eval/few_shot_mean_shots1', 0.5), '50.0 %')
  assert.equal(formatMetricOf('eval/label_free_rankme', 40.25), '40.25')
  assert.equal(formatMetricOf('loss', 0.5), '0.5')
  assert.equal(formatMetricOf('loss', null), '–')
})

test('values and fields are read as people say them', () => {
  assert.equal(fieldName('hyperparameters.learning_rate'), 'learning rate')
  assert.equal(formatValue(0.000512345), '0.000512345')
  assert.equal(formatValue(4294967295), '4294967295')
  assert.equal(formatValue([0.04, 0.07, 30]), '0.04, 0.07, 30')
  assert.equal(formatValue(null), 'null')
})

test('ten trials look different from each other', () => {
  const looks = Array.from({ length: 10 }, (_, i) => JSON.stringify(styleOf(i + 1)))
  assert.equal(new Set(looks).size, 10)
  assert.deepEqual(styleOf(11), styleOf(1))
})

test('the curve that is shown first is the objective’s, where steps report it', () => {
  assert.deepEqual(curvesOf({ objective: { metric: 'kl', direction: 'minimize' } }).slice(0, 2), ['kl', 'loss'])
  assert.equal(curvesOf({ objective: null })[0], 'loss')
  const measured = curvesOf({ objective: { metric: 'eval/knn_top1_k20', direction: 'maximize' } })
  assert.deepEqual([measured[0], measured.at(-1)], ['loss', 'eval/knn_top1_k20'])
})
