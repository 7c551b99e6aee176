import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutFromLarger, preprocessingOf, seenWhole } from '../../../src/recipe/preprocessing.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

const ruleOf = (preset: string) => preprocessingOf(resolveRecipe({ method: 'dino-vmf', preset }))

test('models of small squares see images whole, models of ImageNet as DINO evaluates', () => {
  assert.deepEqual(ruleOf('demo'), { resize: 'shorter_side', side: 28, interpolation: 'bicubic', crop: 28 })
  assert.deepEqual(ruleOf('small-images'), seenWhole(32))
  assert.deepEqual(ruleOf('vit-small-16'), { resize: 'shorter_side', side: 256, interpolation: 'bicubic', crop: 224 })
  assert.deepEqual(ruleOf('vit-base-16'), cutFromLarger(224))
})

test('the smallest share that a global crop may show decides, whatever the preset is', () => {
  const global = (least: number) => ({ count: 2, size: 64, scale: [least, 1] as [number, number] })
  const ruleFor = (least: number) =>
    preprocessingOf(
      resolveRecipe({ method: 'dino', preset: 'small-images', hyperparameters: { crops: { global: global(least) } } })
    )
  assert.deepEqual(ruleFor(0.5), seenWhole(64))
  assert.deepEqual(ruleFor(0.49), cutFromLarger(64))
})
