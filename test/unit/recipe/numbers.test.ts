import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf, servedNetwork } from '../../../src/recipe/network.ts'
import { backboneProducts, recipeNumbers } from '../../../src/recipe/numbers.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Method } from '../../../src/recipe/schema.ts'
import { networkParameters } from '../../../src/ssl/parameters.ts'

test('the demo recipe has the steps, parameters and operations that were measured for it', () => {
  const numbers = recipeNumbers(resolveRecipe({ preset: 'demo', method: 'dino-vmf' }), 9000)
  assert.equal(numbers.stepsPerEpoch, 140)
  assert.equal(numbers.totalSteps, 1120)
  assert.equal(numbers.tokensPerGlobalCrop, 17)
  assert.equal(numbers.tokensPerLocalCrop, 5)
  assert.equal(numbers.tokensPerImage, 44)
  // The method notes say 0.23 M and 0.12 M parameters, and about 80 MFLOP an image.
  assert.ok(Math.abs(numbers.backboneParameters - 0.23e6) < 0.01e6)
  assert.ok(Math.abs(numbers.headParameters - 0.12e6) < 0.01e6)
  assert.ok(Math.abs(numbers.flopsPerImage - 80e6) < 4e6)
})

test('the backbones have the published numbers of parameters', () => {
  const millions = (preset: string) =>
    recipeNumbers(resolveRecipe({ preset, method: 'dino' }), 1_281_167).backboneParameters / 1e6
  assert.ok(Math.abs(millions('vit-small-16') - 21.7) < 0.1)
  assert.ok(Math.abs(millions('vit-base-16') - 85.8) < 0.1)
})

test('an image through ViT-S and ViT-B takes the published products', () => {
  // timm: 4.6 and 17.6 billion at 224 pixels, patches of 16.
  const billions = (preset: string) => backboneProducts(servedNetwork(resolveRecipe({ preset, method: 'dino' }))) / 1e9
  assert.ok(Math.abs(billions('vit-small-16') - 4.6) < 0.05, `${billions('vit-small-16')}`)
  assert.ok(Math.abs(billions('vit-base-16') - 17.6) < 0.1, `${billions('vit-base-16')}`)
})

test('a run of no epochs has no steps', () => {
  const untrained = resolveRecipe({ preset: 'demo', method: 'dino', hyperparameters: { epochs: 0 } })
  const numbers = recipeNumbers(untrained, 9000)
  assert.equal(numbers.totalSteps, 0)
  assert.equal(numbers.totalFlops, 0)
})

test('iBOT counts its own last layer and what hidden patches cost', () => {
  const of = (method: Method, ibot?: { patchPrototypes: number }) =>
    recipeNumbers(resolveRecipe({ preset: 'demo', method, ...(ibot ? { hyperparameters: { ibot } } : {}) }), 9000)
  const [plain, shared, own] = [of('dino'), of('ibot'), of('ibot', { patchPrototypes: 512 })]
  assert.equal(shared.parameters, plain.parameters)
  assert.equal(own.headParameters - plain.headParameters, 512 * 65)
  // Per global crop: 8 of 16 patches hidden at most, head 2 (96·256 + 256² + 256·64) a row, logits 2·64·256; the student's
  // three passes, the teacher's logits at the same rows, and its head on all patches for the center.
  const head = 2 * (96 * 256 + 256 * 256 + 256 * 64)
  const logits = 2 * 64 * 256
  assert.equal(shared.flopsPerImage - plain.flopsPerImage, 2 * (3 * 8 * (head + logits) + 16 * head + 8 * logits))
  assert.equal(of('ibot-vmf').flopsPerImage - shared.flopsPerImage, 2 * 16 * logits)
  assert.ok(shared.memoryBytes > plain.memoryBytes)
})

test('a batch in parts needs the activations of one part only, and two more copies of the gradients', () => {
  const numbers = (batchSize: number, accumulationSteps?: number) => {
    const parts = accumulationSteps === undefined ? {} : { accumulationSteps }
    const recipe = resolveRecipe({
      preset: 'vit-small-16',
      method: 'dino-vmf',
      hyperparameters: { batchSize, ...parts }
    })
    return recipeNumbers(recipe, 10_000)
  }
  const [part, whole, inParts] = [numbers(16), numbers(1024), numbers(1024, 64)]
  assert.equal(inParts.memoryBytes, part.memoryBytes + 2 * 4 * part.parameters)
  assert.ok(inParts.memoryBytes < whole.memoryBytes / 10)
  assert.equal(inParts.flopsPerImage, whole.flopsPerImage)
  assert.equal(inParts.stepsPerEpoch, whole.stepsPerEpoch)
})

test('each of several devices needs the whole state and the activations of its part of the batch', () => {
  const numbers = (batchSize: number, devices: number) =>
    recipeNumbers(
      resolveRecipe({ preset: 'vit-small-16', method: 'dino-vmf', hyperparameters: { batchSize } }),
      0,
      devices
    )
  assert.equal(numbers(64, 4).memoryBytes, numbers(16, 1).memoryBytes)
  assert.equal(numbers(64, 4).flopsPerImage, numbers(64, 1).flopsPerImage)
})

test('registers are tokens of every crop: parameters are counted as the network has them', () => {
  const recipe = (registers?: number) =>
    resolveRecipe({ preset: 'demo', method: 'ibot', ...(registers ? { hyperparameters: { registers } } : {}) })
  const [plain, four] = [recipe(), recipe(4)].map((one) => recipeNumbers(one, 9000))
  const specs = networkParameters(networkOf(recipe(4)))
  const counted = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  assert.equal(four!.parameters, counted)
  assert.equal(four!.backboneParameters - plain!.backboneParameters, 4 * 96)
  assert.equal(four!.tokensPerGlobalCrop, 21)
  assert.equal(four!.tokensPerLocalCrop, 9)
  // 2 n d² (4 + 2r) + 4 n² d of three blocks for each crop, three passes of the student and one of the teacher, whose head
  // sees them too; patches are embedded and hidden as before.
  const blocks = (n: number) => 3 * (2 * n * 96 * 96 * 8 + 4 * n * n * 96)
  const head = 2 * (96 * 256 + 256 * 256 + 256 * 64)
  const passes = 2 * 4 * (blocks(21) - blocks(17)) + 2 * 3 * (blocks(9) - blocks(5)) + 2 * 4 * head
  assert.equal(four!.flopsPerImage - plain!.flopsPerImage, passes)
  assert.ok(four!.memoryBytes > plain!.memoryBytes)
})

test('gated layers have about as many weights as GELU’s, and are counted as the network has them', () => {
  const recipe = resolveRecipe({ preset: 'vit-small-16', method: 'dino', hyperparameters: { feedForward: 'swiglu' } })
  const counted = networkParameters(networkOf(recipe)).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0
  )
  const [gated, plain] = [recipe, resolveRecipe({ preset: 'vit-small-16', method: 'dino' })].map((one) =>
    recipeNumbers(one, 10_000)
  )
  assert.equal(gated!.parameters, counted)
  // 3 · 1024 · 384 is 2 · 1536 · 384.
  assert.equal(gated!.flopsPerImage, plain!.flopsPerImage)
  assert.equal(gated!.memoryBytes - plain!.memoryBytes, 4 * 9 * (counted - plain!.parameters))
})

test('rotary positions are no parameters', () => {
  const recipe = resolveRecipe({
    preset: 'demo',
    method: 'dino',
    hyperparameters: { positions: 'rotary', registers: 2 }
  })
  const counted = networkParameters(networkOf(recipe)).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0
  )
  assert.equal(recipeNumbers(recipe, 9000).parameters, counted)
})
