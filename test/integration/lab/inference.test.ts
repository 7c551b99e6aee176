import assert from 'node:assert/strict'
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import type { InferenceSuccess } from '../../../src/protocol/inference-messages.ts'
import { readModelConfig } from '../../../src/protocol/model-folder.ts'
import { SESSION_BYTES } from '../../../src/serving/serving-model.ts'
import {
  type AssignOptions,
  assigning,
  assignments,
  type EmbedOptions,
  embedding,
  embeddings,
  failure,
  makeServedModel,
  png,
  type Server,
  startServer,
  type VectorQuestion
} from './served-model.ts'

/** One process with default settings for all tests that need no others. */
let shared: Server
let root: string
let folder: string
const cleanUps: (() => unknown)[] = []
before(async () => {
  const scope = { after: (cleanUp: () => unknown) => cleanUps.unshift(cleanUp) }
  ;({ root, folder } = await makeServedModel(scope))
  shared = await startServer(scope)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

const model = () => ({ id: 'mdl_test', folder })
const embed = (images: Uint8Array[], options: EmbedOptions = {}) => embedding(model(), images, options)
const assign = (images: Uint8Array[], options: AssignOptions) => assigning(model(), images, options)

const lengthOf = (vector: Float32Array) => Math.hypot(...vector)

test('embeddings are unit vectors, one an image, the same alone and in company', async () => {
  const { ask } = shared
  const images = await Promise.all([1, 2, 3].map((seed) => png(seed)))
  const together = embeddings(await ask(embed(images)))
  assert.equal(together.dimensions, 32)
  assert.equal(together.embeddings.length, 3 * 32)
  for (const [i, image] of images.entries()) {
    const row = together.embeddings.subarray(i * 32, (i + 1) * 32)
    assert.ok(Math.abs(lengthOf(row) - 1) < 1e-5)
    const alone = embeddings(await ask(embed([image]))).embeddings
    assert.ok(alone.every((value, at) => Math.abs(value - row[at]!) < 1e-5))
  }
})

test('fewer dimensions are the first numbers, normalized again', async () => {
  const { ask } = shared
  const images = [await png(1)]
  const whole = embeddings(await ask(embed(images))).embeddings
  const short = embeddings(await ask(embed(images, { dimensions: 8 })))
  assert.equal(short.dimensions, 8)
  assert.ok(Math.abs(lengthOf(short.embeddings) - 1) < 1e-6)
  assert.ok(Math.abs(short.embeddings[3]! / short.embeddings[0]! - whole[3]! / whole[0]!) < 1e-4)
  assert.equal(failure(await ask(embed(images, { dimensions: 33 }))).code, 'invalid_request')
})

test('vectors in 8 bits are near those of float32, and bit for bit the same alone and in company', async () => {
  const { ask } = shared
  const images = await Promise.all([1, 2, 3].map((seed) => png(seed)))
  const exact = embeddings(await ask(embed(images))).embeddings
  const together = embeddings(await ask(embed(images, { precision: 'int8' }))).embeddings
  const { precisions } = await readModelConfig(folder)
  const least = precisions!.int8!.minCosine
  assert.ok(least > 0.9 && least < 1, `measured when it was exported: ${least}`)
  for (const [i, image] of images.entries()) {
    const row = together.subarray(i * 32, (i + 1) * 32)
    const cosine = row.reduce((sum, value, at) => sum + value * exact[i * 32 + at]!, 0)
    assert.ok(cosine > 0.95, String(cosine))
    assert.deepEqual(embeddings(await ask(embed([image], { precision: 'int8' }))).embeddings, row)
  }
  assert.notDeepEqual(together, exact)
})

test('a precision is refused where there is no program of it', async () => {
  const { ask } = shared
  const images = [await png(1)]
  const code = async (question: VectorQuestion) => failure(await ask(question)).code
  assert.equal(await code(embed(images, { precision: 'int8', output: 'bottleneck' })), 'precision_unavailable')
  const { imageSize } = await readModelConfig(folder)
  for (const kind of ['patches', 'embed'] as const) {
    const viewed = { ...model(), view: { kind, imageSize: 2 * imageSize } }
    assert.equal(await code({ ...embed(images, { precision: 'int8' }), model: viewed }), 'precision_unavailable', kind)
  }
  const older = join(root, 'older')
  await cp(folder, older, { recursive: true })
  const { precisions: _, ...config } = JSON.parse(await readFile(join(older, 'config.json'), 'utf8'))
  await writeFile(join(older, 'config.json'), JSON.stringify(config))
  await rm(join(older, 'embed.int8.onnx'))
  const ofOlder = { ...embed(images, { precision: 'int8' }), model: { id: 'mdl_older', folder: older } }
  assert.equal(await code(ofOlder), 'precision_unavailable')
  assert.equal((await ask({ ...embed(images), model: { id: 'mdl_older', folder: older } })).ok, true)
})

test('assignments come with probabilities, kappa and a density among held-out training images', async () => {
  const { ask } = shared
  for (const posterior of ['teacher', 'model', 'fitted'] as const) {
    const question = assign([await png(1), await png(2)], { topK: 16, posterior })
    const { images, ...result } = assignments(await ask(question))
    assert.equal(result.posterior, posterior)
    assert.equal(images.length, 2)
    for (const { topK, entropy, effectiveClusters, logDensity, densityPercentile } of images) {
      assert.ok(Math.abs(topK.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-9)
      assert.ok(topK.every(({ cosine, kappa }) => Math.abs(cosine) <= 1.0001 && kappa > 0))
      assert.ok(Math.abs(effectiveClusters - Math.exp(entropy)) < 1e-9)
      assert.ok(Number.isFinite(logDensity))
      assert.ok(densityPercentile! >= 0 && densityPercentile! <= 1)
    }
  }
})

test('the teacher assigns unless somebody chooses, and a density is the same whoever assigns', async () => {
  const { ask } = shared
  const images = [await png(1)]
  const by = async (options: { posterior?: 'teacher' | 'model' | 'fitted' }) =>
    assignments(await ask(assign(images, { topK: 16, ...options })))
  const [unsaid, teacher, model, fitted] = [
    await by({}),
    await by({ posterior: 'teacher' }),
    await by({ posterior: 'model' }),
    await by({ posterior: 'fitted' })
  ]
  assert.deepEqual(unsaid, teacher)
  assert.notDeepEqual(teacher.images[0]!.topK, model.images[0]!.topK)
  assert.equal(new Set([teacher, model, fitted].map((result) => result.images[0]!.logDensity)).size, 1)
})

test('a higher temperature spreads the assignments of the model, and no other posterior has one', async () => {
  const { ask } = shared
  const images = [await png(1)]
  const at = (options: { temperature?: number; posterior?: 'model' | 'fitted' }) =>
    ask(assign(images, { topK: 3, ...options }))
  const [sharp_] = assignments(await at({ posterior: 'model' })).images
  const [blunt] = assignments(await at({ posterior: 'model', temperature: 1 })).images
  assert.ok(blunt!.entropy > sharp_!.entropy)
  assert.equal(failure(await at({ temperature: 1 })).code, 'invalid_request')
  assert.equal(failure(await at({ posterior: 'fitted', temperature: 1 })).code, 'invalid_request')
})

test('a bad image is named by its place and disturbs nobody else', async () => {
  const { ask } = shared
  const good = await png(1)
  const cut = good.subarray(0, good.length / 2)
  const answers = await Promise.all([
    ask(embed([good, good, Buffer.from('no image')])),
    ask(embed([good, cut])),
    ask(embed([good]))
  ])
  assert.deepEqual(answers.map(failure), [
    { ok: false, code: 'image_invalid', index: 2 },
    { ok: false, code: 'image_invalid', index: 1 },
    { ok: true, code: undefined, index: undefined }
  ])
})

test('an image with too many pixels is refused from its header', async (t) => {
  const { ask } = await startServer(t, { maxImagePixels: 300 })
  assert.deepEqual(failure(await ask(embed([await png(1, 20)]))), { ok: false, code: 'image_too_large', index: 0 })
  assert.equal((await ask(embed([await png(1, 15)]))).ok, true)
})

test('requests that are sent together are computed together', async (t) => {
  const { ask } = await startServer(t, { maxBatch: 8, maxQueueDelayMs: 60_000 })
  const images = await Promise.all(Array.from({ length: 8 }, (_, seed) => png(seed)))
  const answers = await Promise.all(images.map((image) => ask(embed([image]))))
  // The eighth image filled the batch: nobody waited for the minute to pass.
  const timings = answers.map((answer) => (answer as InferenceSuccess).timings)
  assert.ok(
    timings.every(({ queueMs }) => queueMs < 59_000),
    JSON.stringify(timings)
  )
  assert.equal(new Set(timings.map(({ inferMs }) => inferMs)).size, 1)
})

test('a full queue answers overloaded at once and serves the rest', async (t) => {
  const { ask } = await startServer(t, { maxQueueSize: 4 })
  const image = await png(1)
  const answers = await Promise.all([
    ask(embed([image, image, image])),
    ask(embed([image, image])),
    ask(embed([image]))
  ])
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [true, false, true]
  )
  assert.equal(failure(answers[1]!).code, 'overloaded')
  assert.equal((await ask(embed([image, image]))).ok, true)
})

test('a request whose time is up is answered request_timeout', async (t) => {
  const { ask } = await startServer(t, { maxBatch: 8, maxQueueDelayMs: 300 })
  const image = await png(1)
  assert.equal((await ask(embed([image]))).ok, true)
  assert.equal(failure(await ask(embed([image], { timeoutMs: 50 }))).code, 'request_timeout')
})

test('a model that is not there is answered model_not_ready and the next request is served', async () => {
  const { ask } = shared
  const images = [await png(1)]
  const lost = await ask({
    kind: 'embed',
    model: { id: 'mdl_lost', folder: join(root, 'nothing') },
    images,
    options: {}
  })
  assert.equal(failure(lost).code, 'model_not_ready')
  assert.equal((await ask(embed(images))).ok, true)
})

/** The same model without its head: embeddings only, and fewer bytes. */
async function headless(): Promise<string> {
  const path = join(root, 'headless')
  await cp(folder, path, { recursive: true })
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))
  const none = { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null }
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, ...none }))
  return path
}

test('a burst for a cold model that must push two idle ones out of memory is served, every request of it', async (t) => {
  const sizeOf = async (name: string) => (await stat(join(folder, name))).size + SESSION_BYTES
  const small = (await sizeOf('embed.onnx')) + (await sizeOf('embed.int8.onnx'))
  const large = small + (await sizeOf('assign.onnx'))
  const maxModelBytes = large + Math.floor(small / 2)
  assert.ok(2 * small <= maxModelBytes, 'two small ones have room, and neither of them beside the large one')
  const { ask } = await startServer(t, { maxModelBytes })
  const [images, path] = [[await png(1)], await headless()]
  for (let round = 0; round < 4; round++) {
    for (const id of ['mdl_a', 'mdl_b']) {
      assert.equal((await ask({ ...embed(images), model: { id, folder: path } })).ok, true)
    }
    const burst = Array.from({ length: 16 }, (_, i) => (i % 2 ? embed(images) : assign(images, { topK: 1 })))
    const answers = await Promise.all(burst.map(ask))
    assert.deepEqual(answers.map(failure), Array(16).fill({ ok: true, code: undefined, index: undefined }))
  }
})

test('a model that was loaded before answers when its files are gone, and one that cannot be loaded says so', async (t) => {
  const { ask } = await startServer(t)
  const warm = join(root, 'warm')
  await cp(folder, warm, { recursive: true })
  const ofWarm = { id: 'mdl_warm', folder: warm }
  const loaded = await ask({ kind: 'load', model: ofWarm, images: [], options: {} })
  assert.ok(loaded.ok && loaded.result.kind === 'load')
  await rm(warm, { recursive: true })
  assert.equal((await ask({ ...embed([await png(1)]), model: ofWarm })).ok, true)
  const gone = { id: 'mdl_gone', folder: warm }
  assert.equal(failure(await ask({ kind: 'load', model: gone, images: [], options: {} })).code, 'model_not_ready')
})

test('a model that is open outlives the folder it was opened from', async (t) => {
  const { ask } = await startServer(t)
  const first = join(root, 'first')
  await cp(folder, first, { recursive: true })
  const images = [await png(1)]
  const id = 'mdl_moved'
  assert.equal((await ask({ ...embed(images), model: { id, folder: first } })).ok, true)
  await rm(first, { recursive: true })
  // Its second program was not opened yet: it is where the model's files are now.
  assert.equal((await ask({ ...assign(images, { topK: 1 }), model: { id, folder: first } })).ok, false)
  assert.equal((await ask({ ...assign(images, { topK: 1 }), model: { id, folder } })).ok, true)
})

test('without its parent the process ends', async (t) => {
  const { child, exited } = await startServer(t)
  child.disconnect()
  assert.equal((await exited).code, 0)
})

test('the bottleneck vector is what prototypes are compared with, of unit length, and can be cut', async () => {
  const { ask } = shared
  const images = [await png(1), await png(2)]
  const bottleneck = (dimensions?: number) =>
    ask({ ...embed(images), options: { output: 'bottleneck', ...(dimensions && { dimensions }) } } as VectorQuestion)
  const whole = embeddings(await bottleneck())
  assert.equal(whole.dimensions, (await readModelConfig(folder)).bottleneckDim)
  const cut = embeddings(await bottleneck(4))
  assert.equal(cut.embeddings.length, 8)
  for (const [i, answer] of [whole, cut].entries())
    assert.ok(Math.abs(lengthOf(answer.embeddings.subarray(0, answer.dimensions)) - 1) < 1e-5, String(i))
  const { images: assigned } = assignments(await ask(assign(images, { topK: 1 })))
  const { tensors } = decodeSafetensors(await readFile(join(folder, 'head.safetensors')))
  const { data, shape } = tensors.get('head.last_layer.weight_v')!
  for (const [i, { topK }] of assigned.entries()) {
    const direction = data.subarray(
      topK[0]!.prototype * shape[1]!,
      (topK[0]!.prototype + 1) * shape[1]!
    ) as Float32Array
    const y = whole.embeddings.subarray(i * whole.dimensions, (i + 1) * whole.dimensions)
    const cosine = y.reduce((sum, value, at) => sum + value * direction[at]!, 0) / lengthOf(direction)
    assert.ok(Math.abs(cosine - topK[0]!.cosine) < 1e-4, `${cosine} and ${topK[0]!.cosine}`)
  }
  const tooMany = failure(await bottleneck(whole.dimensions + 1))
  assert.equal(tooMany.code, 'invalid_request')
})
