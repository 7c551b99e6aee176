import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { digestOf } from '../../../src/base/durable-files.ts'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { exportModel } from '../../../src/model/export.ts'
import type { ExportEvent, ExportedEvent } from '../../../src/protocol/export-messages.ts'
import { readModelConfig, readPrototypes, type VerificationReport } from '../../../src/protocol/model-folder.ts'
import type { CheckpointEvent, TrainEvent } from '../../../src/protocol/training-events.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { readCheckpoint } from '../../../src/training/checkpoint.ts'
import { train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { collect, type LabFolder, labFolder } from './lab-folder.ts'

const engine = createEngine({ threads: 1 })

const BRIEF = muRecipe({ epochs: 1, freezeLastLayerEpochs: 0 })

async function checkpointIn(lab: LabFolder, recipe = BRIEF): Promise<string> {
  const events = train({
    recipe,
    datasetFolder: lab.dataset,
    outFolder: lab.at('out'),
    engine,
    clock: systemClock,
    loaders: 0
  })
  return (await collect(events)).find((event): event is CheckpointEvent => event.type === 'checkpoint')!.folder
}

const runExport = (
  lab: LabFolder,
  checkpointFolder: string,
  more: { datasetFolder?: string | null; signal?: AbortSignal; outFolder?: string } = {}
) =>
  exportModel({
    checkpointFolder,
    datasetFolder: lab.dataset,
    outFolder: lab.at('model'),
    engine,
    openOnnxFile: (path) => openOnnxFile(path, { threads: 1 }),
    ...more
  })

async function exported(t: TestContext, more: { datasetFolder?: string | null } = {}, recipe = BRIEF) {
  const lab = await labFolder(t)
  const checkpointFolder = await checkpointIn(lab, recipe)
  const events: ExportEvent[] = await collect(runExport(lab, checkpointFolder, more))
  const last = events.at(-1) as ExportedEvent
  assert.equal(last.type, 'exported')
  return { lab, checkpointFolder, folder: last.folder, events, last }
}

const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))

test('an export says what it is doing and lists every file with its true hash', async (t) => {
  const { folder, events, last } = await exported(t)
  const stages = events.flatMap((event) => (event.type === 'export_progress' ? [event.stage] : []))
  assert.deepEqual(
    [...new Set(stages)],
    ['weights', 'programs', 'verification', 'precision', 'prototypes', 'mixture', 'files']
  )
  assert.deepEqual(last.files.map(({ path }) => path).sort(), (await filesBelow(folder)).sort())
  for (const { path, ...digest } of last.files) assert.deepEqual(digest, digestOf(await readFile(join(folder, path))))
})

test('the ONNX files compute what the training code computes on images of the dataset', async (t) => {
  const { folder } = await exported(t)
  const report: VerificationReport = JSON.parse(await readFile(join(folder, 'verification.json'), 'utf8'))
  assert.deepEqual([report.images, report.independentImages], [40, 40])
  assert.equal(report.isOnDataset, true)
  assert.equal(report.reference, 'cpu')
  assert.ok(report.maxAbsError <= 1e-4 && report.minCosine >= 0.9999, JSON.stringify(report))
})

test('the weight files hold the teacher, bit for bit', async (t) => {
  const { folder, checkpointFolder } = await exported(t)
  const { tensors } = await readCheckpoint(checkpointFolder)
  for (const part of ['backbone', 'head']) {
    const file = decodeSafetensors(await readFile(join(folder, `${part}.safetensors`)))
    assert.ok(file.tensors.size > 4)
    for (const [name, { data }] of file.tensors) assert.deepEqual(data, tensors[`teacher.${name}`], name)
  }
})

test('an iBOT model answers with its class tokens: neither mask token nor prototypes of patches leave the run', async (t) => {
  const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters
  const recipe = muRecipe(
    { epochs: 1, freezeLastLayerEpochs: 0, ibot: { ...ibot!, patchPrototypes: 24 } },
    { method: 'ibot-vmf' }
  )
  const { folder } = await exported(t, {}, recipe)
  const names = []
  for (const part of ['backbone', 'head'])
    names.push(...decodeSafetensors(await readFile(join(folder, `${part}.safetensors`))).tensors.keys())
  assert.ok(names.includes('head.last_layer.weight_g'))
  assert.deepEqual(
    names.filter((name) => /last_layer2|mask/.test(name)),
    []
  )
  const { method, network } = await readModelConfig(folder)
  assert.equal(method, 'ibot-vmf')
  assert.deepEqual([network.prototypes, network.patchPrototypes, network.maskToken], [16, undefined, undefined])
  const { prototypes } = await readPrototypes(folder)
  assert.equal(prototypes.length, 16)
  assert.ok(prototypes.every(({ kappa }) => kappa > 0))
  const report: VerificationReport = JSON.parse(await readFile(join(folder, 'verification.json'), 'utf8'))
  assert.ok(report.maxAbsError <= 1e-4)
})

test('the configuration says how to use the model', async (t) => {
  const { folder } = await exported(t)
  const { recipe, network, precisions, ...config } = await readModelConfig(folder)
  assert.ok(precisions?.int8)
  assert.equal(recipe?.arch, 'vit_mu')
  assert.deepEqual([network.dim, network.depth, network.heads], [32, 2, 2])
  assert.deepEqual(config, {
    format: 'kappa-model/1',
    method: 'dino-vmf',
    arch: 'vit_mu',
    patchSize: 4,
    imageSize: 8,
    channels: 1,
    preprocessing: { resize: 'shorter_side', side: 8, interpolation: 'bicubic', crop: 8 },
    normalization: { mean: [0.5], std: [0.25] },
    embeddingDim: 32,
    pooling: 'class token after the last normalization, unit length',
    bottleneckDim: 16,
    prototypes: 16,
    // One epoch of a warm-up of one: it never got past its start.
    temperature: 0.04,
    centering: 'probability',
    studentTemperature: 0.1,
    step: 5,
    onnxOpset: 17,
    origin: null
  })
})

test("Hugging Face's processor has the rule of the configuration", async (t) => {
  const { folder } = await exported(t, { datasetFolder: null })
  const processor = JSON.parse(await readFile(join(folder, 'huggingface/preprocessor_config.json'), 'utf8'))
  const { size, resample, crop_size, do_convert_rgb } = processor
  assert.deepEqual([size, resample, crop_size], [{ shortest_edge: 8 }, 3, { height: 8, width: 8 }])
  assert.equal(do_convert_rgb, false)
})

test('a folder of before, which has no rule, gets that of its recipe', async (t) => {
  const { folder } = await exported(t, { datasetFolder: null })
  const path = join(folder, 'config.json')
  const { preprocessing, ...before } = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify(before))
  assert.deepEqual((await readModelConfig(folder)).preprocessing, preprocessing)
  await writeFile(path, JSON.stringify({ ...before, recipe: null }))
  assert.equal((await readModelConfig(folder)).preprocessing.side, 9, 'an import: 8 · 256/224')
})

test('prototypes are described by kappa, usage and neighbours', async (t) => {
  const { folder, checkpointFolder } = await exported(t)
  const { tensors } = await readCheckpoint(checkpointFolder)
  const { prototypes, images, used, unique, topShare, posterior } = await readPrototypes(folder)
  assert.deepEqual([images, posterior], [40, 'teacher'])
  assert.equal(prototypes.length, 16)
  assert.equal(
    prototypes.reduce((sum, { usage }) => sum + usage!, 0),
    40
  )
  assert.equal(used, prototypes.filter(({ usage }) => usage! > 0).length)
  assert.ok(unique! >= 1 && unique! <= used!)
  assert.equal(topShare, Math.max(...prototypes.map(({ usage }) => usage!)) / 40)
  const magnitudes = tensors['teacher.head.last_layer.weight_g']!
  for (const { index, kappa, nearest } of prototypes) {
    assert.ok(Math.abs(kappa - magnitudes[index]! / 0.04) < 1e-9)
    assert.equal(nearest.length, 3)
  }
})

test('a run that is stopped in its temperature warm-up exports the temperature that it had', async (t) => {
  const recipe = muRecipe({ epochs: 8, freezeLastLayerEpochs: 0, teacherTemperature: [0.02, 0.08, 4] })
  const lab = await labFolder(t)
  const options = { recipe, datasetFolder: lab.dataset, engine, clock: systemClock, loaders: 0 }
  // Five steps an epoch: the second ends with step 10, and step 11 is of the third.
  for (const [maxSteps, temperature] of [
    [3, 0.02],
    [10, 0.04],
    [11, 0.06]
  ] as const) {
    const events: TrainEvent[] = await collect(train({ ...options, outFolder: lab.at(`${maxSteps}`), maxSteps }))
    const { folder } = events.findLast((event): event is CheckpointEvent => event.type === 'checkpoint')!
    const outFolder = lab.at(`model-${maxSteps}`)
    await collect(runExport(lab, folder, { outFolder }))
    const config = await readModelConfig(outFolder)
    assert.ok(Math.abs(config.temperature! - temperature) < 1e-12, `${maxSteps}: ${config.temperature}`)
    const shown = events.flatMap((event) => (event.type === 'step' ? [event.metrics['teacher_temperature']!] : []))
    assert.equal(config.temperature, shown.at(-1), 'what the run itself has shown')
  }
})

test('without a dataset the check runs on noise and nothing is counted', async (t) => {
  const { folder } = await exported(t, { datasetFolder: null })
  const report: VerificationReport = JSON.parse(await readFile(join(folder, 'verification.json'), 'utf8'))
  assert.equal(report.isOnDataset, false)
  assert.equal(report.images, 64)
  const { images, used, unique, topShare, fitted } = await readPrototypes(folder)
  assert.deepEqual([images, used, unique, topShare, fitted], [0, null, null, null, null])
})

test('the same checkpoint gives the same files', async (t) => {
  const { lab, checkpointFolder, last } = await exported(t)
  const again = (await collect(runExport(lab, checkpointFolder))).at(-1) as ExportedEvent
  assert.deepEqual(again.files, last.files)
})

test('an export that is stopped leaves nothing behind', async (t) => {
  const lab = await labFolder(t)
  const events = await collect(runExport(lab, await checkpointIn(lab), { signal: AbortSignal.abort() }))
  const last = events.at(-1)
  assert.ok(last?.type === 'done' && last.reason === 'stopped')
  await assert.rejects(stat(lab.at('model')))
  await assert.rejects(stat(lab.at('model.partial')))
})
