import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysToCamel, keysToSnake } from '../../../src/base/casing.ts'
import type { Run } from '../../../src/client/resources.ts'
import { EMPTY_FORK, forkRequest } from '../../../src/dashboard/features/runs/fork-request.ts'
import { formOfRun } from '../../../src/dashboard/features/runs/run-again.ts'
import {
  ARCHS,
  curlCommand,
  EMPTY_FORM,
  HEADS,
  HYPERPARAMETER_FIELDS,
  METHODS,
  PRESETS,
  requestBody
} from '../../../src/dashboard/features/runs/run-request.ts'
import { INIT_HEADS } from '../../../src/recipe/init-record.ts'
import { PRESET_NAMES, type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import { ARCHS as RECIPE_ARCHS, METHODS as RECIPE_METHODS } from '../../../src/recipe/schema.ts'

test('the form offers what recipes are made of, no more and no less', () => {
  assert.deepEqual(METHODS.toSorted(), RECIPE_METHODS.toSorted())
  assert.deepEqual([...ARCHS], [...RECIPE_ARCHS])
  assert.deepEqual([...PRESETS], [...PRESET_NAMES])
  assert.deepEqual(HEADS.toSorted(), INIT_HEADS.toSorted())
})

test('every field of the form is a hyperparameter with as many values', () => {
  const wire = keysToSnake(resolveRecipe({ method: 'dino-vmf', preset: 'demo' }).hyperparameters) as Record<
    string,
    unknown
  >
  for (const { name, values } of HYPERPARAMETER_FIELDS) {
    assert.ok(name in wire, name)
    const value = wire[name]
    assert.equal(Array.isArray(value) ? value.length : 1, values, name)
  }
})

test('fields left empty are left to the preset', () => {
  assert.deepEqual(requestBody({ ...EMPTY_FORM, dataset: 'ds_1@1' }), {
    dataset: 'ds_1@1',
    method: 'dino-vmf',
    alarms: [{ rule: 'collapse', action: 'notify' }]
  })
})

test('numbers and tuples are sent as such, and what is no number as it was typed', () => {
  const hyperparameters = { epochs: '8', weight_decay: '0.04, 0.4', learning_rate: 'fast' }
  const body = requestBody({ ...EMPTY_FORM, dataset: 'ds_1', hyperparameters, others: '{"drop_path": 0.1}', seed: '7' })
  assert.deepEqual(body['hyperparameters'], {
    drop_path: 0.1,
    epochs: 8,
    weight_decay: [0.04, 0.4],
    learning_rate: 'fast'
  })
  assert.equal(body['seed'], 7)
})

test('free JSON that is no object is refused with a sentence', () => {
  assert.throws(() => requestBody({ ...EMPTY_FORM, others: '[1]' }), /must be a JSON object/)
  assert.throws(() => requestBody({ ...EMPTY_FORM, others: '{' }), SyntaxError)
})

test('what a run begins from, is trained on and keeps is sent where it was typed, numbers as numbers', () => {
  const body = requestBody({
    ...EMPTY_FORM,
    dataset: 'ds_1@1',
    init: { source: 'model', id: ' shoes@prod ', head: 'seeded' },
    compute: { device: 'gpu', devices: '2', maxRuntimeS: '', priority: 'high' },
    checkpoint: { ...EMPTY_FORM.checkpoint, everyS: '60', keepEveryEpochs: '5' }
  })
  assert.deepEqual(body['init'], { model: 'shoes@prod', head: 'seeded' })
  assert.deepEqual(body['compute'], { device: 'gpu', devices: 2, priority: 'high' })
  assert.deepEqual(body['checkpoint'], { every_s: 60, keep_every_epochs: 5 })
})

test('an evaluation is asked for when it is wanted, on the images that are trained on unless others are chosen', () => {
  const evaluation = {
    ...EMPTY_FORM.evaluation,
    protocols: ['knn' as const],
    settings: { k: '10, 20', seed: '' },
    everyEpochs: '2'
  }
  const form = { ...EMPTY_FORM, dataset: 'ds_1@1', evaluation }
  assert.equal(requestBody(form)['evaluation'], undefined)
  assert.deepEqual(requestBody({ ...form, evaluation: { ...evaluation, isWanted: true } })['evaluation'], {
    dataset: 'ds_1@1',
    protocols: ['knn'],
    settings: { k: [10, 20] },
    every_epochs: 2
  })
  const elsewhere = { ...evaluation, isWanted: true, dataset: 'ds_2@1', queries: 'ds_3@1', everyEpochs: '' }
  const {
    dataset,
    queries,
    every_epochs: every
  } = requestBody({ ...form, evaluation: elsewhere })['evaluation'] as {
    readonly [name: string]: unknown
  }
  assert.deepEqual([dataset, queries, every], ['ds_2@1', 'ds_3@1', undefined])
})

test('a run done again resolves to the same recipe and keeps what the form does not show', () => {
  const recipe = resolveRecipe({ method: 'dino', preset: 'small-images', seed: 3, hyperparameters: { epochs: 7 } })
  const run = {
    name: 'shoes',
    dataset: 'ds_1@2',
    resolved_recipe: keysToSnake(recipe),
    alarms: [{ rule: 'collapse', action: 'pause' }],
    compute: { device: 'gpu', devices: 2, max_runtime_s: 600, priority: 1 },
    checkpoint: {
      every_s: 60,
      keep_last: 2,
      keep_every_epochs: 4,
      keep_best: { metric: 'kl', direction: 'minimize', count: 2 }
    },
    metadata: { team: 'x' }
  } as unknown as Run // what the form reads of one
  const body = requestBody(formOfRun(run))
  const { name, dataset, alarms, compute, checkpoint, metadata, ...request } = body
  assert.deepEqual([name, dataset], ['shoes again', 'ds_1@2'])
  assert.deepEqual(
    { alarms, compute, checkpoint, metadata },
    {
      alarms: run.alarms,
      compute: run.compute,
      checkpoint: run.checkpoint,
      metadata: run.metadata
    }
  )
  assert.deepEqual(resolveRecipe(keysToCamel(request) as unknown as RecipeRequest), recipe)
})

test('a run done again begins from the same weights and is evaluated as before', () => {
  const run = {
    name: null,
    dataset: 'ds_1@2',
    resolved_recipe: keysToSnake(resolveRecipe({ preset: 'demo' })),
    alarms: [],
    compute: { device: 'any', devices: 1, max_runtime_s: 600, priority: 0 },
    checkpoint: { every_s: 900, keep_last: 3 },
    metadata: {},
    init: { source: 'checkpoint', id: 'ckpt_1', sha256: 'a', head: 'seeded', resampled_from: null },
    evaluation: {
      id: 'eval_1',
      dataset: 'ds_1@2',
      queries: null,
      protocols: ['knn'],
      settings: { k: [10], draws: null, rates: null, seed: 3 },
      every_epochs: 2
    }
  } as unknown as Run // what the form reads of one
  const { init, evaluation } = requestBody(formOfRun(run))
  assert.deepEqual(init, { checkpoint: 'ckpt_1', head: 'seeded' })
  assert.deepEqual(evaluation, {
    dataset: 'ds_1@2',
    protocols: ['knn'],
    settings: { k: [10], seed: 3 },
    every_epochs: 2
  })
})

test('the curl command survives a quote in a name', () => {
  const command = curlCommand('http://localhost:8080', '/v1/runs', { name: "it's" })
  assert.match(command, /http:\/\/localhost:8080\/v1\/runs/)
  assert.ok(command.includes(`it'\\''s`))
  assert.ok(command.includes('Bearer $KAPPA_API_KEY'))
})

test('a fork names what its form was given, and leaves the rest to its parent', () => {
  assert.deepEqual(forkRequest(EMPTY_FORK), {})
  const form = {
    name: ' second ',
    checkpoint: 'ckpt_1',
    epochs: '20',
    learningRate: '1e-4',
    others: '{"clip_grad": 1}'
  }
  assert.deepEqual(forkRequest(form), {
    name: 'second',
    checkpoint: 'ckpt_1',
    overrides: { hyperparameters: { clip_grad: 1, epochs: 20, learning_rate: 1e-4 } }
  })
  for (const others of ['[1]', 'null', '{']) assert.throws(() => forkRequest({ ...EMPTY_FORK, others }))
})
