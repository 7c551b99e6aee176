/** What a served model says about photographs, against the training code and against the photographs themselves. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { tf } from '../../../src/engine/tf.ts'

import { assignImage } from '../../../src/model/assigner.ts'
import { exportModel } from '../../../src/model/export.ts'
import { openImageSource } from '../../../src/model/image-source.ts'
import { writeModel } from '../../../src/model/writer.ts'
import { readModelConfig, readPrototypes } from '../../../src/protocol/model-folder.ts'
import type { CheckpointEvent } from '../../../src/protocol/training-events.ts'
import type { Centering } from '../../../src/recipe/schema.ts'
import { openServingModel } from '../../../src/serving/serving-model.ts'
import { teacherView } from '../../../src/ssl/center.ts'
import { prototypesOf } from '../../../src/ssl/prototypes.ts'
import { readCheckpoint, type TrainState } from '../../../src/training/checkpoint.ts'
import { train } from '../../../src/training/train.ts'
import { writeFashionDataset } from '../../helpers/fashion-dataset.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { collect } from './lab-folder.ts'

const IMAGES = 1000
const engine = createEngine({ threads: 1 })
const openFile = (path: string) => openOnnxFile(path, { threads: 1 })

let root: string
let dataset: string
let checkpoint: TrainState
let folder: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-posteriors-'))
  dataset = await writeFashionDataset(join(root, 'dataset'), IMAGES)
  const recipe = muRecipe(
    {
      epochs: 2,
      batchSize: 16,
      prototypes: 32,
      freezeLastLayerEpochs: 0,
      teacherTemperature: [0.025, 0.025, 0],
      crops: {
        ...muRecipe().hyperparameters.crops,
        global: { count: 2, size: 28, scale: [0.7, 1] },
        local: { count: 0, size: 14, scale: [0.3, 0.7] }
      }
    },
    { patchSize: 7 }
  )
  const run = { recipe, datasetFolder: dataset, outFolder: join(root, 'out'), engine, clock: systemClock, loaders: 0 }
  const last = (await collect(train(run))).findLast((event): event is CheckpointEvent => event.type === 'checkpoint')!
  checkpoint = await readCheckpoint(last.folder)
  folder = join(root, 'model')
  const options = { checkpointFolder: last.folder, datasetFolder: dataset, outFolder: folder, engine }
  await collect(exportModel({ ...options, openOnnxFile: openFile }))
})
after(() => rm(root, { recursive: true, force: true }))

/** What the model makes of the photographs that it was trained on. */
async function see(path: string) {
  const model = await openServingModel(path, openFile)
  const source = await openImageSource(dataset, { target: model.config, seed: 0 })
  const program = await model.open('assign')
  const { prototypes, views } = model.head!
  const seen = []
  for await (const batch of source.batches(IMAGES, 100)) {
    for (const row of await program.run(batch)) {
      seen.push({ cosines: row.subarray(0, prototypes), bottleneck: row.subarray(prototypes) })
    }
  }
  await source.close()
  await model.dispose()
  return { seen, views, head: model.head! }
}

/** The same teacher with every third prototype's g negative, centered as said. */
async function writeVariant(
  name: string,
  centering: Centering
): Promise<{ path: string; g: Float32Array; center: Float32Array }> {
  const config = await readModelConfig(folder)
  const { tensors } = checkpoint
  const weights = Object.fromEntries(
    Object.entries(tensors).flatMap(([key, values]) =>
      key.startsWith('teacher.') ? [[key.slice('teacher.'.length), values]] : []
    )
  )
  const g = weights['head.last_layer.weight_g']!.map((value, k) => (k % 3 === 0 ? -value : value))
  const path = join(root, name)
  const center = tensors['center.cls']!.map((value, k) => value + 0.01 * (k % 5))
  const subject = {
    config: { ...config, centering } as typeof config,
    weights: { ...weights, 'head.last_layer.weight_g': g },
    center: centering === 'sinkhorn' ? null : center,
    seed: 0
  }
  await collect(writeModel(subject, { datasetFolder: dataset, outFolder: path, engine, openOnnxFile: openFile }))
  return { path, g, center }
}

for (const centering of ['probability', 'logit', 'probability-ema'] as const) {
  test(`a teacher centered by ${centering}, some of whose g are negative, assigns photographs as it was trained`, async () => {
    const { path, g, center } = await writeVariant(`variant-${centering}`, centering)
    const { seen, views } = await see(path)
    const { temperature } = await readModelConfig(path)
    const some = seen.slice(0, 50)
    const v = checkpoint.tensors['teacher.head.last_layer.weight_v']!
    const dim = v.length / g.length
    const expected = tf.tidy(() => {
      const rows = tf.tensor2d(Float32Array.from(some.flatMap(({ bottleneck }) => [...bottleneck])), [50, dim])
      const prototypes = prototypesOf({
        'head.last_layer.weight_g': tf.tensor2d(g, [g.length, 1]),
        'head.last_layer.weight_v': tf.tensor2d(v, [g.length, dim])
      })
      const options = {
        centering,
        vmf: true,
        inverseTemperature: tf.scalar(1 / temperature!),
        center: tf.tensor1d(center)
      }
      return teacherView(rows, prototypes, options).logProbabilities.exp().arraySync() as number[][]
    })
    for (const [n, outputs] of some.entries()) {
      const { topK } = assignImage(outputs, views, { topK: g.length, posterior: 'teacher' })
      // Float32 logits of up to 100, each a sum of four: a wrong sign of g is 0.09 off.
      for (const { prototype, probability } of topK) {
        const error = Math.abs(probability - expected[n]![prototype]!)
        assert.ok(error < 1e-4, `image ${n} prototype ${prototype} is off by ${error}`)
      }
    }
  })
}

test('every number of a fitted component is what its photographs measure', async () => {
  const { seen, views } = await see(folder)
  const { prototypes, fitted, images } = await readPrototypes(folder)
  assert.equal(images, IMAGES)
  const won = new Map<number, number[]>()
  for (const outputs of seen) {
    const [best] = assignImage(outputs, views, { topK: 1, posterior: 'fitted' }).topK
    won.set(best!.prototype, [...(won.get(best!.prototype) ?? []), best!.cosine])
  }
  const components = prototypes.flatMap((one) => (one.fitted === null ? [] : [one.fitted]))
  assert.equal(components.length, fitted!.components)
  assert.ok(components.length > 1, 'there is more than one to tell apart')
  for (const { prototype, usage, meanCosine, angleDegrees, weight, kappa, kappaInterval } of components) {
    const cosines = won.get(prototype) ?? []
    assert.equal(usage, cosines.length)
    assert.ok(weight > 0 && kappa > 0)
    if (kappaInterval !== null) assert.ok(kappaInterval[0] < kappaInterval[1])
    if (cosines.length === 0) {
      assert.deepEqual([meanCosine, angleDegrees], [null, null])
      continue
    }
    assert.ok(Math.abs(meanCosine! - cosines.reduce((sum, value) => sum + value, 0) / cosines.length) < 1e-9)
    const angles = cosines.map((cosine) => (Math.acos(Math.min(1, cosine)) * 180) / Math.PI).sort((a, b) => a - b)
    assert.ok(angles[0]! <= angleDegrees!.p5 && angleDegrees!.p95 <= angles.at(-1)!)
    assert.ok(angles.filter((angle) => angle <= angleDegrees!.p50 + 1e-9).length >= angles.length / 2)
  }
  assert.ok(Math.abs(components.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-9)
  assert.equal(
    components.reduce((sum, { usage }) => sum + usage, 0),
    IMAGES
  )
})

test('a prototype without a photograph has no fitted component, so nothing is said of how tight it is', async () => {
  const { prototypes, used, unique } = await readPrototypes(folder)
  const unused = prototypes.filter(({ usage }) => usage === 0)
  assert.ok(unused.length > 0, 'some are unused, or this test shows nothing')
  assert.ok(unused.every(({ fitted }) => fitted === null))
  assert.equal(used, prototypes.length - unused.length)
  assert.ok(unique! <= used!)
})

test('the fitted mixture describes photographs that it was not fitted to better than the uniform density', async () => {
  const { fitted } = await readPrototypes(folder)
  assert.deepEqual([fitted!.images, fitted!.heldOutImages], [900, 100])
  assert.ok(fitted!.heldOutLogLikelihood > fitted!.uniformLogLikelihood + 1, JSON.stringify(fitted))
  const { seen, views } = await see(folder)
  const percentiles = seen.map(
    (outputs) => assignImage(outputs, views, { topK: 1, posterior: 'teacher' }).densityPercentile!
  )
  // Held-out images lie at the middle of themselves, and training images close to it.
  const mean = percentiles.reduce((sum, value) => sum + value, 0) / percentiles.length
  assert.ok(mean > 0.4 && mean < 0.75, `${mean}`)
})

test('usage is counted by the teacher as it assigns when it is served', async () => {
  const { seen, views } = await see(folder)
  const { prototypes, posterior } = await readPrototypes(folder)
  assert.equal(posterior, 'teacher')
  const usage = new Array(prototypes.length).fill(0)
  for (const outputs of seen) usage[assignImage(outputs, views, { topK: 1, posterior }).topK[0]!.prototype]++
  assert.deepEqual(
    prototypes.map((one) => one.usage),
    usage
  )
})

test('a hundred photographs are enough', async () => {
  const few = await writeFashionDataset(join(root, 'few'), 100)
  const path = join(root, 'model-of-few')
  const config = await readModelConfig(folder)
  const weights = Object.fromEntries(
    Object.entries(checkpoint.tensors).map(([key, values]) => [key.replace('teacher.', ''), values])
  )
  const subject = { config, weights, center: checkpoint.tensors['center.cls']!, seed: 1 }
  await collect(writeModel(subject, { datasetFolder: few, outFolder: path, engine, openOnnxFile: openFile }))
  const { fitted } = await readPrototypes(path)
  assert.deepEqual([fitted!.images, fitted!.heldOutImages], [90, 10])
  assert.ok(fitted!.components >= 1 && Number.isFinite(fitted!.heldOutLogLikelihood))
})
