import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { beginner } from '../../../src/cli/train-init.ts'
import { parseTrainCommand } from '../../../src/cli/train-options.ts'
import { beginBeforeImages, readRecipe, recipeToGoOnWith } from '../../../src/cli/train-recipe.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const PLACES = ['--images', 'in', '--out', 'out']

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-recipe-'))
})
after(() => rm(folder, { recursive: true }))

async function fileOf(content: unknown): Promise<string> {
  const path = join(folder, 'recipe.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const says = (reason: RegExp) => (error: unknown) =>
  isAppError(error) &&
  reason.test(
    `${error.code} ${error.message} ${error.details.errors?.map(({ path, message }) => `${path} ${message}`)}`
  )

const refuses = (args: string[], reason: RegExp) => assert.throws(() => parseTrainCommand(args), says(reason))

test('images and an output folder are enough', async () => {
  const command = parseTrainCommand(PLACES)
  const { checkpointEveryS, keep, isResuming, devices } = command
  assert.deepEqual([checkpointEveryS, keep, isResuming, devices], [900, 3, false, 1])
  const begin = await beginner(undefined, async () => assert.fail('there is no init'))
  assert.deepEqual(await beginBeforeImages(command.recipe, begin), { request: {}, begun: null })
})

test('a run that goes on needs its folder only', () => {
  const { isResuming, images } = parseTrainCommand(['--resume', '--out', 'out'])
  assert.deepEqual([isResuming, images], [true, undefined])
})

test('flags win over the recipe file, which wins over the preset', async () => {
  const recipe = await fileOf({ preset: 'mu', seed: 5, hyperparameters: { batch_size: 4, epochs: 3 } })
  const { preset, seed, hyperparameters } = await readRecipe({ recipe, seed: 9, epochs: 2 })
  assert.deepEqual([preset, seed, hyperparameters.batchSize, hyperparameters.epochs], ['mu', 9, 4, 2])
})

test('a recipe file is read in the casing of the API and in that of the code', async () => {
  const snake = await readRecipe({ recipe: await fileOf({ preset: 'mu', hyperparameters: { batch_size: 4 } }) })
  const camel = await readRecipe({ recipe: await fileOf({ preset: 'mu', hyperparameters: { batchSize: 4 } }) })
  assert.deepEqual(snake, camel)
})

test('wrong flags are named: unknown ones, missing ones, numbers that are none or too small', () => {
  refuses(['--imges', 'in'], /--imges/)
  refuses(['--images', 'in'], /--out is needed/)
  refuses(['--out', 'out'], /--images is needed/)
  refuses([...PLACES, '--keep', 'many'], /--keep must be a whole number, not many/)
  refuses([...PLACES, '--keep', '0'], /--keep must be 1 or more/)
  refuses([...PLACES, '--hold-out', '1'], /--hold-out must be 2 or more/)
  refuses([...PLACES, '--threads', '-1'], /--threads/)
  refuses([...PLACES, '--devices', '0'], /--devices must be 1 or more/)
  refuses([...PLACES, '--devices', '65'], /--devices must be 64 or less/)
  refuses([...PLACES, 'stray'], /stray/)
})

test('wrong recipes are named: no file, no JSON, no object, fields that are none, values that cannot be', async () => {
  const refusesRecipe = (choice: Parameters<typeof readRecipe>[0], reason: RegExp) =>
    assert.rejects(readRecipe(choice), says(reason))
  await refusesRecipe({ method: 'simclr' }, /--method must be one of .* not simclr/)
  await refusesRecipe({ preset: 'vit-giant' }, /invalid_recipe .*\/preset must be one of/)
  await refusesRecipe({ recipe: '/nowhere.json' }, /--recipe \/nowhere\.json .*no such file/)
  await refusesRecipe({ recipe: await fileOf('{') }, /--recipe .* is not JSON/)
  await refusesRecipe({ recipe: await fileOf([]) }, /must be one JSON object/)
  await refusesRecipe({ recipe: await fileOf({ batch_size: 4 }) }, /\/batch_size is not a field/)
  await refusesRecipe(
    { recipe: await fileOf({ preset: 'mu', hyperparameters: { batch_siz: 4 } }) },
    /\/hyperparameters\/batch_siz is not a field/
  )
  await refusesRecipe(
    { recipe: await fileOf({ preset: 'mu', hyperparameters: { batch_size: 0 } }) },
    /\/hyperparameters\/batch_size /
  )
})

test('a run that goes on keeps everything that no flag changes', async () => {
  const own = muRecipe()
  assert.deepEqual(await recipeToGoOnWith(own, {}), own)
  const longer = await recipeToGoOnWith(own, { epochs: 7 })
  assert.deepEqual(longer, { ...own, hyperparameters: { ...own.hyperparameters, epochs: 7 } })
})
