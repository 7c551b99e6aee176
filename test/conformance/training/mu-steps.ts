/** Steps of the smallest network, in which every part of the method takes part: dropped paths, clipping, masks. */
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Hyperparameters, Method, Recipe } from '../../../src/recipe/schema.ts'
import type { GivenStep, StepBatch, StepSchedule } from '../../../src/training/step/feeds.ts'
import { drawMasks } from '../../../src/training/step/patch-masks.ts'

/** The same numbers in several files are the same program, which is compiled once. */
export function muRecipeOf(method: Method, changes: Partial<Hyperparameters> = {}): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  const drawn = { batchSize: 8, dropPath: 0.4, clipGrad: 0.05 }
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, ...drawn, ...changes } }
}

export function withOwnPatchLayer(recipe: Recipe, patchPrototypes = 24): Recipe {
  const { hyperparameters: h } = recipe
  return { ...recipe, hyperparameters: { ...h, ibot: { ...h.ibot!, patchPrototypes } } }
}

/** @param seed of the pixels and of which images they are */
export function randomBatch(recipe: Recipe, seed = 0): StepBatch {
  const { crops, batchSize, channels } = recipe.hyperparameters
  const random = prng(3, seed)
  const bytes = ({ count, size }: { count: number; size: number }) =>
    Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  const images = Array.from({ length: batchSize }, (_, i) => seed * batchSize + i)
  return { globalCrops: bytes(crops.global), localCrops: bytes(crops.local), masks: drawMasks(recipe, 0, images) }
}

export const scheduleOf = (step: number, changes: Partial<StepSchedule> = {}): StepSchedule => ({
  step,
  learningRate: 1e-3,
  weightDecay: 0.1,
  teacherMomentum: 0.9,
  teacherTemperature: 0.04,
  patchTeacherTemperature: 0.05,
  freezeLastLayer: false,
  adamStep: step + 1,
  adamLastLayerStep: step + 1,
  em: { rate: Math.max(0.2, 1 / (step + 1)), pull: 0.5 },
  ...changes
})

/** `count` steps, each with a batch of its own. */
export const givenSteps = (recipe: Recipe, count: number, changes: Partial<StepSchedule> = {}): GivenStep[] =>
  Array.from({ length: count }, (_, step) => ({ ...randomBatch(recipe, step), ...scheduleOf(step, changes) }))
