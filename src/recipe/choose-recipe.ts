/** From a request to a recipe, whatever its preset. */

import type { AutoDevice, AutoImages } from './auto/circumstances.ts'
import { autoRecipe, type ChosenRecipe } from './auto.ts'
import { fixedPresetOf, type RecipeRequest, resolveRecipe } from './presets.ts'

/** @throws AppError `invalid_recipe` as resolveRecipe and autoRecipe */
export const chooseRecipe = (request: RecipeRequest, images: AutoImages, device: AutoDevice): ChosenRecipe =>
  fixedPresetOf(request) === null
    ? autoRecipe(images, device, request)
    : { recipe: resolveRecipe(request), reasons: [] }
