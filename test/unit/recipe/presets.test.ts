import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { checkRecipe } from '../../../src/recipe/check.ts'
import { PRESET_NAMES, PRESETS, type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import { METHODS, type Method } from '../../../src/recipe/schema.ts'

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
  for (const preset of Object.keys(PRESETS)) {
    for (const method of METHODS) {
      assert.deepEqual(checkRecipe(resolveRecipe({ preset, method }), { images: 9000 }), [], `${preset} ${method}`)
    }
  }
})

test('vMF frees the norms and centers probabilities, the methods without it do as their preset was published', () => {
  const of = (preset: string, method: Method) => {
    const { normalizeLastLayer, centering } = resolveRecipe({ preset, method }).hyperparameters
    return { normalizeLastLayer, centering }
  }
  for (const preset of Object.keys(PRESETS))
    for (const method of ['dino-vmf', 'ibot-vmf'] as const)
      assert.deepEqual(of(preset, method), { normalizeLastLayer: false, centering: 'probability' })
  for (const method of ['dino', 'ibot'] as const) {
    assert.deepEqual(of('vit-small-16', method), { normalizeLastLayer: false, centering: 'logit' })
    assert.deepEqual(of('vit-base-16', method), { normalizeLastLayer: true, centering: 'logit' })
  }
})

test('the published recipes of iBOT differ from those of DINO where its authors say so', () => {
  const small = resolveRecipe({ method: 'ibot-vmf', preset: 'vit-small-16' }).hyperparameters
  const base = resolveRecipe({ method: 'ibot', preset: 'vit-base-16' }).hyperparameters
  assert.deepEqual([small.prototypes, small.minLearningRate, small.clipGrad, small.epochs], [8192, 1e-6, 3, 800])
  assert.deepEqual([base.prototypes, base.minLearningRate, base.clipGrad, base.epochs], [8192, 2e-6, 0.3, 400])
  assert.deepEqual(base.crops.global.scale, [0.32, 1])
  assert.deepEqual(small.ibot?.patchTeacherTemperature, [0.04, 0.07, 30])
  assert.deepEqual(base.ibot?.patchTeacherTemperature, [0.04, 0.07, 50])
  assert.equal(small.ibot?.patchPrototypes, null)
  assert.equal(resolveRecipe({ method: 'dino-vmf', preset: 'vit-small-16' }).hyperparameters.prototypes, 65_536)
  assert.ok(!('ibot' in resolveRecipe({ method: 'dino', preset: 'vit-small-16' }).hyperparameters))
})

test("part of iBOT's group for a method without it is refused by its name", () => {
  const hyperparameters = { ibot: { patchPrototypes: 64 } }
  assert.deepEqual(
    errorsOf({ method: 'dino-vmf', preset: 'demo', hyperparameters }).map(({ path }) => path),
    ['/hyperparameters/ibot']
  )
  const { ibot } = resolveRecipe({ method: 'ibot', preset: 'demo', hyperparameters }).hyperparameters
  assert.equal(ibot?.patchPrototypes, 64)
  assert.equal(ibot?.masks.shape, 'block')
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

test('auto is the preset of whoever names none, and needs images to choose from', () => {
  assert.equal(PRESET_NAMES[0], 'auto')
  for (const request of [{}, { arch: 'vit_nano' as const }, { preset: 'auto' }])
    assert.match(errorsOf(request)[0]?.message ?? '', /chooses from images/)
  assert.equal(resolveRecipe({ preset: 'demo', arch: 'vit_mu' }).arch, 'vit_mu')
  assert.equal(resolveRecipe({ preset: 'demo' }).method, 'dino-vmf')
})

test('an unknown preset is refused with the known ones', () => {
  const [error] = errorsOf({ method: 'dino', preset: 'huge' })
  assert.equal(error?.path, '/preset')
  assert.match(error?.message ?? '', /demo, mu/)
})

test('unknown fields and values of a wrong type are refused by pointer', () => {
  const paths = (hyperparameters: unknown) =>
    errorsOf({ method: 'dino', preset: 'demo', hyperparameters }).map(({ path }) => path)
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
