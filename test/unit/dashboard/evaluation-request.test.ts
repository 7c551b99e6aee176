import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysToCamel } from '../../../src/base/casing.ts'
import {
  ALL_PROTOCOLS,
  LAB_PROTOCOLS as API_LAB_PROTOCOLS,
  type ChosenSettings,
  unheardSetting
} from '../../../src/base/evaluation.ts'
import type { Evaluation } from '../../../src/client/resources.ts'
import {
  EMPTY_EVALUATION,
  evaluationBody,
  PROTOCOLS
} from '../../../src/dashboard/features/evaluations/evaluation-request.ts'
import { EVALUATION_STATUSES, firstResult } from '../../../src/dashboard/features/evaluations/evaluation-words.ts'
import {
  heardSettings,
  LAB_PROTOCOLS,
  planBody,
  planFormOf,
  SETTING_FIELDS
} from '../../../src/dashboard/features/evaluations/plan-form.ts'
import { EVALUATION_STATUSES as API_STATUSES } from '../../../src/domain/evaluation.ts'
import { planShown } from '../../../src/http/schemas/evaluation-plan.ts'

test('the form offers the protocols and settings that there are', () => {
  assert.deepEqual(LAB_PROTOCOLS.toSorted(), API_LAB_PROTOCOLS.toSorted())
  // What revisited needs besides is a file of its own: it is asked for through the API.
  assert.deepEqual(PROTOCOLS.toSorted(), ALL_PROTOCOLS.filter((name) => name !== 'revisited').toSorted())
  const settings = SETTING_FIELDS.map(({ name }): string => name)
  assert.deepEqual(settings.toSorted(), Object.keys(planShown.settings.properties).toSorted())
  assert.deepEqual([...EVALUATION_STATUSES], [...API_STATUSES])
})

test('a setting is offered where one of the protocols hears it, and nowhere else', () => {
  for (const protocols of [[], ...ALL_PROTOCOLS.map((name) => [name])]) {
    const offered = new Set(heardSettings({ protocols }).map(({ name }) => name))
    for (const { name } of SETTING_FIELDS) {
      const chosen = keysToCamel({ seed: 0, [name]: 1 }) as unknown as ChosenSettings // its value is not looked at
      const isHeard = unheardSetting(chosen, protocols.length === 0 ? null : protocols) === null
      assert.equal(offered.has(name), isHeard, `${name} of ${protocols}`)
    }
  }
})

test('what is left empty is the default of the protocol, and lists are lists of one as well', () => {
  const form = { ...EMPTY_EVALUATION, id: 'mdl_1', dataset: 'ds_1@1' }
  assert.deepEqual(evaluationBody(form), { model: 'mdl_1', dataset: 'ds_1@1' })
  const settings = { k: '20', rates: '1e-4 3e-4', draws: '5', epochs: ' ' }
  const protocols = ['knn', 'few_shot', 'finetune'] as const
  assert.deepEqual(evaluationBody({ ...form, source: 'checkpoint', id: ' ckpt_1 ', protocols, settings })['settings'], {
    k: [20],
    draws: 5,
    rates: [1e-4, 3e-4]
  })
})

test('what is of copies alone is not sent for anything else, though it was typed before', () => {
  const form = {
    ...EMPTY_EVALUATION,
    id: 'mdl_1',
    dataset: 'ds_1',
    settings: { image_size: '288' },
    distractors: 'ds_2',
    protocols: ['copy_detection' as const]
  }
  assert.deepEqual(evaluationBody(form), {
    model: 'mdl_1',
    dataset: 'ds_1',
    protocols: ['copy_detection'],
    settings: { image_size: 288 },
    distractors: 'ds_2'
  })
  assert.deepEqual(evaluationBody({ ...form, protocols: [] }), { model: 'mdl_1', dataset: 'ds_1' })
})

test('a plan that was shown is asked for again as it was', () => {
  const plan = {
    dataset: 'ds_1@2',
    queries: 'ds_2@1',
    protocols: ['knn', 'finetune'],
    settings: { k: [10, 20], draws: null, dimensions: 64, epochs: null, rates: [0.0001], image_size: null, seed: 0 }
  } as const
  assert.deepEqual(planBody(planFormOf(plan as unknown as Evaluation)), {
    ...plan,
    settings: { k: [10, 20], dimensions: 64, rates: [0.0001], seed: 0 }
  })
})

test('a list shows the first number of the first protocol, in its own unit', () => {
  const results = [
    { protocol: 'knn', metrics: { top1_k10: { value: 0.8, low: 0.7, high: 0.9 } } },
    { protocol: 'logistic', metrics: { top1: { value: 0.9, low: 0.8, high: 1 } } }
  ] as unknown as Evaluation['results'] // what is read of them
  assert.equal(firstResult({ results }), 'knn top1_k10 80.0 %')
  assert.equal(firstResult({ results: [] }), '–')
})
