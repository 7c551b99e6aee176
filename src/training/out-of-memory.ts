/** When memory runs out: what was expected, so that the next attempt is smaller by the right amount. */
import { AppError, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import { recipeNumbers } from '../recipe/numbers.ts'
import type { Recipe } from '../recipe/schema.ts'

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

/**
 * The same error, or, when memory ran out, one that names the estimate.
 * @param available bytes that this process may use
 */
export function withEstimate(thrown: unknown, recipe: Recipe, available = process.constrainedMemory()): Error {
  const error = toError(thrown)
  if (!isOutOfMemory(error)) return error
  const { memoryBytes } = recipeNumbers(recipe, 0)
  const { batchSize, crops, prototypes } = recipe.hyperparameters
  const count = crops.global.count + crops.local.count
  const message =
    `The step needs more memory than there is. It was estimated at ${gib(memoryBytes)}, with ${gib(available)} to use: ` +
    `a batch of ${batchSize}, ${count} crops an image, ${prototypes} prototypes. Less of any of them needs less.`
  return new AppError('out_of_memory', { message, estimatedBytes: memoryBytes }, { cause: error })
}
