/** `kappa train` without a preset: what it chooses, keeps and goes on with. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type LabFolder, labFolder, runKappa } from './lab-folder.ts'

const QUICK = ['--set', 'arch=vit_mu', '--set', 'crops.global.size=8', '--set', 'batch_size=8', '--epochs', '3']

async function kappa(t: TestContext, args: readonly string[]) {
  const command = runKappa(t, [...args, '--json'])
  const { code } = await command.exited
  const lines = command.lines.map((line) => JSON.parse(line))
  return { code, lines, of: (type: string) => lines.findLast((line) => line.type === type) }
}

const train = (t: TestContext, lab: LabFolder, more: readonly string[]) =>
  kappa(t, ['train', '--images', lab.dataset, '--out', lab.at('out'), '--threads', '1', '--no-export', ...more])

const resume = (t: TestContext, lab: LabFolder, more: readonly string[]) =>
  kappa(t, ['train', '--resume', '--out', lab.at('out'), '--threads', '1', '--no-export', ...more])

const record = async (lab: LabFolder) => JSON.parse(await readFile(join(lab.at('out'), 'run.json'), 'utf8'))

test('the recipe is chosen around what is asked for, told with its reasons, and kept with the run', async (t) => {
  const lab = await labFolder(t)
  const begun = await train(t, lab, [...QUICK, '--max-steps', '2'])
  assert.equal(begun.code, 3)
  const told = begun.of('recipe')
  assert.deepEqual([told.preset, told.recipe.arch, told.recipe.hyperparameters.epochs], ['auto', 'vit_mu', 3])
  assert.ok(told.reasons.length > 5)
  const kept = await record(lab)
  assert.deepEqual([kept.recipe, kept.reasons], [told.recipe, told.reasons])
  assert.equal((await resume(t, lab, [])).of('done').reason, 'completed')
  const other = await resume(t, lab, ['--set', 'batch_size=4'])
  assert.deepEqual([other.code, other.of('failed').errors[0].path], [2, '/hyperparameters/batch_size'])
  assert.equal((await resume(t, lab, ['--preset', 'auto', '--set', 'batch_size=8'])).code, 0)
})

test('a run that was killed while its images were packed chooses its recipe when it goes on', async (t) => {
  const lab = await labFolder(t)
  await train(t, lab, [...QUICK, '--max-steps', '1'])
  const { recipe, reasons: _, ...rest } = await record(lab)
  const request = { arch: 'vit_mu', hyperparameters: { epochs: 3, batch_size: 8, crops: { global: { size: 8 } } } }
  for (const lacking of [{}, { request, begin: { path: 5 } }, { request, images: 7 }]) {
    await writeFile(join(lab.at('out'), 'run.json'), JSON.stringify({ ...rest, recipe: null, ...lacking }))
    const refused = await resume(t, lab, [])
    assert.match(refused.of('failed').message, /run\.json has no recipe, and does not say/)
  }
  await writeFile(join(lab.at('out'), 'run.json'), JSON.stringify({ ...rest, recipe: null, request }))
  const other = await resume(t, lab, ['--epochs', '5'])
  assert.deepEqual([other.code, other.of('failed').code], [2, 'invalid_request'])
  const { code, of } = await resume(t, lab, [])
  assert.deepEqual([code, of('started').step], [0, 1])
  assert.deepEqual((await record(lab)).recipe, recipe)
})

test('what is no field is refused before anything is made', async (t) => {
  const lab = await labFolder(t)
  const refused = await train(t, lab, ['--set', 'batchsize=4'])
  assert.equal(refused.code, 2)
  assert.match(JSON.stringify(refused.of('failed')), /batch_size is one/)
  await assert.rejects(record(lab), { code: 'ENOENT' })
})

test('a preset is printed as a recipe that a run takes', async (t) => {
  const lab = await labFolder(t)
  const shown = await kappa(t, ['presets', 'auto', '--images', lab.dataset, ...QUICK.slice(0, 6), '--set', 'epochs=1'])
  assert.equal(shown.code, 0)
  const { recipe } = shown.of('recipe')
  await writeFile(lab.at('recipe.json'), JSON.stringify(recipe))
  const run = await train(t, lab, ['--recipe', lab.at('recipe.json')])
  assert.equal(run.of('done').reason, 'completed')
  assert.deepEqual((await record(lab)).recipe, recipe)
})

test('a finished run keeps its metrics and says what can be measured of its model without being asked', async (t) => {
  const lab = await labFolder(t)
  const usual = ['--images', lab.dataset, '--out', lab.at('out'), '--threads', '1', '--tensorboard', ...QUICK]
  const stopped = await kappa(t, ['train', ...usual, '--max-steps', '4'])
  assert.equal(stopped.code, 3)
  const done = await kappa(t, ['train', '--resume', '--out', lab.at('out'), '--threads', '1'])
  assert.equal(done.code, 0)
  const { protocol, metrics } = done.of('evaluation')
  assert.deepEqual([protocol, metrics.rankme.value > 1], ['label_free', true])
  const linesOf = async (name: string) => (await readFile(join(lab.at('out'), name), 'utf8')).trim().split('\n')
  assert.equal((await linesOf('evaluation.jsonl')).length, 1)
  const steps = (await linesOf('metrics.jsonl')).map((line) => JSON.parse(line).step)
  assert.deepEqual(
    steps,
    Array.from({ length: 15 }, (_, i) => i + 1)
  )
  assert.equal((await readdir(join(lab.at('out'), 'tensorboard'))).length, 1)
})
