/** When memory runs out: what was expected, so that the next attempt is smaller by the right amount. */
import { AppError, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import type { Engine } from '../engine/engine.ts'
import { recipeNumbers } from '../recipe/numbers.ts'
import type { Recipe } from '../recipe/schema.ts'

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

/**
 * The same error, or, when memory ran out, one that names the estimate.
 * @param engine that the step was computed with
 * @param ofProcess bytes that this process may use
 */
export async function withEstimate(
  thrown: unknown,
  recipe: Recipe,
  engine: Pick<Engine, 'devices' | 'deviceKind' | 'memory'>,
  ofProcess = process.constrainedMemory()
): Promise<Error> {
  const error = toError(thrown)
  if (!isOutOfMemory(error)) return error
  const { devices, deviceKind } = engine
  const numbers = recipeNumbers(recipe, 0, devices)
  const memoryBytes = deviceKind === 'cpu' ? numbers.memoryBytes : numbers.gpuMemoryBytes
  const { batchSize, crops, prototypes } = recipe.hyperparameters
  const limit = await limitOf(engine)
  const needed = devices === 1 ? gib(memoryBytes) : `${gib(memoryBytes)} on each of ${devices} devices`
  const available = limit === null ? gib(ofProcess) : `${gib(limit)} on a device`
  const count = crops.global.count + crops.local.count
  const message =
    `The step needs more memory than there is. It was estimated at ${needed}, with ${available} to use: ` +
    `a batch of ${batchSize}, ${count} crops an image, ${prototypes} prototypes. Less of any of them needs less.`
  const details = { message, estimatedBytes: memoryBytes, ...(limit === null ? {} : { limitBytes: limit }) }
  return new AppError('out_of_memory', details, { cause: error })
}

/** A device that has just failed may not even tell how large it is. */
async function limitOf({ memory }: Pick<Engine, 'memory'>): Promise<number | null> {
  const told = await memory?.().catch(() => null)
  return told?.limitBytes ?? null
}
