/** Models on XLA's plugin for the CPU, without a process around them: precision, programs that cannot be made, a device that is full. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { openServingDevice } from '../../../src/engine/xla/open-xla.ts'
import type { ServingDevice } from '../../../src/engine/xla/serving-device.ts'
import { prng } from '../../../src/math/prng.ts'
import { concatenateImages, splitRows } from '../../../src/model/embedder.ts'
import type { ServedModel } from '../../../src/protocol/inference-messages.ts'
import type { FellBack } from '../../../src/serving/device-model.ts'
import { makeDeviceParts } from '../../../src/serving/device-parts.ts'
import { serveOnDevice } from '../../../src/serving/device-serving.ts'
import { createViews } from '../../../src/serving/served-view.ts'
import { openServingModel, type ServedKind, type ServingModel } from '../../../src/serving/serving-model.ts'
import { foundPlugin, whyNoXla } from '../../helpers/pjrt.ts'
import { CACHE_FOLDER, compileQuickly } from '../../helpers/xla.ts'
import type { Scope } from './lab-folder.ts'
import { makeServedModel } from './served-model.ts'

compileQuickly()
const SKIP = { skip: whyNoXla }
/** Of the model, which sees gray. */
const SIZE = 8

let folder: string
const cleanUps: (() => unknown)[] = []
const scope: Scope = { after: (cleanUp) => cleanUps.unshift(cleanUp) }
before(async () => {
  if (whyNoXla === false) ({ folder } = await makeServedModel(scope))
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

const openFile = (path: string) => openOnnxFile(path, { threads: 1 })
const openView = createViews(openFile)
const openOnCpu = (model: ServedModel): Promise<ServingModel> =>
  model.view || model.isCheckpoint ? openView(model) : openServingModel(model.folder, openFile)

const wishOf = (precision: 'float32' | 'bfloat16') => ({
  precision,
  memoryFraction: null,
  programsFolder: join(CACHE_FOLDER, 'programs'),
  threads: 2
})

interface Opened {
  readonly fellBack: FellBack[]
  open(model: ServedModel): Promise<ServingModel>
}

function onDevice(
  t: Scope,
  precision: 'float32' | 'bfloat16' = 'float32',
  change: (device: ServingDevice) => Partial<ServingDevice> = () => ({})
): Opened {
  const device = openServingDevice(foundPlugin!, wishOf(precision))
  const fellBack: FellBack[] = []
  const serving = serveOnDevice({
    device: { ...device, ...change(device) },
    maxModelBytes: 2 ** 30,
    maxBatch: 4,
    runs: 2,
    openOnCpu,
    onFellBack: (what) => void fellBack.push(what),
    onLost: (error) => assert.fail(String(error)),
    report: (error) => assert.fail(String(error))
  })
  t.after(() => serving.dispose())
  return { fellBack, open: serving.open }
}

function imagesOf(count: number, size = SIZE): Uint8Array[] {
  const random = prng(count)
  return Array.from({ length: count }, () => Uint8Array.from({ length: size ** 2 }, () => random.integer(256)))
}

async function rowsOf(model: ServingModel, kind: ServedKind, pixels: readonly Uint8Array[]): Promise<Float32Array[]> {
  const program = await model.open(kind)
  return program.run(pixels)
}

/** Rows of the device and of the CPU, and the models closed. */
async function compared(opened: Opened, model: ServedModel, kind: ServedKind, pixels: readonly Uint8Array[]) {
  const [there, here] = [await opened.open(model), await openOnCpu(model)]
  try {
    return { found: await rowsOf(there, kind, pixels), expected: await rowsOf(here, kind, pixels) }
  } finally {
    await there.dispose()
    await here.dispose()
  }
}

const furthest = (found: readonly Float32Array[], expected: readonly Float32Array[]): number =>
  Math.max(...found.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - expected[i]![j]!)))))

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b))

test('bfloat16 rounds products, and vectors keep a cosine of 0.99 with float32', SKIP, async (t) => {
  const { found, expected } = await compared(onDevice(t, 'bfloat16'), { id: 'm', folder }, 'embed', imagesOf(4))
  const cosines = found.map((row, i) => cosine(row, expected[i]!))
  assert.ok(Math.min(...cosines) > 0.99, String(cosines))
  assert.ok(furthest(found, expected) > 1e-5, 'rounded at all')
})

test('filling a batch up changes no row, bit for bit', SKIP, async () => {
  const view = { kind: 'embed', imageSize: SIZE } as const
  const parts = await makeDeviceParts({ folder, isCheckpoint: false, view, batches: [4], precision: 'float32' })
  const device = openServingDevice(foundPlugin!, wishOf('float32'))
  const weights = await device.hold(parts.specs, parts.weights)
  const program = await device.compile(parts.programs[0]!.written)
  const pixels = imagesOf(4)
  const run = async (images: readonly Uint8Array[]) =>
    splitRows((await program.run(weights, { images: concatenateImages(images) }))['embedding']!, 4)
  const full = await run(pixels)
  const filled = await run(pixels.with(3, new Uint8Array(SIZE ** 2)))
  assert.deepEqual(filled.slice(0, 3), full.slice(0, 3))
  assert.notDeepEqual(filled[3], full[3])
  await weights.dispose()
  program.dispose()
  device.dispose()
})

test('a program that XLA refuses is computed on the CPU, and told once', SKIP, async (t) => {
  let compilations = 0
  const opened = onDevice(t, 'float32', () => ({
    compile: async () => {
      compilations++
      throw new AppError('internal', { message: 'no such op' })
    }
  }))
  const { found, expected } = await compared(opened, { id: 'mdl_1', folder }, 'embed', imagesOf(3))
  assert.ok(furthest(found, expected) < 1e-6)
  const view = { kind: 'patches', imageSize: 16 } as const
  const viewed = await compared(opened, { id: 'mdl_1', folder, view }, 'patches', imagesOf(2, 16))
  assert.ok(furthest(viewed.found, viewed.expected) < 1e-6)
  assert.deepEqual(opened.fellBack, [
    { modelId: 'mdl_1', kind: 'embed', reason: 'no such op' },
    { modelId: 'mdl_1', kind: 'patches', reason: 'no such op' }
  ])
  assert.equal(compilations, 2)
})

test('a device without room refuses for now, and does not fall back', SKIP, async (t) => {
  let isFull = true
  const opened = onDevice(t, 'float32', (device) => ({
    hold: async (...args) => {
      if (isFull) throw new AppError('out_of_memory', { message: 'RESOURCE_EXHAUSTED' })
      return device.hold(...args)
    }
  }))
  const model = await opened.open({ id: 'mdl_1', folder })
  await assert.rejects(model.open('embed'), { code: 'inference_unavailable' })
  const view = { kind: 'embed', imageSize: 16 } as const
  await assert.rejects(opened.open({ id: 'mdl_1', folder, view }), { code: 'inference_unavailable' })
  isFull = false
  assert.equal((await rowsOf(model, 'embed', imagesOf(2))).length, 2)
  assert.deepEqual(opened.fellBack, [])
  await model.dispose()
})

test('models that are opened and closed again give their weights back', SKIP, async (t) => {
  let held = 0
  const opened = onDevice(t, 'float32', (device) => ({
    hold: async (...args) => {
      const weights = await device.hold(...args)
      held++
      const { dispose } = weights
      return Object.assign(weights, {
        dispose: async () => {
          held--
          await dispose.call(weights)
        }
      })
    }
  }))
  for (let i = 0; i < 3; i++) {
    const model = await opened.open({ id: 'mdl_1', folder })
    await rowsOf(model, 'embed', imagesOf(1))
    await rowsOf(model, 'assign', imagesOf(1))
    assert.equal(held, 2)
    await model.dispose()
    assert.equal(held, 0)
  }
})
