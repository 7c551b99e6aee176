import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { recipeNumbers } from '../../../src/recipe/numbers.ts'
import { withEstimate } from '../../../src/training/out-of-memory.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const GIB = 1024 * 1024 * 1024

test('out of memory says what was expected and what there is, in GiB, and what would need less', () => {
  const recipe = muRecipe({ batchSize: 64 })
  const { memoryBytes } = recipeNumbers(recipe, 0)
  const { crops, prototypes } = recipe.hyperparameters
  const cause = new Error('std::bad_alloc')
  const error = withEstimate(cause, recipe, 12.5 * GIB)
  assert.ok(isAppError(error, 'out_of_memory'))
  assert.equal(error.details['estimatedBytes'], memoryBytes)
  assert.equal(error.cause, cause)
  assert.ok(error.message.includes(`estimated at ${(memoryBytes / GIB).toFixed(1)} GiB, with 12.5 GiB to use`))
  const count = crops.global.count + crops.local.count
  assert.ok(error.message.includes(`a batch of 64, ${count} crops an image, ${prototypes} prototypes.`), error.message)
})

test('the estimate is that of the recipe: four times the batch says more', () => {
  const said = (batchSize: number) =>
    Number(
      /estimated at ([\d.]+) GiB/.exec(withEstimate(new Error('out of memory'), muRecipe({ batchSize })).message)?.[1]
    )
  assert.ok(said(4096) > 2 * said(1024), `${said(1024)} and ${said(4096)} GiB`)
})

test('any other error stays as it is', () => {
  for (const error of [new Error('no such file'), new AppError('loss_not_finite')]) {
    assert.equal(withEstimate(error, muRecipe()), error)
  }
  assert.match(withEstimate('text', muRecipe()).message, /text/)
})
