import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import {
  accumulate,
  average,
  joinCrops,
  logMeanExpOf,
  partOfCrops
} from '../../../../src/training/step/micro-batches.ts'
import { drawMasks, hiddenInputs } from '../../../../src/training/step/patch-masks.ts'

/** Crop c of image i is the number 10 c + i, twice: two crops of six images. */
const BATCH = Uint8Array.from(
  [0, 1].flatMap((crop) => [0, 1, 2, 3, 4, 5].flatMap((i) => [10 * crop + i, 10 * crop + i]))
)

test('a part has the same images of every crop', () => {
  assert.deepEqual([...partOfCrops(BATCH, 2, { index: 0, of: 3 })], [0, 0, 1, 1, 10, 10, 11, 11])
  assert.deepEqual([...partOfCrops(BATCH, 2, { index: 2, of: 3 })], [4, 4, 5, 5, 14, 14, 15, 15])
})

test('the parts put together are the batch', () => {
  const whole = Float32Array.from(BATCH)
  const parts = [0, 1, 2].map((index) => partOfCrops(whole, 2, { index, of: 3 }))
  assert.deepEqual(joinCrops(parts, 2), whole)
})

test('no crops of a kind have no parts, and unequal parts are refused', () => {
  assert.equal(partOfCrops(new Uint8Array(0), 0, { index: 1, of: 3 }).length, 0)
  assert.throws(() => partOfCrops(BATCH, 2, { index: 0, of: 5 }), /equal parts/)
})

test('means over parts are means over the batch, also of what is kept as logarithms', () => {
  const sum = Float32Array.of(1, -2)
  accumulate(sum, Float32Array.of(3, 4))
  assert.deepEqual([...average(sum, 2)], [2, 1])
  // Both would underflow as probabilities.
  const [mean] = logMeanExpOf([Float32Array.of(-300), Float32Array.of(-300 + Math.log(3))])
  assert.ok(Math.abs(mean! - (-300 + Math.log(2))) < 1e-5)
})

const recipe = resolveRecipe({ preset: 'mu', method: 'ibot-vmf', seed: 4, hyperparameters: { epochs: 9 } })
const PATCHES = 16

test('a mask depends on epoch, image and crop, and not on the place in the batch', () => {
  const together = drawMasks(recipe, 1, [5, 17, 3])
  for (const [place, image] of [5, 17, 3].entries()) {
    const alone = drawMasks(recipe, 1, [image])
    for (const crop of [0, 1]) {
      const from = (crop * 3 + place) * PATCHES
      assert.deepEqual(together.slice(from, from + PATCHES), alone.slice(crop * PATCHES, (crop + 1) * PATCHES))
    }
  }
  assert.notDeepEqual(drawMasks(recipe, 2, [5, 17, 3]), together)
})

test('nothing is hidden before the first epoch of the masks, nor by methods without masks', () => {
  const late = structuredClone(recipe)
  late.hyperparameters.ibot!.masks.startEpoch = 2
  const images = Array.from({ length: 20 }, (_, i) => i)
  assert.ok(drawMasks(late, 1, images).every((hidden) => hidden === 0))
  assert.deepEqual(drawMasks(late, 2, images), drawMasks(recipe, 2, images))
  assert.equal(drawMasks(resolveRecipe({ preset: 'mu', method: 'dino' }), 0, images).length, 0)
})

test('hidden patches have their rows, their places and weights that let every crop count alike', () => {
  // Two crops of four patches: the first hides patches 1 and 3, the second patch 0.
  const masks = Uint8Array.of(0, 1, 0, 1, 1, 0, 0, 0)
  const { hiddenRows, hiddenPlaces, hiddenWeights } = hiddenInputs(masks, { crops: 2, slots: 5 })
  assert.deepEqual([...hiddenRows], [2, 6, 1, 0, 0])
  assert.deepEqual([...hiddenPlaces], [5, 2, 0, 5, 5, 5, 1, 5])
  assert.deepEqual([...hiddenWeights], [0.25, 0.25, 0.5, 0, 0])
})

test('more hidden patches than there is room for are a mistake of the plan', () => {
  assert.throws(() => hiddenInputs(Uint8Array.of(1, 1), { crops: 1, slots: 1 }), /at most 1/)
})
