import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SweepPlan } from '../../../src/client/resources.ts'
import { EMPTY_FORM } from '../../../src/dashboard/features/runs/run-request.ts'
import { sharedRecipe } from '../../../src/dashboard/features/sweeps/shared-recipe.ts'
import {
  EMPTY_SWEEP,
  newVaried,
  parseValues,
  repeatedField,
  SUGGESTED_FIELDS,
  sweepBody
} from '../../../src/dashboard/features/sweeps/sweep-request.ts'
import { createBodyCheck } from '../../../src/http/core/validation.ts'
import { CreateSweep } from '../../../src/http/schemas/create-sweep.ts'

const check = createBodyCheck(CreateSweep)
const run = { ...EMPTY_FORM, dataset: 'ds_1@1' }

test('values are numbers, words, truths or lists, as they are written', () => {
  assert.deepEqual(parseValues('0.001, 2e-3'), [0.001, 0.002])
  assert.deepEqual(parseValues('dino, dino-vmf'), ['dino', 'dino-vmf'])
  assert.deepEqual(parseValues('[0.04, 0.07, 30], [0.04, 0.04, 0]'), [
    [0.04, 0.07, 30],
    [0.04, 0.04, 0]
  ])
  assert.deepEqual(parseValues('true, fast, 3'), [true, 'fast', 3])
  assert.deepEqual(parseValues(' '), [])
})

test('a grid has lists of values, and what is varied is not in the shared run', () => {
  const varied = [
    { ...newVaried(0), field: 'hyperparameters.learning_rate', values: '0.001, 0.002' },
    { ...newVaried(1), field: ' method ', values: 'dino, dino-vmf' },
    newVaried(2)
  ]
  const body = sweepBody({ ...EMPTY_SWEEP, name: ' rates ', varied, metric: 'kl', run: { ...run, name: 'left out' } })
  assert.deepEqual(body, {
    name: 'rates',
    run: { dataset: 'ds_1@1', alarms: [{ rule: 'collapse', action: 'notify' }] },
    grid: { 'hyperparameters.learning_rate': [0.001, 0.002], method: ['dino', 'dino-vmf'] },
    objective: { metric: 'kl', direction: 'minimize' }
  })
  assert.deepEqual(check(body), [])
})

test('a random sweep draws from ranges and from values, and says how often', () => {
  const varied = [
    { ...newVaried(0), field: 'hyperparameters.learning_rate', how: 'range', min: '1e-4', max: '0.01', scale: 'log' },
    { ...newVaried(1), field: 'seed', values: '0, 1' }
  ] as const
  const body = sweepBody({ ...EMPTY_SWEEP, kind: 'random', varied, trials: '4', seed: '7', run })
  assert.deepEqual(body['random'], {
    'hyperparameters.learning_rate': { min: 0.0001, max: 0.01, scale: 'log' },
    seed: { values: [0, 1] }
  })
  assert.deepEqual([body['trials'], body['seed'], body['grid']], [4, 7, undefined])
  assert.deepEqual(check(body), [])
})

test('what is no number is sent as it was typed, and refused by name', () => {
  const varied = [{ ...newVaried(0), field: 'seed', how: 'range' as const, min: 'few', max: '3' }]
  const body = sweepBody({ ...EMPTY_SWEEP, kind: 'random', varied, run })
  assert.deepEqual(body['random'], { seed: { min: 'few', max: 3, scale: 'linear' } })
  assert.ok(check(body).some(({ path }) => path.startsWith('/random/seed')))
})

test('every field that is offered may be varied', () => {
  for (const field of SUGGESTED_FIELDS) {
    const varied = [{ ...newVaried(0), field, values: '1' }]
    assert.deepEqual(check(sweepBody({ ...EMPTY_SWEEP, varied, run })), [], field)
  }
})

test('a field that is named twice is told, since a request has it once', () => {
  const twice = [1, 2].map((key) => ({ ...newVaried(key), field: key === 1 ? 'seed' : ' seed ' }))
  assert.equal(repeatedField({ ...EMPTY_SWEEP, varied: twice }), 'seed')
  assert.equal(repeatedField({ ...EMPTY_SWEEP, varied: [newVaried(1), newVaried(2)] }), null)
})

test('in gray is what all trials resolve to alike', () => {
  const trial = (learning_rate: number) => ({
    resolved_recipe: { arch: 'vit_mu', patch_size: 4, seed: 0, hyperparameters: { learning_rate, epochs: 2 } }
  })
  const plan = { trials: [trial(0.1), trial(0.2)] } as unknown as SweepPlan // what is read of it
  assert.deepEqual(sharedRecipe(plan), { arch: 'vit_mu', patch_size: 4, seed: 0, hyperparameters: { epochs: 2 } })
})
