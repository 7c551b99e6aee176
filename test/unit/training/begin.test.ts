import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import type { FloatTensor } from '../../../src/base/safetensors.ts'
import { networkOf } from '../../../src/recipe/network.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { networkParameters } from '../../../src/ssl/parameters.ts'
import { type InitWeights, stateFrom } from '../../../src/training/begin.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const QKV = 'backbone.blocks.1.attn.qkv.weight'
const NORMS = 'head.last_layer.weight_g'
const DIRECTIONS = 'head.last_layer.weight_v'

/** Weights of a network of the recipe, none of them what the recipe would draw. */
function weightsOf(recipe: Recipe, more: Partial<InitWeights> = {}): InitWeights {
  const tensors = networkParameters(networkOf(recipe)).map(({ name, shape }, at): [string, FloatTensor] => {
    const count = shape.reduce((product, size) => product * size, 1)
    return [name, { shape, data: Float32Array.from({ length: count }, (_, i) => 7 + at + i / 1024) }]
  })
  const { prototypes, centering } = recipe.hyperparameters
  const centers = new Map([['center.cls', new Float32Array(prototypes).fill(-3)]])
  return { tensors: new Map(tensors), centers, centering, ...more }
}

const without = (weights: InitWeights, part: string): InitWeights['tensors'] =>
  new Map([...weights.tensors].filter(([name]) => !name.startsWith(part)))

const replaced = (weights: InitWeights, name: string, tensor: FloatTensor): InitWeights => ({
  ...weights,
  tensors: new Map(weights.tensors).set(name, tensor)
})

test('a taken init is in student and teacher, with its center; moments and the mask token are those of any run', () => {
  const recipe = muRecipe({}, { method: 'ibot' })
  const masked = { ...recipe, hyperparameters: { ...recipe.hyperparameters, ibot: IBOT } }
  const weights = weightsOf(masked)
  const state = stateFrom(masked, weights, 'taken')
  const drawn = initialState(masked)
  for (const [name, { data }] of weights.tensors) {
    assert.deepEqual(state[`student.${name}`], data, name)
    assert.deepEqual(state[`teacher.${name}`], data, name)
  }
  assert.ok(state['center.cls']!.every((value) => value === -3))
  const others = Object.keys(state).filter((name) => /^adam|masked_embed|center\.patch/.test(name))
  for (const name of others) assert.deepEqual(state[name], drawn[name], name)
})

test('with a seeded or new head only the backbone is taken, and the center favours nobody', () => {
  const recipe = muRecipe()
  const drawn = initialState(recipe)
  for (const head of ['seeded', 'new'] as const) {
    const weights = weightsOf(recipe)
    const state = stateFrom(recipe, { ...weights, tensors: without(weights, 'head.') }, head)
    for (const [name, { data }] of weights.tensors) {
      const expected = name.startsWith('head.') ? drawn[`student.${name}`] : data
      assert.deepEqual(state[`student.${name}`], expected, name)
      assert.deepEqual(state[`teacher.${name}`], expected, name)
    }
    assert.deepEqual(state['center.cls'], drawn['center.cls'])
  }
})

test('a parameter of another shape or none is named with both shapes', () => {
  const recipe = muRecipe()
  const weights = weightsOf(recipe)
  const narrow = replaced(weights, QKV, { shape: [48, 16], data: new Float32Array(48 * 16) })
  const refuses = (init: InitWeights, reason: RegExp) =>
    assert.throws(
      () => stateFrom(recipe, init, 'taken'),
      (error) => isAppError(error, 'weights_mismatch') && reason.test(error.message)
    )
  refuses(narrow, /backbone\.blocks\.1\.attn\.qkv\.weight is \[48,16\] in the init, and \[96,32\] in the run/)
  refuses({ ...weights, tensors: without(weights, QKV) }, /backbone\.blocks\.1\.attn\.qkv\.weight is missing/)
  refuses({ ...weights, tensors: without(weights, 'head.mlp.2') }, /head\.mlp\.2\.weight is missing/)
  refuses({ ...weights, tensors: new Map() }, /; and \d+ more\.$/)
})

test('where the recipe fixes the norms at 1, prototypes keep only where they point', () => {
  const recipe = muRecipe({ normalizeLastLayer: true, centering: 'logit' }, { method: 'dino' })
  const norms = Float32Array.from({ length: 16 }, (_, k) => (k === 3 ? -2 : 2))
  const weights = replaced(weightsOf(recipe), NORMS, { shape: [16, 1], data: norms })
  const state = stateFrom(recipe, weights, 'taken')
  assert.ok(state[`teacher.${NORMS}`]!.every((norm) => norm === 1))
  const stored = weights.tensors.get(DIRECTIONS)!.data
  const row = (values: Float32Array, k: number) => values.slice(16 * k, 16 * (k + 1))
  assert.deepEqual(row(state[`student.${DIRECTIONS}`]!, 2), row(stored, 2))
  assert.deepEqual(
    row(state[`student.${DIRECTIONS}`]!, 3),
    row(stored, 3).map((value) => -value)
  )
})

test('a center that was made in another way, or of other prototypes, is left where it was', () => {
  const recipe = muRecipe()
  const drawn = initialState(recipe)['center.cls']
  assert.deepEqual(stateFrom(recipe, weightsOf(recipe, { centering: 'logit' }), 'taken')['center.cls'], drawn)
  const centers = new Map([['center.cls', new Float32Array(15).fill(1)]])
  assert.deepEqual(stateFrom(recipe, weightsOf(recipe, { centers }), 'taken')['center.cls'], drawn)
})

const IBOT = {
  masks: { shape: 'block', probability: 0.5, ratio: 0.3, ratioVariance: 0.2, startEpoch: 0 } as const,
  patchPrototypes: 24,
  patchTeacherTemperature: [0.04, 0.05, 1] as [number, number, number],
  patchCenterMomentum: 0.9,
  clsLossWeight: 1,
  patchLossWeight: 1
}

test('patches’ own prototypes are taken where there are as many, and are as drawn otherwise', () => {
  const base = muRecipe({}, { method: 'ibot' })
  const recipe = { ...base, hyperparameters: { ...base.hyperparameters, ibot: IBOT } }
  const name = 'head.last_layer2.weight_v'
  const weights = weightsOf(recipe)
  assert.deepEqual(stateFrom(recipe, weights, 'taken')[`teacher.${name}`], weights.tensors.get(name)!.data)
  const others = { ...weights, tensors: without(weights, 'head.last_layer2') }
  assert.deepEqual(stateFrom(recipe, others, 'taken')[`teacher.${name}`], initialState(recipe)[`teacher.${name}`])
})
