import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { RECIPE_FIELDS, type Setting, withSetting } from '../../../src/recipe/fields.ts'
import { type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'

const set = (...settings: [string, string][]) =>
  settings.map(([name, value]): Setting => ({ name, value })).reduce(withSetting, { preset: 'demo' } as RecipeRequest)

const refusalOf = (name: string): string => {
  try {
    set([name, '1'])
  } catch (error) {
    if (isAppError(error, 'invalid_recipe')) return error.details.errors![0]!.message
    throw error
  }
  return 'taken'
}

test('fields are named as files name them, at any depth, with values in JSON', () => {
  const {
    arch,
    seed,
    hyperparameters: h
  } = resolveRecipe(
    set(
      ['epochs', '10'],
      ['crops.global.size', '35'],
      ['teacher_momentum', '[0.9, 1]'],
      ['arch', 'vit_tiny'],
      ['seed', '4']
    )
  )
  assert.deepEqual([h.epochs, h.crops.global.size, h.teacherMomentum, arch, seed], [10, 35, [0.9, 1], 'vit_tiny', 4])
  assert.deepEqual(h.crops.global.scale, [0.7, 1])
  const groups = resolveRecipe(
    set(['crops.local', '{"count": 3}'], ['normalize_last_layer', 'true'], ['centering', 'logit'])
  )
  assert.deepEqual(groups.hyperparameters.crops.local, { count: 3, size: 14, scale: [0.3, 0.7] })
  assert.deepEqual([groups.hyperparameters.normalizeLastLayer, groups.hyperparameters.centering], [true, 'logit'])
})

test('what is no field is refused with the nearest one that is', () => {
  assert.match(refusalOf('epoch'), /; epochs is one/)
  assert.match(refusalOf('batchsize'), /; batch_size is one/)
  assert.match(refusalOf('global.size'), /; crops\.(global|local)\.size is one/)
  assert.match(refusalOf('augmentation.blur.sigmas'), /; augmentation\.blur\.sigma is one/)
  for (const name of ['x', '__proto__', 'constructor', 'crops.global.__proto__', 'q'.repeat(100_000)])
    assert.doesNotMatch(refusalOf(name), /taken| is one/)
})

test('a value of another kind is refused as the schema says', () => {
  assert.throws(
    () => resolveRecipe(set(['epochs', 'many'])),
    (error) => isAppError(error, 'invalid_recipe')
  )
  assert.throws(
    () => resolveRecipe(set(['crops', '7'])),
    (error) => isAppError(error, 'invalid_recipe')
  )
})

test('every group and every field in it has a name', () => {
  const names = RECIPE_FIELDS.map(({ name }) => name)
  for (const name of ['method', 'patch_size', 'ibot.masks.start_epoch', 'koleo.features', 'augmentation.jitter.hue'])
    assert.ok(names.includes(name), name)
  assert.equal(new Set(names).size, names.length)
})
