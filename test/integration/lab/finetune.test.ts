/** Fine-tuning on packed images, from pixels to numbers. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { servedNetworkOf } from '../../../src/model/programs.ts'
import { evaluateFinetune, FINETUNE_SETTINGS } from '../../../src/probing/finetune.ts'
import type { FinetuneProgress } from '../../../src/probing/finetune-training.ts'
import { readLabels } from '../../../src/probing/probed-model.ts'
import { preprocessingOf } from '../../../src/recipe/preprocessing.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { keptOf } from './kept-trainings.ts'
import { labFolder } from './lab-folder.ts'

const recipe = muRecipe({
  crops: { ...muRecipe().hyperparameters.crops, global: { count: 2, size: 8, scale: [0.7, 1] } }
})
const engine = createEngine({ threads: 1 })
const weights = Object.fromEntries(
  Object.entries(initialState(recipe))
    .filter(([name]) => name.startsWith('teacher.backbone.'))
    .map(([name, values]) => [name.slice('teacher.'.length), values])
)

async function task(t: TestContext, { loaders = 0, signal = new AbortController().signal, changed = {} } = {}) {
  const lab = await labFolder(t)
  const bank = await writeTinyDataset(lab.at('bank'), 84)
  const queries = await writeTinyDataset(lab.at('queries'), 40)
  return {
    ...(await readLabels({ bank, queries, by: 'finetune' })),
    engine,
    served: servedNetworkOf(recipe),
    weights: { ...weights, ...changed },
    config: { preprocessing: preprocessingOf(recipe), channels: recipe.hyperparameters.channels, imageSize: 8 },
    loaders,
    signal
  }
}

const settings = { ...FINETUNE_SETTINGS, epochs: 20, batchSize: 16, rates: [1e-5, 3e-3], seed: 1 }

async function finish<T>(run: AsyncGenerator<FinetuneProgress, T>) {
  const progress: FinetuneProgress[] = []
  for (;;) {
    const next = await run.next()
    if (next.done) return { progress, result: next.value }
    progress.push(next.value)
  }
}

test('backbone and classifier learn bars of four directions at the better rate, whatever the number of loaders', async (t) => {
  const { progress, result } = await finish(evaluateFinetune(await task(t), settings))
  assert.equal(progress.length, 40)
  assert.deepEqual(progress.at(-1), { rate: 3e-3, epoch: 20, epochs: 20 })
  const { top1, top5 } = result.metrics
  assert.ok(top1!.value > 0.6 && top1!.low < top1!.value && top1!.high > top1!.value, `${top1!.value}`)
  assert.equal(top5, undefined, 'of four classes the right one is always among five')
  assert.deepEqual([result.bank, result.queries, result.classes], [84, 40, 4])
  assert.equal(result.settings['rateChosen'], 3e-3)
  assert.equal(result.settings['rateChosenOn'], '1 of 10 parts of the bank')
  const again = await finish(evaluateFinetune(await task(t, { loaders: 2 }), settings))
  assert.deepEqual(again.result, result)
})

test('of a single rate nothing is chosen, and all of the bank is learned from', async (t) => {
  const one = { ...settings, epochs: 1, batchSize: 84, rates: [1e-3] }
  const { result } = await finish(evaluateFinetune(await task(t), one))
  assert.deepEqual([result.settings['batchSize'], result.settings['rateChosenOn']], [84, null])
})

test('training that is stopped ends at once and leaves nothing open', async (t) => {
  const stop = new AbortController()
  const run = evaluateFinetune(await task(t, { loaders: 1, signal: stop.signal }), settings)
  await run.next()
  stop.abort()
  await assert.rejects(run.next(), { name: 'AbortError' })
})

test('a rate at which training diverges is not chosen, and where none is left that is said', async (t) => {
  const short = { ...settings, epochs: 2 }
  const { result } = await finish(evaluateFinetune(await task(t), { ...short, rates: [1e38, 1e-3] }))
  assert.equal(result.settings['rateChosen'], 1e-3)
  const run = evaluateFinetune(await task(t), { ...short, rates: [1e38] })
  await assert.rejects(finish(run), { code: 'evaluation_impossible', message: /finetune diverges: .* at 1e\+38/ })
})

test('what was kept after an epoch of any rate goes on to the same result', async (t) => {
  const short = { ...settings, epochs: 3, rates: [3e-3, 1e38, 1e-5] }
  const { result } = await finish(evaluateFinetune(await task(t), short))
  const all = await keptOf((keeper) => task(t).then((of) => finish(evaluateFinetune({ ...of, keeper }, short))))
  // The second diverges in its first epoch.
  assert.deepEqual(
    all.map(({ place }) => place),
    [1, 2, 3, 6, 7, 8, 9]
  )
  for (const found of all) {
    const again = await finish(evaluateFinetune({ ...(await task(t)), keeper: { found, keep: async () => {} } }, short))
    assert.deepEqual(again.result, result, `${found.place}`)
    assert.ok(again.progress.length <= 6 - Math.min(found.place, 3), `${found.place}`)
  }
})
