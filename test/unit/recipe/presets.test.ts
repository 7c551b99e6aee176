import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { checkRecipe } from '../../../src/recipe/check.ts'
import { PRESET_NAMES, type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import { METHODS } from '../../../src/recipe/schema.ts'

const errorsOf = (request: unknown): readonly { path: string; message: string }[] => {
  try {
    resolveRecipe(request as RecipeRequest)
  } catch (error) {
    if (isAppError(error, 'invalid_recipe')) return error.details.errors ?? []
    throw error
  }
  return []
}

test('every preset can be trained with every method', () => {
  for (const preset of PRESET_NAMES) {
    for (const method of METHODS) {
      assert.deepEqual(checkRecipe(resolveRecipe({ preset, method }), { images: 9000 }), [], `${preset} ${method}`)
    }
  }
})

test('vMF frees the norms and centers probabilities, plain DINO does as its preset was published', () => {
  const of = (preset: string, method: 'dino' | 'dino-vmf') => {
    const { normalizeLastLayer, centering } = resolveRecipe({ preset, method }).hyperparameters
    return { normalizeLastLayer, centering }
  }
  for (const preset of PRESET_NAMES) {
    assert.deepEqual(of(preset, 'dino-vmf'), { normalizeLastLayer: false, centering: 'probability' })
  }
  assert.deepEqual(of('vit-small-16', 'dino'), { normalizeLastLayer: false, centering: 'logit' })
  assert.deepEqual(of('vit-base-16', 'dino'), { normalizeLastLayer: true, centering: 'logit' })
})

test('a request overrides single fields at any depth and whole lists', () => {
  const recipe = resolveRecipe({
    preset: 'demo',
    method: 'dino-vmf',
    seed: 9,
    hyperparameters: {
      epochs: 3,
      crops: { local: { count: 4 } },
      teacherTemperature: [0.02, 0.03, 1],
      centering: 'logit'
    }
  })
  const { hyperparameters: h } = recipe
  assert.equal(recipe.seed, 9)
  assert.equal(h.epochs, 3)
  assert.deepEqual(h.crops.local, { count: 4, size: 14, scale: [0.3, 0.7] })
  assert.deepEqual(h.teacherTemperature, [0.02, 0.03, 1])
  assert.equal(h.centering, 'logit')
  assert.equal(h.batchSize, 64)
})

test('an override does not leak into the next recipe', () => {
  const first = resolveRecipe({ preset: 'demo', method: 'dino' })
  first.hyperparameters.crops.global.size = 999
  assert.equal(resolveRecipe({ preset: 'demo', method: 'dino' }).hyperparameters.crops.global.size, 28)
})

test('an architecture alone chooses its preset', () => {
  assert.equal(resolveRecipe({ method: 'dino' }).preset, 'vit-small-16')
  assert.equal(resolveRecipe({ method: 'dino', arch: 'vit_nano' }).preset, 'demo')
  assert.equal(resolveRecipe({ method: 'dino', preset: 'demo', arch: 'vit_mu' }).arch, 'vit_mu')
})

test('an unknown preset is refused with the known ones', () => {
  const [error] = errorsOf({ method: 'dino', preset: 'huge' })
  assert.equal(error?.path, '/preset')
  assert.match(error?.message ?? '', /demo, mu/)
})

test('unknown fields and values of a wrong type are refused by pointer', () => {
  const paths = (hyperparameters: unknown) => errorsOf({ method: 'dino', hyperparameters }).map(({ path }) => path)
  assert.deepEqual(paths({ epoch: 3 }), ['/hyperparameters/epoch'])
  assert.deepEqual(paths({ crops: { local: { size: 1.5, area: 1 } } }).sort(), [
    '/hyperparameters/crops/local/area',
    '/hyperparameters/crops/local/size',
    '/hyperparameters/crops/local/size'
  ])
  assert.ok(paths({ learningRate: '0.1' }).includes('/hyperparameters/learningRate'))
  assert.ok(paths(JSON.parse('{"__proto__": {"x": 1}}')).length === 0)
  assert.equal(({} as Record<string, unknown>)['x'], undefined)
})

test('a method that does not exist is refused', () => {
  assert.equal(errorsOf({ method: 'simclr', preset: 'demo' })[0]?.path, '/method')
})
