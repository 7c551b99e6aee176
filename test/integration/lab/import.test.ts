import assert from 'node:assert/strict'
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { type ImportOptions, importModel } from '../../../src/model/import.ts'
import type { ExportedEvent } from '../../../src/protocol/export-messages.ts'
import { readModelConfig, readPrototypes, type VerificationReport } from '../../../src/protocol/model-folder.ts'
import type { WeightOptions } from '../../../src/recipe/weight-options.ts'
import { openServingModel } from '../../../src/serving/serving-model.ts'
import { golden, IMAGES, pixels, WEIGHTS_FOLDER } from '../../conformance/interop/golden.ts'
import { collect, labFolder } from './lab-folder.ts'

const engine = createEngine({ threads: 1 })
const openFile = (path: string) => openOnnxFile(path, { threads: 1 })
/** PyTorch and ONNX Runtime both compute in float32, in other orders. */
const TOLERANCE = 1e-4

async function imported(t: TestContext, file: string, weights: WeightOptions, more: Partial<ImportOptions> = {}) {
  const lab = await labFolder(t)
  const source = join(WEIGHTS_FOLDER, file)
  const outFolder = lab.at('model')
  const events = await collect(
    importModel({ source, weights, datasetFolder: null, outFolder, engine, openOnnxFile: openFile, ...more })
  )
  return { lab, folder: outFolder, events, last: events.at(-1) as ExportedEvent }
}

async function embeddingsOf(folder: string, size: number): Promise<number[][]> {
  const model = await openServingModel(folder, openFile)
  try {
    const all = pixels(size)
    const one = all.length / IMAGES
    const images = Array.from({ length: IMAGES }, (_, i) => all.subarray(i * one, (i + 1) * one))
    return (await (await model.open('embed')).run(images)).map((row) => [...row])
  } finally {
    await model.dispose()
  }
}

function assertClose(actual: readonly number[][], expected: readonly (readonly number[])[]): void {
  const wanted = expected.flat()
  const rows = actual.flat()
  assert.equal(rows.length, wanted.length)
  wanted.forEach((value, i) => {
    assert.ok(Math.abs(rows[i]! - value) <= TOLERANCE, `[${i}] ${rows[i]} instead of ${value}`)
  })
}

for (const [file, size, weights] of [
  ['dino-backbone.pth', 24, { heads: 2, imageSize: 24 }],
  ['dinov2.pth', 42, { heads: 2 }],
  ['dinov2-registers.pth', 20, { heads: 2, imageSize: 20 }],
  ['dinov2-swiglu.pth', 12, { heads: 2 }],
  ['hf-dinov3', 24, { imageSize: 24 }],
  ['hf-vit', 16, {}],
  ['timm-vit', 8, { imageSize: 8 }]
] as const) {
  test(`the ONNX file of ${file} at ${size} px embeds as its own code does`, async (t) => {
    const { folder } = await imported(t, file, weights)
    const name = file.replace('.pth', '')
    assertClose(await embeddingsOf(folder, size), golden.cases[name]!.embeddings![String(size)]!)
  })
}

test('a backbone becomes a model that serves embeddings only, and says so', async (t) => {
  const { folder, last } = await imported(t, 'dinov2.pth', { heads: 2, imageSize: 28 })
  const config = await readModelConfig(folder)
  assert.deepEqual(
    [config.method, config.prototypes, config.temperature, config.recipe, config.arch],
    [null, null, null, null, 'vit_mu']
  )
  assert.deepEqual([config.patchSize, config.imageSize, config.embeddingDim], [14, 28, 32])
  const { origin } = config
  assert.deepEqual([origin?.format, origin?.resampling, origin?.normalizationFrom], ['dinov2', 'offset', 'imagenet'])
  assert.match(origin?.sha256 ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(
    origin?.leftOut.map(({ name }) => name),
    ['mask_token']
  )
  const names = last.files.map(({ path }) => path)
  assert.ok(!names.some((name) => ['head.safetensors', 'assign.onnx', 'prototypes.json'].includes(name)), `${names}`)
  const model = await openServingModel(folder, openFile)
  await assert.rejects(model.open('assign'), (error) => isAppError(error, 'model_without_head'))
  await model.dispose()
})

test('a whole checkpoint becomes a model with prototypes, at its own temperature', async (t) => {
  const { lab, folder } = await imported(t, 'dino-full.pth', { heads: 2 })
  const config = await readModelConfig(folder)
  assert.deepEqual([config.method, config.prototypes, config.temperature], ['dino', 12, 0.07])
  assert.equal(config.centering, 'logit', 'its loss came along')
  const { tensors } = decodeSafetensors(await readFile(join(folder, 'mixture.safetensors')))
  assert.equal(tensors.get('center')?.data.length, 12)
  const { prototypes, images } = await readPrototypes(folder)
  assert.equal(images, 0)
  const { norms } = golden.cases['dino-full']!.networks!.teacher
  prototypes.forEach(({ kappa }, k) => {
    assert.ok(Math.abs(kappa - Math.abs(norms[k]!) / 0.07) < 1e-6)
  })
  const again = importModel({
    source: join(WEIGHTS_FOLDER, 'dino-full.pth'),
    weights: { heads: 2, temperature: 0.05, method: 'dino-vmf' },
    datasetFolder: lab.dataset,
    outFolder: lab.at('again'),
    engine,
    openOnnxFile: openFile
  })
  await collect(again)
  const counted = await readPrototypes(lab.at('again'))
  assert.deepEqual([counted.temperature, counted.images], [0.05, 40])
  assert.equal((await readModelConfig(lab.at('again'))).method, 'dino-vmf')
})

test('a checkpoint of iBOT says so, and its patch prototypes are left out', async (t) => {
  const { folder } = await imported(t, 'ibot-full.pth', { heads: 2 })
  const { method, prototypes, origin } = await readModelConfig(folder)
  assert.deepEqual([method, prototypes, origin?.format], ['ibot', 12, 'ibot'])
  assert.equal(origin?.leftOut.length, 2)
})

test('pixels are scaled as the files say, or as a person says', async (t) => {
  const { folder } = await imported(t, 'hf-vit', {})
  const config = await readModelConfig(folder)
  assert.deepEqual(config.normalization, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] })
  assert.equal(config.origin?.normalizationFrom, 'files')
  await assert.rejects(imported(t, 'hf-vit', { mean: [0.5], std: [0.5] }), /must have 3 numbers/)
})

test('images are resized as the files say, in what is served and in what is written for transformers', async (t) => {
  const lab = await labFolder(t)
  const source = lab.at('hf-vit')
  await cp(join(WEIGHTS_FOLDER, 'hf-vit'), source, { recursive: true })
  const said = { image_processor_type: 'ViTImageProcessor', size: { height: 16, width: 16 }, resample: 2 }
  await writeFile(join(source, 'preprocessor_config.json'), JSON.stringify(said))
  const { folder } = await imported(t, 'hf-vit', { imageSize: 24 }, { source })
  const { preprocessing, origin } = await readModelConfig(folder)
  assert.deepEqual(preprocessing, { resize: 'both_sides', side: 24, interpolation: 'bilinear', crop: 24 })
  assert.equal(origin?.preprocessingFrom, 'files')
  const written = JSON.parse(await readFile(join(folder, 'huggingface/preprocessor_config.json'), 'utf8'))
  assert.deepEqual([written.size, written.resample], [{ height: 24, width: 24 }, 2])
})

test('weights that nobody says it of are seen as DINO evaluates', async (t) => {
  const { folder } = await imported(t, 'dinov2.pth', { heads: 2, imageSize: 28 })
  const { preprocessing, origin } = await readModelConfig(folder)
  assert.deepEqual(preprocessing, { resize: 'shorter_side', side: 32, interpolation: 'bicubic', crop: 28 })
  assert.equal(origin?.preprocessingFrom, 'dino')
})

test('every import is verified on 64 images', async (t) => {
  const { folder } = await imported(t, 'timm-dinov2', {})
  const report: VerificationReport = JSON.parse(await readFile(join(folder, 'verification.json'), 'utf8'))
  assert.equal(report.images, 64)
  assert.ok(report.maxAbsError <= 1e-4 && report.minCosine >= 0.9999, JSON.stringify(report))
})

test("Hugging Face's folder holds the same weights under its names", async (t) => {
  const { folder } = await imported(t, 'hf-vit', {})
  const read = async (path: string) => decodeSafetensors(await readFile(path)).tensors
  const [theirs, ours] = [
    await read(join(WEIGHTS_FOLDER, 'hf-vit/model.safetensors')),
    await read(join(folder, 'huggingface/model.safetensors'))
  ]
  assert.deepEqual([...ours.keys()], [...theirs.keys()].filter((name) => !name.startsWith('pooler.')).sort())
  for (const [name, { shape, data }] of ours) assert.deepEqual({ shape, data }, theirs.get(name), name)
  const config = JSON.parse(await readFile(join(folder, 'huggingface/config.json'), 'utf8'))
  const original = JSON.parse(await readFile(join(WEIGHTS_FOLDER, 'hf-vit/config.json'), 'utf8'))
  for (const [name, value] of Object.entries(config)) assert.deepEqual(value, original[name], name)
})

test('what cannot be imported leaves nothing behind', async (t) => {
  const lab = await labFolder(t)
  const attempt = importModel({
    source: join(WEIGHTS_FOLDER, 'dino-backbone.pth'),
    weights: { heads: 5 },
    datasetFolder: null,
    outFolder: lab.at('model'),
    engine,
    openOnnxFile: openFile
  })
  await assert.rejects(collect(attempt), (error) => isAppError(error, 'weights_unsupported'))
  await assert.rejects(stat(lab.at('model')))
  await assert.rejects(stat(lab.at('model.partial')))
})
