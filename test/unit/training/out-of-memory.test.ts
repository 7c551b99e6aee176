import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { recipeNumbers } from '../../../src/recipe/numbers.ts'
import { withEstimate } from '../../../src/training/out-of-memory.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const GIB = 1024 * 1024 * 1024
/** An engine on the CPU, which has the memory of the process. */
const ONE = { devices: 1, deviceKind: 'cpu' } as const

test('out of memory says what was expected and what there is, in GiB, and what would need less', async () => {
  const recipe = muRecipe({ batchSize: 64 })
  const { memoryBytes } = recipeNumbers(recipe, 0)
  const { crops, prototypes } = recipe.hyperparameters
  const cause = new Error('std::bad_alloc')
  const error = await withEstimate(cause, recipe, ONE, 12.5 * GIB)
  assert.ok(isAppError(error, 'out_of_memory'))
  assert.equal(error.details['estimatedBytes'], memoryBytes)
  assert.equal(error.cause, cause)
  assert.ok(error.message.includes(`estimated at ${(memoryBytes / GIB).toFixed(1)} GiB, with 12.5 GiB to use`))
  const count = crops.global.count + crops.local.count
  assert.ok(error.message.includes(`a batch of 64, ${count} crops an image, ${prototypes} prototypes.`), error.message)
})

test('of devices it says what each was to hold, and what each has', async () => {
  const recipe = muRecipe({ batchSize: 4096 })
  const memory = async () => ({ peakBytes: 59 * GIB, limitBytes: 60 * GIB })
  const engine = { devices: 2, deviceKind: 'gpu', memory } as const
  const thrown = new AppError('out_of_memory', { message: 'The device has too little memory.' })
  const error = await withEstimate(thrown, recipe, engine, 12.5 * GIB)
  assert.ok(isAppError(error, 'out_of_memory'))
  const { gpuMemoryBytes } = recipeNumbers(recipe, 0, 2)
  assert.deepEqual([error.details['estimatedBytes'], error.details['limitBytes']], [gpuMemoryBytes, 60 * GIB])
  const each = `${(gpuMemoryBytes / GIB).toFixed(1)} GiB on each of 2 devices`
  assert.ok(error.message.includes(`estimated at ${each}, with 60.0 GiB on a device to use`), error.message)
})

test('a device that does not tell its size any more leaves that of the process', async () => {
  for (const memory of [async () => null, () => Promise.reject(new Error('the device is lost'))]) {
    const error = await withEstimate(new Error('out of memory'), muRecipe(), { ...ONE, memory }, 12.5 * GIB)
    assert.match(error.message, /with 12\.5 GiB to use/)
  }
})

test('the estimate is that of the recipe: four times the batch says more', async () => {
  const said = async (batchSize: number) => {
    const { message } = await withEstimate(new Error('out of memory'), muRecipe({ batchSize }), ONE)
    return Number(/estimated at ([\d.]+) GiB/.exec(message)?.[1])
  }
  const [small, large] = [await said(1024), await said(4096)]
  assert.ok(large > 2 * small, `${small} and ${large} GiB`)
})

test('any other error stays as it is', async () => {
  for (const error of [new Error('no such file'), new AppError('loss_not_finite')]) {
    assert.equal(await withEstimate(error, muRecipe(), ONE), error)
  }
  assert.match((await withEstimate('text', muRecipe(), ONE)).message, /text/)
})
