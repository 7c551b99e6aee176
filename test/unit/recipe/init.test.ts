import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { autoRecipe } from '../../../src/recipe/auto.ts'
import { checkRecipe } from '../../../src/recipe/check.ts'
import { type InitChoice, type InitSubject, resolveInit } from '../../../src/recipe/init.ts'
import { weightsHash } from '../../../src/recipe/init-record.ts'
import { gatedDimOf, networkOf } from '../../../src/recipe/network.ts'
import { type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'

/** A model of 28-pixel gray images with 256 prototypes. */
const NANO = networkOf(resolveRecipe({ preset: 'demo', method: 'dino-vmf' }))
const SUBJECT: InitSubject = {
  source: 'model',
  from: 'mdl_1',
  sha256: 'ab',
  network: NANO,
  hasHead: true,
  normalization: { mean: [0.4], std: [0.2] }
}
const REQUEST: RecipeRequest = { preset: 'demo', method: 'dino-vmf' }

const resolved = (request: RecipeRequest, choice: InitChoice) =>
  resolveInit(request, choice, (asked) => ({ recipe: resolveRecipe(asked), reasons: [] }))

const withNetwork = (changes: Partial<typeof NANO>): InitSubject => ({ ...SUBJECT, network: { ...NANO, ...changes } })
const hyperparametersOf = (request: RecipeRequest, subject = SUBJECT) =>
  resolved(request, { subject }).recipe.hyperparameters

test('what a request does not say of the network is the init’s, and its head is taken', () => {
  const subject = withNetwork({ prototypes: 300, bottleneckDim: 32, headHiddenDim: 100 })
  const { recipe, init } = resolved(REQUEST, { subject })
  assert.deepEqual([recipe.preset, recipe.arch, recipe.patchSize], ['demo', 'vit_nano', 7])
  assert.deepEqual(networkOf(recipe), subject.network)
  assert.deepEqual(recipe.hyperparameters.normalization, SUBJECT.normalization)
  assert.deepEqual(init, { source: 'model', from: 'mdl_1', sha256: 'ab', head: 'taken', resampledFrom: null })
  assert.deepEqual(checkRecipe(recipe), [])
})

test('a network that is not the init’s is refused, both named', () => {
  const refuses = (request: Partial<RecipeRequest>, path: string, message: string) =>
    assert.throws(
      () => resolved({ ...REQUEST, ...request }, { subject: SUBJECT }),
      (error) => {
        assert.ok(isAppError(error, 'invalid_recipe'))
        assert.deepEqual(error.details.errors, [{ path, message }])
        return true
      }
    )
  refuses({ arch: 'vit_small' }, '/arch', 'is vit_small, and the init has vit_nano')
  refuses({ patchSize: 14 }, '/patchSize', 'is 14, and the init has 7')
  refuses({ hyperparameters: { channels: 3 } }, '/hyperparameters/channels', 'is 3, and the init has 1')
  refuses(
    { hyperparameters: { feedForward: 'swiglu' } },
    '/hyperparameters/feedForward',
    'is swiglu, and the init has gelu'
  )
  refuses(
    { hyperparameters: { positions: 'rotary' } },
    '/hyperparameters/positions',
    'is rotary, and the init has learned'
  )
  refuses({ hyperparameters: { registers: 4 } }, '/hyperparameters/registers', 'is 4, and the init has 0')
})

test('an init of sizes that no run has is refused with them', () => {
  assert.throws(
    () => resolved(REQUEST, { subject: withNetwork({ heads: 12 }) }),
    (error) =>
      isAppError(error, 'invalid_recipe') &&
      error.details.errors?.[0]?.path === '/init' &&
      /width 96, 3 blocks, 12 heads/.test(error.details.errors[0].message)
  )
})

test('a run has the registers and the gated layers of its init, whatever the preset has', () => {
  const subject = withNetwork({ registers: 4, gatedDim: gatedDimOf(NANO) })
  const { recipe } = resolved(REQUEST, { subject })
  assert.deepEqual([recipe.hyperparameters.registers, recipe.hyperparameters.feedForward], [4, 'swiglu'])
  assert.deepEqual(networkOf(recipe), subject.network)
})

test('rotary positions are the init’s, and no table is resampled', () => {
  const { recipe, init } = resolved(REQUEST, { subject: withNetwork({ positions: 'rotary', imageSize: 56 }) })
  assert.deepEqual([recipe.hyperparameters.positions, init.resampledFrom], ['rotary', null])
})

test('the head is seeded where the init has none or its sizes are others, and as asked for otherwise', () => {
  const headOf = (request: Partial<RecipeRequest>, subject = SUBJECT, head?: 'taken' | 'seeded' | 'new') =>
    resolved({ ...REQUEST, ...request }, { subject, head }).init.head
  const headless = { ...withNetwork({ prototypes: 0, bottleneckDim: 0, headHiddenDim: 0 }), hasHead: false }
  assert.equal(headOf({}, headless), 'seeded')
  assert.equal(headOf({ hyperparameters: { prototypes: 64 } }), 'seeded')
  assert.equal(headOf({ hyperparameters: { headHiddenDim: 64 } }), 'seeded')
  assert.equal(headOf({}, SUBJECT, 'new'), 'new')
  assert.equal(headOf({}, SUBJECT, 'seeded'), 'seeded')
  const refuses = (subject: InitSubject, request: Partial<RecipeRequest>, message: RegExp) =>
    assert.throws(
      () => headOf(request, subject, 'taken'),
      (error) =>
        isAppError(error, 'invalid_recipe') &&
        error.details.errors?.[0]?.path === '/init/head' &&
        message.test(error.details.errors[0].message)
    )
  refuses(headless, {}, /the init has none/)
  refuses(SUBJECT, { hyperparameters: { prototypes: 64 } }, /its prototypes is 256, and the run's 64/)
})

test('another crop size is kept, and the record says what the positions were stored for', () => {
  const crops = { global: { size: 56 } }
  const { recipe, init } = resolved({ ...REQUEST, hyperparameters: { crops } }, { subject: SUBJECT })
  assert.equal(recipe.hyperparameters.crops.global.size, 56)
  assert.equal(init.resampledFrom, 28)
})

test('the schedule is one for going on unless the request says otherwise, and the changes are told', () => {
  const preset = resolveRecipe({ preset: 'demo', method: 'dino-vmf' }).hyperparameters
  const { recipe, changes } = resolved(REQUEST, { subject: SUBJECT })
  const { learningRate } = recipe.hyperparameters
  assert.ok(learningRate < preset.learningRate)
  assert.deepEqual(
    changes.find(({ path }) => path === '/hyperparameters/learningRate'),
    { path: '/hyperparameters/learningRate', before: preset.learningRate, after: learningRate }
  )
  const own = hyperparametersOf({ ...REQUEST, hyperparameters: { learningRate: 0.01, warmupEpochs: 5 } })
  assert.deepEqual([own.learningRate, own.warmupEpochs], [0.01, 5])
})

test('a taken head goes on at the temperature that the preset ends with', () => {
  const subject = withNetwork({
    dim: 384,
    depth: 12,
    heads: 6,
    mlpRatio: 4,
    patchSize: 16,
    channels: 3,
    imageSize: 224
  })
  const colour = { ...subject, normalization: null }
  const [, end] = resolveRecipe({ preset: 'vit-small-16', method: 'dino-vmf' }).hyperparameters.teacherTemperature
  assert.deepEqual(hyperparametersOf({ ...REQUEST, preset: 'vit-small-16' }, colour).teacherTemperature, [end, end, 0])
})

test('every preset can be gone on with, also for one epoch', () => {
  const colour = {
    ...withNetwork({ dim: 768, depth: 12, heads: 12, mlpRatio: 4, patchSize: 16, channels: 3, imageSize: 224 }),
    normalization: null
  }
  for (const method of ['dino', 'dino-vmf', 'ibot', 'ibot-vmf'] as const) {
    for (const [subject, preset] of [[SUBJECT, 'demo'] as const, [colour, 'vit-base-16'] as const]) {
      for (const head of ['taken', 'seeded', 'new'] as const) {
        const { recipe } = resolved({ method, preset, hyperparameters: { epochs: 40 } }, { subject, head })
        assert.deepEqual(checkRecipe(recipe), [], `${preset} ${method} ${head}`)
      }
    }
  }
})

test('the hash of a model’s weights is that of sha256sum’s listing', () => {
  const files = [
    { name: 'backbone.safetensors', sha256: 'a'.repeat(64) },
    { name: 'head.safetensors', sha256: 'b'.repeat(64) }
  ]
  // What sha256sum itself says of the two lines `aa…a  backbone.safetensors` and `bb…b  head.safetensors`.
  assert.equal(weightsHash(files), 'a424fb31085fdaef482cc82f6b707b80598d93da09c20bcb4f7ef1161b281f5b')
})

test('around auto the network and the schedule for going on are kept, and the rest is chosen for the images', () => {
  const images = { images: 500, shorterSide: 300, colour: 0, pixels: null }
  const device = { kind: 'cpu', devices: 1, cores: 2, memoryBytes: null } as const
  const auto = (asked: RecipeRequest) => autoRecipe(images, device, asked)
  const { recipe, reasons, init } = resolveInit({ method: 'dino-vmf' }, { subject: SUBJECT }, auto)
  assert.deepEqual([recipe.preset, recipe.arch, recipe.patchSize, init.head], ['auto', 'vit_nano', 7, 'taken'])
  assert.deepEqual(checkRecipe(recipe, { images: 500 }), [])
  assert.ok(reasons.length > 0)
  const plain = auto({ method: 'dino-vmf', arch: 'vit_nano', patchSize: 7 }).recipe.hyperparameters
  assert.ok(recipe.hyperparameters.learningRate < plain.learningRate)
  assert.ok(recipe.hyperparameters.warmupEpochs <= 1)
})
