/** Recipes, batches and schedules of the step's benchmarks. */
import { prng } from '../../src/math/prng.ts'
import { resolveRecipe } from '../../src/recipe/presets.ts'
import type { Recipe } from '../../src/recipe/schema.ts'
import type { StepBatch, StepSchedule } from '../../src/training/step/feeds.ts'

export const STEP_RECIPES = ['demo', 'tiny', 'small', 'base'] as const
export type StepRecipe = (typeof STEP_RECIPES)[number]

export function isStepRecipe(name: string): name is StepRecipe {
  return (STEP_RECIPES as readonly string[]).includes(name)
}

export interface StepSizes {
  readonly prototypes?: number | undefined
  readonly batchSize?: number | undefined
  readonly localCrops?: number | undefined
}

const PRESETS = { tiny: 'small-images', small: 'vit-small-16', base: 'vit-base-16' } as const

/**
 * demo: what `npm run demo` trains. tiny: ViT-T/4, 32 px, 2 + 4 crops, batch 64. small and base: ViT-S/16 and ViT-B/16,
 * 2 × 224 + 4 × 96 px, batch 8. All dino-vmf and without drop path, which the PyTorch side does not have.
 */
export function stepRecipe(name: StepRecipe, sizes: StepSizes = {}): Recipe {
  const preset = name === 'demo' ? 'demo' : PRESETS[name]
  const recipe = resolveRecipe({ preset, method: 'dino-vmf' })
  const { hyperparameters: h } = recipe
  const { local } = h.crops
  const { prototypes = name === 'demo' ? h.prototypes : 4096, localCrops = name === 'demo' ? local.count : 4 } = sizes
  const { batchSize = { demo: h.batchSize, tiny: 64, small: 8, base: 8 }[name] } = sizes
  const head = name === 'tiny' ? { bottleneckDim: 256, headHiddenDim: 2048 } : {}
  const crops = { ...h.crops, local: { ...local, count: localCrops } }
  return { ...recipe, hyperparameters: { ...h, ...head, batchSize, crops, prototypes, dropPath: 0 } }
}

export function randomBatch({ hyperparameters: { crops, batchSize, channels }, seed }: Recipe): StepBatch {
  const random = prng(seed, 1)
  const bytes = ({ count, size }: { count: number; size: number }) =>
    Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  return { globalCrops: bytes(crops.global), localCrops: bytes(crops.local) }
}

/** Of every step: what it is does not change what the step costs, and it keeps the losses comparable. */
export const benchSchedule = (step: number): StepSchedule => ({
  step,
  learningRate: 1e-4,
  weightDecay: 0.04,
  teacherMomentum: 0.996,
  teacherTemperature: 0.04,
  freezeLastLayer: false,
  adamStep: step + 1,
  adamLastLayerStep: step + 1
})
