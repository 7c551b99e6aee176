import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { parseTrainCommand } from '../../../src/training/cli-options.ts'

const PLACES = ['--images', 'in', '--out', 'out']

const refuses = (args: string[], reason: RegExp) =>
  assert.rejects(parseTrainCommand(args), (error) => isAppError(error) && reason.test(`${error.code} ${error.message}`))

test('images and an output folder are enough for the demo preset', async () => {
  const command = await parseTrainCommand(PLACES)
  assert.equal(command?.recipe.preset, 'demo')
  assert.equal(command?.recipe.method, 'dino-vmf')
  assert.equal(command?.checkpointEveryS, 900)
  assert.equal(command?.isResuming, false)
})

test('options override the recipe file, which overrides the preset', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-cli-'))
  try {
    const file = join(folder, 'recipe.json')
    await writeFile(file, JSON.stringify({ preset: 'mu', seed: 5, hyperparameters: { batchSize: 4, epochs: 3 } }))
    const command = await parseTrainCommand([...PLACES, '--recipe', file, '--seed', '9', '--epochs', '2'])
    const { preset, seed, hyperparameters } = command!.recipe
    assert.deepEqual([preset, seed, hyperparameters.batchSize, hyperparameters.epochs], ['mu', 9, 4, 2])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('wrong words are named: unknown options, missing folders, numbers that are none, unknown methods', async () => {
  await refuses(['--imges', 'in'], /--imges/)
  await refuses(['--images', 'in'], /--out/)
  await refuses([...PLACES, '--keep', 'many'], /--keep must be a whole number/)
  await refuses([...PLACES, '--method', 'simclr'], /--method must be one of/)
  await refuses([...PLACES, '--preset', 'vit-giant'], /invalid_recipe/)
  await refuses([...PLACES, '--recipe', '/nowhere.json'], /cannot be read/)
})

test('help is asked for with -h', async () => {
  assert.equal(await parseTrainCommand(['-h']), null)
})
