import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceWish } from '../../../../src/base/devices.ts'
import type { Run } from '../../../../src/domain/run.ts'
import { recipeNumbers } from '../../../../src/recipe/numbers.ts'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import { estimateRun, measuredFlopRate } from '../../../../src/services/runs/estimate.ts'

const recipe = resolveRecipe({ method: 'dino-vmf', preset: 'mu' })
const ended = (imagesSeen: number, seconds: number): Run =>
  ({
    recipe,
    compute: { device: 'any', devices: 1, maxRuntimeS: 60, priority: 0 },
    startedAt: new Date(0),
    resumedAt: null,
    finishedAt: new Date(seconds * 1000),
    progress: { step: 1, totalSteps: 1, epoch: 1, percent: 100, imagesSeen }
  }) as Run // only these fields are read

test('steps, images and operations are those of the recipe', () => {
  const images = 10 * recipe.hyperparameters.batchSize
  const estimate = estimateRun(recipe, { images, device: 'any', devices: 1 }, [])
  assert.equal(estimate.steps, 10 * recipe.hyperparameters.epochs)
  assert.equal(estimate.images, images * recipe.hyperparameters.epochs)
  assert.equal(estimate.flops, recipeNumbers(recipe, images).totalFlops)
  assert.equal(estimate.durationS, null)
})

test('the time is that of the newest success which trained anything', () => {
  const images = 10 * recipe.hyperparameters.batchSize
  const seen = images * recipe.hyperparameters.epochs
  const once = { images, device: 'any', devices: 1 } as const
  assert.equal(estimateRun(recipe, once, [ended(0, 3), ended(seen, 50), ended(seen, 900)]).durationS, 50)
  const twice = estimateRun(recipe, { ...once, images: 2 * images }, [ended(seen, 50)])
  assert.equal(twice.durationS, 100)
})

test('a run of another architecture, or on other devices, says nothing about the time', () => {
  const images = 10 * recipe.hyperparameters.batchSize
  const done = ended(images, 50)
  const onGpu = { ...done, compute: { ...done.compute, device: 'gpu' } } as const
  const larger = { ...done, recipe: { ...recipe, arch: 'vit_small' } } as const
  assert.equal(estimateRun(recipe, { images, device: 'any', devices: 1 }, [onGpu, larger]).durationS, null)
  assert.equal(estimateRun(recipe, { images, device: 'gpu', devices: 2 }, [onGpu]).durationS, null)
  assert.notEqual(estimateRun(recipe, { images, device: 'gpu', devices: 1 }, [onGpu]).durationS, null)
})

test('the memory is that of each device, and of a GPU where one is asked for', () => {
  const on = (devices: number, device: DeviceWish['device'] = 'any') =>
    estimateRun(recipe, { images: 1000, device, devices }, []).memoryBytes
  assert.equal(on(2), recipeNumbers(recipe, 1000, 2).memoryBytes)
  assert.equal(on(2, 'cpu'), on(2))
  assert.equal(on(2, 'gpu'), recipeNumbers(recipe, 1000, 2).gpuMemoryBytes)
  assert.ok(on(2) < on(1) && on(2, 'gpu') < on(1, 'gpu') && on(1, 'gpu') < on(1))
})

test('a run without a beginning, an end or a second between them measures nothing', () => {
  assert.equal(measuredFlopRate({ ...ended(10, 1), startedAt: null }), null)
  assert.equal(measuredFlopRate({ ...ended(10, 1), finishedAt: null }), null)
  assert.equal(measuredFlopRate(ended(10, 0)), null)
  assert.equal(
    measuredFlopRate({ ...ended(10, 1), resumedAt: new Date(5) }),
    null,
    'nobody trained while it was paused'
  )
})
