import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import { drawMasks, hiddenInputs } from '../../../../src/training/step/patch-masks.ts'

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
