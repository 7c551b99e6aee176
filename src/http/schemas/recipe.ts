/** Recipes on the wire: the schemas of recipe/schema.ts with snake_case names. */
import { Type } from 'typebox'
import { keysToCamel, keysToSnake } from '../../base/casing.ts'
import { type DeepPartial, PRESET_NAMES } from '../../recipe/presets.ts'
import {
  ARCHS,
  type Recipe as DomainRecipe,
  Hyperparameters,
  METHODS,
  Recipe as RecipeSchema
} from '../../recipe/schema.ts'
import { toWireSchema } from '../openapi/casing.ts'

export type WireObject = Readonly<Record<string, unknown>>

export const PartialHyperparameters = Type.Unsafe<WireObject>({
  ...toWireSchema(Hyperparameters, { isPartial: true }),
  $id: 'Hyperparameters',
  description: 'What differs from the preset; everything else is taken from it, or follows.'
})

export const ResolvedRecipe = Type.Unsafe<WireObject>({
  ...toWireSchema(RecipeSchema, { isPartial: false }),
  $id: 'Recipe'
})

export const recipeFields = {
  method: Type.Optional(Type.Enum([...METHODS], { description: 'dino-vmf unless it is given.' })),
  preset: Type.Optional(
    Type.Enum([...PRESET_NAMES], {
      description:
        'auto unless it is given: chosen from the images of the dataset and compute.device (docs/presets.md).'
    })
  ),
  arch: Type.Optional(Type.Enum([...ARCHS])),
  patch_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
  hyperparameters: Type.Optional(PartialHyperparameters)
}

export const readHyperparameters = (wire: WireObject): DeepPartial<Hyperparameters> =>
  keysToCamel(wire) as DeepPartial<Hyperparameters> // PartialHyperparameters has been checked

export const presentRecipe = (recipe: DomainRecipe): WireObject => keysToSnake(recipe) as WireObject // an object stays one
