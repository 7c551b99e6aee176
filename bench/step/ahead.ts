/** Steps that are compiled ahead of time: DINO's crops at the sizes that people train at. */
import { resolveRecipe } from '../../src/recipe/presets.ts'
import type { Recipe } from '../../src/recipe/schema.ts'
import { stepRecipe } from './recipes.ts'

const DINO = { localCrops: 8, prototypes: 65_536 } as const

export const STEPS_AHEAD = {
  'ViT-S/16, batch 8': stepRecipe('small', { ...DINO, batchSize: 8 }),
  'ViT-S/16, batch 64': stepRecipe('small', { ...DINO, batchSize: 64 }),
  'ViT-B/16, batch 32': stepRecipe('base', { ...DINO, batchSize: 32 }),
  'ViT-T/4, batch 64': stepRecipe('tiny'),
  'iBOT-vMF, ViT-T/4, batch 64': resolveRecipe({
    preset: 'small-images',
    method: 'ibot-vmf',
    hyperparameters: { batchSize: 64, dropPath: 0 }
  })
} as const satisfies Record<string, Recipe>
