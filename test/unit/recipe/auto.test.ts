import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import {
  type AutoDevice,
  type AutoImages,
  imagesOfRecords,
  imagesOfSizes
} from '../../../src/recipe/auto/circumstances.ts'
import { autoRecipe } from '../../../src/recipe/auto.ts'
import { checkRecipe, devicesProblems } from '../../../src/recipe/check.ts'
import { recipeNumbers } from '../../../src/recipe/numbers.ts'
import type { RecipeRequest } from '../../../src/recipe/presets.ts'
import { ARCHS, METHODS } from '../../../src/recipe/schema.ts'

const CPU: AutoDevice = { kind: 'cpu', devices: 1, cores: 2, memoryBytes: null }
const GPU: AutoDevice = { kind: 'gpu', devices: 1, cores: 8, memoryBytes: null }

const photographs = (images: number, shorterSide = 480): AutoImages => ({
  images,
  shorterSide,
  colour: images,
  pixels: null
})

const grays = (images: number, shorterSide: number): AutoImages => ({ images, shorterSide, colour: 0, pixels: null })

function choose(images: AutoImages, device = CPU, request: RecipeRequest = {}) {
  const { recipe, reasons } = autoRecipe(images, device, request)
  assert.deepEqual(checkRecipe(recipe, { images: images.images }), [])
  assert.equal(recipe.preset, 'auto')
  return { recipe, h: recipe.hyperparameters, reasons, numbers: recipeNumbers(recipe, images.images, device.devices) }
}

test('300 photographs on two cores: colour is kept, a batch fits several times, and it ends within the hour', () => {
  const { recipe, h, numbers, reasons } = choose(photographs(300))
  assert.deepEqual([recipe.method, recipe.arch, recipe.patchSize, h.channels], ['dino-vmf', 'vit_nano', 8, 3])
  assert.deepEqual([h.batchSize, numbers.stepsPerEpoch, h.prototypes], [32, 9, 64])
  assert.ok(numbers.totalSteps >= 1000 && numbers.totalFlops / 20e9 < 3600)
  assert.ok(h.augmentation.jitter.saturation > 0 && h.augmentation.jitter.hue > 0)
  assert.ok(reasons.some((reason) => reason.startsWith(`${h.epochs} epochs of 9 steps: `)))
})

test('300 small gray images: one channel, the crops of the demo, and nothing that changes colours', () => {
  const { recipe, h } = choose(grays(300, 28))
  assert.deepEqual([recipe.patchSize, h.crops.global, h.channels], [7, { count: 2, size: 28, scale: [0.7, 1] }, 1])
  const { jitter, grayscale } = h.augmentation
  assert.deepEqual([jitter.saturation, jitter.hue, grayscale, h.normalization.mean.length], [0, 0, 0, 1])
})

test("the demo's 9,000 images get the demo's head, batch, teacher and crops", () => {
  const { h } = choose(grays(9000, 28))
  assert.deepEqual([h.prototypes, h.batchSize, h.bottleneckDim, h.learningRate], [256, 64, 64, 2e-3])
  assert.deepEqual(h.teacherTemperature, [0.025, 0.025, 0])
})

test('10,000 images of 32 px: patches of 4 pixels, on a GPU a larger network', () => {
  assert.deepEqual(
    [choose(photographs(10_000, 32)).recipe.arch, choose(photographs(10_000, 32)).recipe.patchSize],
    ['vit_nano', 4]
  )
  assert.equal(choose(photographs(10_000, 32), GPU).recipe.arch, 'vit_tiny')
})

test("a million photographs on a GPU: DINO's recipe, with iBOT's number of prototypes", () => {
  const { recipe, h, numbers } = choose(photographs(1_281_167), GPU)
  assert.deepEqual(
    [recipe.arch, recipe.patchSize, h.prototypes, h.batchSize, h.epochs],
    ['vit_small', 16, 8192, 1024, 100]
  )
  assert.deepEqual([h.crops.global.size, h.teacherTemperature], [224, [0.04, 0.07, 30]])
  assert.ok(numbers.gpuMemoryBytes < 12e9, 'the batch is in parts that fit in 16 GB')
})

test('ten million images: on a GPU a base network, on a CPU one pass and a word about it', () => {
  assert.equal(choose(photographs(1e7), GPU).recipe.arch, 'vit_base')
  const { h, reasons } = choose(photographs(1e7))
  assert.deepEqual([h.epochs, h.warmupEpochs], [1, 0])
  assert.ok(reasons.some((reason) => reason.includes('a GPU is meant')))
})

test('every number of images, size and device gives a recipe that can be trained, twice the same', () => {
  const devices = [CPU, { ...CPU, cores: 96 }, GPU, { ...GPU, devices: 3 }, { ...GPU, memoryBytes: 80e9, devices: 8 }]
  for (const images of [1, 2, 7, 15, 99, 1000, 50_000, 3e6, 2e7]) {
    for (const side of [null, 1, 20, 31, 50, 100, 150, 4000]) {
      for (const device of devices.filter((one) => one.devices <= images)) {
        for (const colour of [0, Math.ceil(images / 2)]) {
          const seen = { images, shorterSide: side, colour, pixels: null }
          const { recipe, numbers, reasons } = choose(seen, device)
          assert.deepEqual(devicesProblems(recipe, device.devices), [])
          assert.ok(numbers.stepsPerEpoch >= 1 && reasons.length > 8)
          assert.deepEqual(autoRecipe(seen, device, {}), { recipe, reasons })
        }
      }
    }
  }
})

test('more images never get fewer prototypes or a smaller batch', () => {
  for (const device of [CPU, GPU]) {
    const chosen = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7].map((images) => choose(photographs(images), device).h)
    for (const [i, h] of chosen.slice(1).entries()) {
      assert.ok(h.prototypes >= chosen[i]!.prototypes && h.batchSize >= chosen[i]!.batchSize)
    }
  }
})

test('what is asked for stands, and what depends on it follows', () => {
  const few = choose(photographs(300), CPU, { hyperparameters: { epochs: 2 } }).h
  assert.deepEqual([few.epochs, few.warmupEpochs, few.teacherTemperature[2]], [2, 0, 0])
  const warm = choose(photographs(1e6), CPU, {
    hyperparameters: { warmupEpochs: 7, teacherTemperature: [0.02, 0.03, 12] }
  }).h
  assert.deepEqual([warm.epochs, warm.warmupEpochs, warm.teacherTemperature], [12, 7, [0.02, 0.03, 12]])
  const large = choose(photographs(300), CPU, { hyperparameters: { crops: { global: { size: 96 } } } })
  assert.deepEqual([large.h.crops.global.size, large.recipe.patchSize, large.h.crops.local.size], [96, 12, 48])
  const patched = choose(photographs(300), CPU, { patchSize: 14 })
  assert.deepEqual([patched.h.crops.global.size, patched.h.crops.local.size], [70, 42])
  const slow = choose(photographs(300), CPU, { hyperparameters: { learningRate: 1e-7 } }).h
  assert.ok(slow.minLearningRate <= 1e-7)
  const gray = choose(photographs(300), CPU, { hyperparameters: { channels: 1 } }).h
  assert.deepEqual([gray.normalization.std.length, gray.augmentation.jitter.hue], [1, 0])
  assert.equal(choose(photographs(300), CPU, { hyperparameters: { epochs: 0 } }).h.epochs, 0)
})

test('every method, network, epoch and batch that can be asked for alone can be trained', () => {
  for (const device of [CPU, GPU]) {
    for (const method of METHODS)
      for (const epochs of [0, 1, 3, 30, 1000])
        choose(photographs(2000), device, { method, hyperparameters: { epochs } })
    for (const arch of ARCHS) choose(photographs(2000), device, { arch })
    for (const batchSize of [1, 3, 100, 2000]) choose(photographs(2000), device, { hyperparameters: { batchSize } })
    for (const size of [4, 5, 17, 37, 67, 224, 1024])
      choose(photographs(2000), device, { hyperparameters: { crops: { global: { size } } } })
    for (let patchSize = 1; patchSize <= 64; patchSize++) choose(photographs(2000), device, { patchSize })
  }
  const masks = { method: 'ibot-vmf' as const, hyperparameters: { ibot: { masks: { startEpoch: 5, ratio: 0.1 } } } }
  assert.deepEqual(choose(photographs(1e7), GPU, masks).h.ibot?.masks.ratioVariance, 0.1)
})

test('reasons are given for what was chosen, and not for what was asked for', () => {
  const all = choose(photographs(300)).reasons
  const { reasons } = choose(photographs(300), CPU, {
    method: 'dino',
    arch: 'vit_nano',
    hyperparameters: { epochs: 5, batchSize: 16, prototypes: 128 }
  })
  for (const word of ['Method', 'Network', 'K = ', 'Batches']) {
    assert.ok(all.some((reason) => reason.startsWith(word)))
    assert.ok(!reasons.some((reason) => reason.startsWith(word)), word)
  }
  const larger = choose(photographs(300), CPU, { hyperparameters: { crops: { global: { size: 96 } } } }).reasons
  assert.ok(
    larger.some((reason) => reason.endsWith('in patches of 12: 96 were asked for.')),
    larger.join('\n')
  )
})

test("images like photographs are normalized by ImageNet's statistics, others by their own", () => {
  const pixels = (mean: number[], std: number[]) => ({ rgb: { mean, std }, luma: { mean: [mean[0]!], std: [std[0]!] } })
  const of = (images: AutoImages) => choose(images).h.normalization
  const usual = { ...photographs(300), pixels: pixels([0.5, 0.47, 0.42], [0.25, 0.24, 0.26]) }
  assert.deepEqual(of(usual).mean, [0.485, 0.456, 0.406])
  const dark = { ...photographs(300), pixels: pixels([0.1001, 0.02, 0.3], [0.01, 0.2, 0.2]) }
  assert.deepEqual(of(dark), { mean: [0.1, 0.02, 0.3], std: [0.05, 0.2, 0.2] })
  const cells = { ...grays(300, 300), pixels: pixels([0.286, 0, 0], [0.353, 0, 0]) }
  assert.deepEqual(of(cells), { mean: [0.286], std: [0.353] })
})

test('of datasets from before there were reports, sizes and the number of images are enough', () => {
  const images = imagesOfSizes(500, { '512x512': 300, '64x1024': 150, '32x32': 50 })
  assert.deepEqual([images.shorterSide, images.colour], [512, null])
  assert.equal(choose(images).h.channels, 3)
  assert.equal(imagesOfSizes(500, {}).shorterSide, null)
  choose(imagesOfSizes(500, {}))
  const records = [1, 3, 3].map((channels) => ({ width: 40, height: 30, channels: channels as 1 | 3 }))
  assert.deepEqual(imagesOfRecords(records), { images: 3, shorterSide: 30, colour: 2, pixels: null })
})

test('values of another kind are refused as by any preset', () => {
  const request = { hyperparameters: { epochs: 'many', crops: 7 } } as unknown as RecipeRequest
  assert.throws(
    () => autoRecipe(photographs(300), CPU, request),
    (error) => isAppError(error, 'invalid_recipe') && error.details.errors!.length > 1
  )
})
