/** The linear protocol on packed images, from pixels to numbers. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { servedNetworkOf } from '../../../src/model/programs.ts'
import { evaluateLinear, LINEAR_SETTINGS, type LinearProgress, officialTokens } from '../../../src/probing/linear.ts'
import { readLabels } from '../../../src/probing/probed-model.ts'
import { preprocessingOf } from '../../../src/recipe/preprocessing.ts'
import { VARIANTS } from '../../../src/recipe/variants.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { keptOf } from './kept-trainings.ts'
import { labFolder } from './lab-folder.ts'

const recipe = muRecipe({
  initStd: 0.2,
  crops: { ...muRecipe().hyperparameters.crops, global: { count: 2, size: 8, scale: [0.7, 1] } }
})
const engine = createEngine({ threads: 1 })

async function task(t: TestContext, { loaders = 0, signal = new AbortController().signal } = {}) {
  const lab = await labFolder(t)
  const labelled = async (name: string, images: number) => {
    const folder = await writeTinyDataset(lab.at(name), images)
    const dataset = await openDatasetFolder(folder)
    await dataset.close()
    return { folder, labels: Int32Array.from(dataset.records, ({ label }) => label!) }
  }
  const weights = Object.entries(initialState(recipe)).filter(([name]) => name.startsWith('teacher.backbone.'))
  return {
    engine,
    served: servedNetworkOf(recipe),
    weights: Object.fromEntries(weights.map(([name, values]) => [name.slice('teacher.'.length), values])),
    config: { preprocessing: preprocessingOf(recipe), channels: recipe.hyperparameters.channels, imageSize: 8 },
    bank: await labelled('bank', 80),
    queries: await labelled('queries', 40),
    classes: 4,
    loaders,
    signal
  }
}

const settings = { ...LINEAR_SETTINGS, blocks: 2, averagesPatches: false, epochs: 20, batchSize: 32, seed: 1 }

async function finish<T>(run: AsyncGenerator<LinearProgress, T>): Promise<{ progress: LinearProgress[]; result: T }> {
  const progress: LinearProgress[] = []
  for (;;) {
    const next = await run.next()
    if (next.done) return { progress, result: next.value }
    progress.push(next.value)
  }
}

test('a linear probe tells bars of four directions apart that chance would not, whatever the number of loaders', async (t) => {
  const { progress, result } = await finish(evaluateLinear(await task(t), settings))
  assert.equal(progress.length, 20)
  assert.deepEqual(progress.at(-1), { epoch: 20, epochs: 20 })
  const { top1, top5 } = result.metrics
  assert.ok(top1!.value > 0.5 && top1!.low < top1!.value && top1!.high > top1!.value, `${top1!.value}`)
  assert.equal(top5, undefined, 'of four classes the right one is always among five')
  assert.equal(result.bank, 80)
  assert.ok(settings.rates.includes(result.settings['rateChosen'] as (typeof settings.rates)[number]))
  const again = await finish(evaluateLinear(await task(t, { loaders: 2 }), settings))
  assert.deepEqual(again.result, result)
})

test('a probe that is stopped ends at once and leaves nothing open', async (t) => {
  const stop = new AbortController()
  const run = evaluateLinear(await task(t, { loaders: 1, signal: stop.signal }), settings)
  await run.next()
  stop.abort()
  await assert.rejects(run.next(), { name: 'AbortError' })
})

test('classes are compared by name, and where bank and queries share none a probe is refused', async (t) => {
  const lab = await labFolder(t)
  const bank = await writeTinyDataset(lab.at('bank'), 8)
  const turned = await writeTinyDataset(lab.at('turned'), 8, ['rising', 'falling', 'vertical', 'horizontal'])
  const { queries, classes } = await readLabels({ bank, queries: turned, by: 'linear' })
  assert.deepEqual([classes, [...queries.labels.slice(0, 4)]], [4, [3, 2, 1, 0]])
  const strange = await writeTinyDataset(lab.at('strange'), 8, ['a', 'b', 'c', 'd'])
  await assert.rejects(readLabels({ bank, queries: strange, by: 'linear' }), {
    code: 'evaluation_impossible',
    message: /share none/
  })
})

test('a rate at which the classifier diverges is not chosen', async (t) => {
  const rates = [1e38, 0.1]
  const { result } = await finish(evaluateLinear(await task(t), { ...settings, rates }))
  assert.equal(result.settings['rateChosen'], 0.1)
})

test('networks of the size of ViT-B are read as the original reads ViT-B, smaller ones as ViT-S', () => {
  assert.deepEqual(officialTokens(VARIANTS.vit_small), { blocks: 4, averagesPatches: false })
  assert.deepEqual(officialTokens(VARIANTS.vit_nano), { blocks: 3, averagesPatches: false })
  assert.deepEqual(officialTokens(VARIANTS.vit_base), { blocks: 1, averagesPatches: true })
})

test('what was kept after an epoch goes on to the same result', async (t) => {
  const short = { ...settings, epochs: 6 }
  const { result } = await finish(evaluateLinear(await task(t), short))
  const all = await keptOf((keeper) => task(t).then((of) => finish(evaluateLinear({ ...of, keeper }, short))))
  assert.deepEqual(
    all.map(({ place }) => place),
    [1, 2, 3, 4, 5, 6]
  )
  for (const found of [all[3]!, all[5]!]) {
    const again = await finish(evaluateLinear({ ...(await task(t)), keeper: { found, keep: async () => {} } }, short))
    assert.equal(again.progress.length, 6 - found.place)
    assert.deepEqual(again.result, result)
  }
  const other = { found: { ...all[3]!, tensors: { weight: new Float32Array(3) } }, keep: async () => {} }
  const anew = await finish(evaluateLinear({ ...(await task(t)), keeper: other }, short))
  assert.deepEqual([anew.progress.length, anew.result], [6, result], 'of another shape it is no state of this')
})
