import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRecipe, devicesProblems } from '../../../src/recipe/check.ts'
import { type DeepPartial, type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Ibot } from '../../../src/recipe/schema.ts'

const pathsOf = (request: Partial<RecipeRequest>, images?: number): string[] =>
  checkRecipe(resolveRecipe({ preset: 'demo', method: 'dino-vmf', ...request }), { images }).map(({ path }) =>
    path.replace('/hyperparameters/', '')
  )

const pathsFor = (hyperparameters: RecipeRequest['hyperparameters']) => pathsOf({ hyperparameters })

test('patches must tile both kinds of crop', () => {
  assert.deepEqual(pathsOf({ patchSize: 8 }), ['crops/global/size', 'crops/local/size'])
  assert.deepEqual(pathsOf({ patchSize: 4 }), ['crops/local/size'])
  assert.deepEqual(pathsOf({ patchSize: 4, hyperparameters: { crops: { local: { count: 0 } } } }), [])
})

test('the teacher needs a global crop, and a loss needs a pair of crops', () => {
  assert.deepEqual(pathsFor({ crops: { global: { count: 0 } } }), ['crops/global/count'])
  assert.deepEqual(pathsFor({ crops: { global: { count: 1 }, local: { count: 0 } } }), ['crops/global/count'])
  assert.deepEqual(pathsFor({ crops: { global: { count: 1 }, local: { count: 1 } } }), [])
})

test('ranges must not run backwards', () => {
  assert.deepEqual(pathsFor({ crops: { global: { scale: [1, 0.5] }, aspectRatio: [2, 1] } }), [
    'crops/global/scale',
    'crops/aspectRatio'
  ])
  assert.deepEqual(pathsFor({ augmentation: { blur: { sigma: [2, 1] } } }), ['augmentation/blur/sigma'])
})

test('warm-ups and freezing must fit into the run, unless nothing is trained', () => {
  const tooLong = { warmupEpochs: 3, freezeLastLayerEpochs: 4 }
  assert.deepEqual(pathsFor({ epochs: 2, ...tooLong, teacherTemperature: [0.02, 0.03, 5] }), [
    'warmupEpochs',
    'freezeLastLayerEpochs',
    'teacherTemperature/2'
  ])
  assert.deepEqual(pathsFor({ epochs: 0, ...tooLong }), [])
})

test('a batch must not be larger than the dataset, when the dataset is known', () => {
  assert.deepEqual(pathsOf({}, 63), ['batchSize'])
  assert.deepEqual(pathsOf({}, 64), [])
  assert.deepEqual(pathsOf({}), [])
})

test('a teacher far blunter than the student is refused, one that merely collapses is not', () => {
  assert.deepEqual(pathsFor({ teacherTemperature: [0.5, 0.9, 0] }), ['teacherTemperature/0', 'teacherTemperature/1'])
  assert.deepEqual(pathsFor({ teacherTemperature: [0.2, 0.2, 0] }), [])
})

test('normalization has a value for each channel', () => {
  assert.deepEqual(pathsFor({ channels: 3 }), ['normalization/mean', 'normalization/std'])
})

test('the smallest learning rate is below the peak, scaling included', () => {
  assert.deepEqual(pathsFor({ minLearningRate: 3e-3 }), ['minLearningRate'])
  assert.deepEqual(pathsFor({ minLearningRate: 1e-3, learningRateScaling: 'linear' }), ['minLearningRate'])
})

test('vMF needs free norms and a dimension that its expansion covers; plain DINO does not', () => {
  const hyperparameters = { normalizeLastLayer: true, bottleneckDim: 8 }
  assert.deepEqual(pathsFor(hyperparameters), ['normalizeLastLayer', 'bottleneckDim'])
  assert.deepEqual(pathsOf({ method: 'dino', hyperparameters }), [])
})

const ibotPaths = (ibot: DeepPartial<Ibot>, hyperparameters: RecipeRequest['hyperparameters'] = {}): string[] =>
  pathsOf({ method: 'ibot-vmf', hyperparameters: { ...hyperparameters, ibot } }).map((path) =>
    path.replace('ibot/', '')
  )

test("iBOT's group belongs to its methods, and they need it", () => {
  const recipe = resolveRecipe({ preset: 'demo', method: 'ibot' })
  const { ibot, ...without } = recipe.hyperparameters
  assert.ok(ibot)
  const paths = (changed: typeof recipe) => checkRecipe(changed).map(({ path }) => path)
  assert.deepEqual(paths({ ...recipe, method: 'dino' }), ['/hyperparameters/ibot'])
  assert.deepEqual(paths({ ...recipe, hyperparameters: without }), ['/hyperparameters/ibot'])
  assert.deepEqual(paths(recipe), [])
})

test('masks leave something to see, hide something, and begin within the run', () => {
  assert.deepEqual(ibotPaths({ masks: { ratio: 0.1 } }), ['masks/ratioVariance'])
  assert.deepEqual(ibotPaths({ masks: { ratio: 0.9 } }), ['masks/ratio'])
  assert.deepEqual(ibotPaths({ masks: { ratio: 0.05, ratioVariance: 0 } }), ['masks/ratio'])
  assert.deepEqual(ibotPaths({ masks: { startEpoch: 8 } }), ['masks/startEpoch'])
  assert.deepEqual(ibotPaths({ masks: { startEpoch: 8 } }, { epochs: 0 }), [])
})

test('a single patch can be hidden at random, but in no block', () => {
  const one = { crops: { global: { size: 7 }, local: { count: 0 } } }
  const masks = { ratio: 1, ratioVariance: 0 }
  assert.deepEqual(ibotPaths({ masks: { ...masks, shape: 'block' } }, one), ['masks/shape'])
  assert.deepEqual(ibotPaths({ masks: { ...masks, shape: 'random' } }, one), [])
})

test("the patches' temperature warms up within the run, counted from the first mask", () => {
  assert.deepEqual(ibotPaths({ patchTeacherTemperature: [0.02, 0.03, 9] }), ['patchTeacherTemperature/2'])
  assert.deepEqual(ibotPaths({ patchTeacherTemperature: [0.02, 0.03, 6], masks: { startEpoch: 3 } }), [
    'patchTeacherTemperature/2'
  ])
  assert.deepEqual(ibotPaths({ patchTeacherTemperature: [0.02, 0.03, 6], masks: { startEpoch: 2 } }), [])
  assert.deepEqual(ibotPaths({ patchTeacherTemperature: [0.5, 0.02, 0] }), ['patchTeacherTemperature/0'])
})

test('one of the two losses must count', () => {
  assert.deepEqual(ibotPaths({ clsLossWeight: 0, patchLossWeight: 0 }), ['clsLossWeight'])
  assert.deepEqual(ibotPaths({ clsLossWeight: 0 }), [])
})

test('KoLeo on features needs another image in the batch', () => {
  const koleo = { features: 0.1, prototypes: 0 }
  assert.deepEqual(pathsFor({ koleo, batchSize: 1 }), ['koleo/features'])
  assert.deepEqual(pathsFor({ koleo, batchSize: 2 }), [])
})

test('patches are not held to a start that is drawn at random', () => {
  const anchored = resolveRecipe({
    preset: 'demo',
    method: 'dino-vmf',
    hyperparameters: { gram: { weight: 2, anchor: 'start' } }
  })
  const paths = (hasInit?: boolean) => checkRecipe(anchored, { hasInit }).map(({ path }) => path)
  assert.deepEqual([paths(false), paths(true), paths()], [['/hyperparameters/gram/anchor'], [], []])
})

test('nested dimensions leave at least one', () => {
  assert.deepEqual(pathsFor({ nested: [0.5, 0.25, 0.125] }), [])
  assert.deepEqual(pathsFor({ nested: [0.5, 0.001] }), ['nested/1'])
})

test('expectation-maximization cannot fit norms that are fixed', () => {
  const em = { rate: 0.02, pull: 1, kappa: 'fitted' } as const
  assert.deepEqual(pathsFor({ em }), [])
  const dino = resolveRecipe({ preset: 'demo', method: 'dino', hyperparameters: { em, normalizeLastLayer: true } })
  assert.deepEqual(
    checkRecipe(dino).map(({ path }) => path),
    ['/hyperparameters/em/kappa']
  )
})

test('a batch in parts must have equal ones, and nothing that needs the whole batch at once', () => {
  assert.deepEqual(pathsFor({ batchSize: 64, accumulationSteps: 4 }), [])
  assert.deepEqual(pathsFor({ batchSize: 64, accumulationSteps: 5 }), ['accumulationSteps'])
  assert.deepEqual(pathsFor({ centering: 'sinkhorn', accumulationSteps: 2 }), ['accumulationSteps'])
  assert.deepEqual(pathsFor({ koleo: { features: 0.1, prototypes: 0 }, accumulationSteps: 2 }), ['accumulationSteps'])
  assert.deepEqual(pathsFor({ koleo: { features: 0, prototypes: 0.1 }, accumulationSteps: 2 }), [])
})

const onDevices = (devices: number, hyperparameters: RecipeRequest['hyperparameters']) =>
  devicesProblems(resolveRecipe({ preset: 'demo', method: 'dino-vmf', hyperparameters }), devices)

test('devices have equal parts of a batch, or of each of its parts', () => {
  assert.deepEqual(onDevices(2, { batchSize: 64 }), [])
  assert.deepEqual(onDevices(2, { batchSize: 64, accumulationSteps: 32 }), [])
  assert.deepEqual(onDevices(3, { batchSize: 64 }), [
    { path: '/compute/devices', message: 'must divide the batch of 64 images, got 3' }
  ])
  assert.deepEqual(onDevices(4, { batchSize: 64, accumulationSteps: 32 }), [
    { path: '/compute/devices', message: 'must divide each of 32 parts of the batch of 64 images, got 4' }
  ])
})

test('KoLeo on features looks at the whole batch, so that several devices cannot share it', () => {
  const [problem, ...others] = onDevices(2, { batchSize: 64, koleo: { features: 0.1, prototypes: 0 } })
  assert.match(problem!.message, /^must be 1 with KoLeo on features/)
  assert.deepEqual(others, [])
  assert.deepEqual(onDevices(2, { batchSize: 64, koleo: { features: 0, prototypes: 0.1 } }), [])
})

test('one device takes every recipe', () => {
  assert.deepEqual(onDevices(1, { batchSize: 7, koleo: { features: 0.1, prototypes: 0 } }), [])
})
