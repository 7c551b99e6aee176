/** Five bands of 12 bits from the files to served vectors, through the trainer, the exporter and the real inference child. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { ingest } from '../../../src/images/ingest.ts'
import { exportModel } from '../../../src/model/export.ts'
import { readModelConfig } from '../../../src/protocol/model-folder.ts'
import type { CheckpointEvent } from '../../../src/protocol/training-events.ts'
import { embedImages } from '../../../src/serving/embed-images.ts'
import { openServingModel } from '../../../src/serving/serving-model.ts'
import { train } from '../../../src/training/train.ts'
import { withTemporaryFolder } from '../../helpers/images.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { tiffOf } from '../../helpers/tiff.ts'
import { collect } from './lab-folder.ts'
import { embeddings, failure, png, startServer } from './served-model.ts'

const CHANNELS = 5
const SIDE = 12

/** Waves that differ from band to band and image to image, in 12 bits. */
function fileOf(image: number): Buffer {
  const data = Uint16Array.from({ length: SIDE * SIDE * CHANNELS }, (_, i) => {
    const [band, x, y] = [i % CHANNELS, Math.floor(i / CHANNELS) % SIDE, Math.floor(i / CHANNELS / SIDE)]
    return 2047 + 2000 * Math.sin(x / (2 + band) + y / (1 + image / 5) + image)
  })
  return tiffOf(data, { width: SIDE, height: SIDE, samples: CHANNELS }, { rows: 5, isPlanar: image % 2 === 0 })
}

const names = Array.from({ length: 24 }, (_, i) => `${String(i).padStart(2, '0')}.tif`)

test('a run on five bands gives a model that is served what it was trained on, and nothing else', async (t) => {
  await withTemporaryFolder(async (root) => {
    const source = join(root, 'source')
    await mkdir(source)
    for (const [i, name] of names.entries()) await writeFile(join(source, name), fileOf(i))
    const datasetFolder = join(root, 'dataset')
    const sources = [{ kind: 'folder', path: source, name: 'source' }] as const
    const { images, report } = await ingest({ sources, outFolder: datasetFolder, channels: CHANNELS })
    assert.equal(images, 24)
    const { augmentation } = muRecipe().hyperparameters
    const jitter = { ...augmentation.jitter, probability: 0 }
    const recipe = muRecipe({
      epochs: 1,
      freezeLastLayerEpochs: 0,
      channels: CHANNELS,
      bits: 12,
      normalization: { mean: [...report!.bands!.mean], std: [...report!.bands!.std] },
      augmentation: { ...augmentation, jitter }
    })
    const engine = createEngine({ threads: 1 })
    const outFolder = join(root, 'out')
    const events = await collect(train({ recipe, datasetFolder, outFolder, engine, clock: systemClock, loaders: 1 }))
    const { folder: checkpointFolder } = events.find((event): event is CheckpointEvent => event.type === 'checkpoint')!
    const folder = join(root, 'model')
    const open = (path: string) => openOnnxFile(path, { threads: 1 })
    // Verified against the training program on these very images.
    await collect(exportModel({ checkpointFolder, datasetFolder, outFolder: folder, engine, openOnnxFile: open }))
    const config = await readModelConfig(folder)
    assert.deepEqual([config.channels, config.preprocessing.bits], [CHANNELS, 12])
    const huggingFace = JSON.parse(await readFile(join(folder, 'huggingface/config.json'), 'utf8'))
    assert.equal(huggingFace.num_channels, CHANNELS)

    const serving = await openServingModel(folder, open)
    const program = await serving.open('embed')
    const rows = async (origin: Parameters<typeof embedImages>[0]['origin']) =>
      (await collect(embedImages({ origin, program, target: config }))).flatMap(({ images }) => images)
    const packed = await rows({ kind: 'packed', path: datasetFolder })
    const found = await rows({ kind: 'folder', path: source, name: 'source' })
    assert.deepEqual(found, packed)
    await serving.dispose()

    const server = await startServer(t)
    const model = { id: 'm', folder, channels: CHANNELS }
    const files = await Promise.all(names.slice(0, 3).map((name) => readFile(join(source, name))))
    const served = embeddings(await server.ask({ kind: 'embed', model, images: files, options: {} }))
    const wanted = packed.slice(0, 3).flatMap(({ embedding }) => [...embedding])
    // One graph in both; batches of other sizes are summed in another order.
    for (const [i, value] of served.embeddings.entries()) assert.ok(Math.abs(value - wanted[i]!) < 1e-5)
    const colour = await server.ask({ kind: 'embed', model, images: [files[0]!, await png(1)], options: {} })
    assert.deepEqual(failure(colour), { ok: false, code: 'image_invalid', index: 1 })
  })
})
