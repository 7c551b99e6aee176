/** Other outputs and sizes of a trained model, from the inference child as the API forks it. */
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import type { MapInferenceRequest, ServedView } from '../../../src/protocol/inference-messages.ts'
import {
  assignments,
  embedding,
  embeddings,
  failure,
  makeServedModel,
  mapIn,
  png,
  type Question,
  type Server,
  startServer
} from './served-model.ts'

let server: Server
let root: string
let folder: string
let checkpoint: string
const cleanUps: (() => unknown)[] = []
before(async () => {
  const scope = { after: (cleanUp: () => unknown) => cleanUps.unshift(cleanUp) }
  ;({ root, folder, checkpoint } = await makeServedModel(scope))
  server = await startServer(scope)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

const OWN = 8
const DIM = 32
type Output = 'cls' | 'mean_patch' | 'patches'

const embed = (images: Uint8Array[], view: ServedView, output: Output): Question => ({
  kind: 'embed',
  model: { id: 'mdl_test', folder, view },
  images,
  options: { output }
})

const map = (
  image: Uint8Array,
  kind: 'attention' | 'heat',
  options: MapInferenceRequest['options'] = {}
): Question => ({
  kind: 'map',
  model: { id: 'mdl_test', folder, view: { kind, imageSize: OWN } },
  images: [image],
  options
})

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, most = 1e-6): void {
  assert.equal(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(actual[i]! - expected[i]!) < most, `${i}: ${actual[i]}`)
}

test('mean_patch is the mean of the patches that the model gives, of unit length', async () => {
  const images = [await png(1), await png(2)]
  const view = { kind: 'patches', imageSize: OWN } as const
  const { dimensions, embeddings: tokens } = embeddings(await server.ask(embed(images, view, 'patches')))
  assert.equal(dimensions, 4 * DIM, '2 × 2 patches')
  const means = embeddings(await server.ask(embed(images, view, 'mean_patch'))).embeddings
  for (const image of [0, 1]) {
    const own = tokens.subarray(image * dimensions, (image + 1) * dimensions)
    const mean = Array.from({ length: DIM }, (_, d) => [0, 1, 2, 3].reduce((sum, p) => sum + own[p * DIM + d]! / 4, 0))
    const unit = mean.map((value) => value / Math.hypot(...mean))
    assertClose(means.subarray(image * DIM, (image + 1) * DIM), unit)
  }
})

test('a model and the checkpoint that it was made of embed alike at another size, and costs are what is seen', async () => {
  const view = { kind: 'embed', imageSize: 16 } as const
  const image = await png(3)
  const larger = embeddings(await server.ask(embed([image], view, 'cls'))).embeddings
  const model = { id: 'ckpt_test', folder: checkpoint, isCheckpoint: true, view }
  const same = await server.ask({ kind: 'embed', model, images: [image], options: {} })
  assertClose(embeddings(same).embeddings, larger)
  assert.ok(Math.abs(Math.hypot(...larger) - 1) < 1e-5)
  const held = server.hold(embed([await png(4, 8), image], view, 'cls'), 'key_2')
  assert.deepEqual(await held.weight, [16 * 16, 20 * 20])
  held.tell('abort')
  await held.answer
})

test('attention of every head sums to 1 with what is elsewhere, and is drawn', async () => {
  const image = await png(5)
  const { side, maps, heads, elsewhere, range, png: none } = mapIn(await server.ask(map(image, 'attention')))
  assert.deepEqual([side, none], [2, null])
  for (const [i] of heads.entries()) {
    const sum = maps.subarray(i * 4, (i + 1) * 4).reduce((total, value) => total + value, elsewhere[i]!)
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`)
  }
  const mean = [0, 1, 2, 3].map((p) => heads.reduce((sum, _, i) => sum + maps[i * 4 + p]! / heads.length, 0))
  assertClose(range, [0, Math.max(...mean)])
  const one = mapIn(await server.ask(map(image, 'attention', { head: 0, draw: 'map' })))
  assertClose(one.maps, maps.subarray(0, 4))
  const { data, info } = await sharp(one.png!).raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([info.width, info.height, info.channels], [224, 224, 3])
  const most = one.maps.indexOf(Math.max(...one.maps))
  const at = 3 * (224 * (112 * Math.floor(most / 2) + 50) + 112 * (most % 2) + 50)
  assert.deepEqual([...data.subarray(at, at + 3)], [253, 231, 37], 'the largest has the last colour')
  assert.deepEqual(failure(await server.ask(map(image, 'attention', { head: heads.length }))).code, 'invalid_request')
})

test('a heat map is of the prototype that the image is assigned to, unless another is named', async () => {
  const image = await png(6)
  const assign: Question = { kind: 'assign', model: { id: 'mdl_test', folder }, images: [image], options: { topK: 2 } }
  const [best, second] = assignments(await server.ask(assign)).images[0]!.topK
  const found = mapIn(await server.ask(map(image, 'heat', { draw: 'overlay' })))
  assert.equal(found.image?.prototype, best!.prototype)
  assert.ok(Math.abs(found.image!.cosine - best!.cosine) < 1e-5)
  assert.ok(Math.abs(found.image!.probability - best!.probability) < 1e-4)
  assertClose(found.range, [Math.min(...found.maps), Math.max(...found.maps)])
  assert.equal((await sharp(found.png!).metadata()).width, 224)
  const options = { prototype: second!.prototype, value: 'posterior' } as const
  const shares = mapIn(await server.ask(map(image, 'heat', options)))
  assert.equal(shares.image?.prototype, second!.prototype)
  assert.ok(shares.maps.every((share) => share >= 0 && share <= 1))
  assert.equal(shares.range[0], 0)
})

const own = (images: Uint8Array[]): Question => embedding({ id: 'mdl_test', folder }, images, {})

test('a checkpoint embeds as the model that is made of it, from its teacher alone, and assigns nothing', async () => {
  const { ask } = server
  const part = join(root, 'teacher-alone')
  for (const name of ['teacher.safetensors', 'state.json']) await cp(join(checkpoint, name), join(part, name))
  const images = await Promise.all([1, 2, 3].map((seed) => png(seed)))
  const of = { id: 'ckp_test', folder: part, isCheckpoint: true }
  const { embeddings: live } = embeddings(await ask({ kind: 'embed', model: of, images, options: {} }))
  const { embeddings: exported } = embeddings(await ask(own(images)))
  assert.deepEqual(live, exported)
  const assigned = await ask({ kind: 'assign', model: of, images, options: { topK: 1 } })
  assert.equal(failure(assigned).code, 'model_without_head')
})

test('a checkpoint whose teacher is damaged is refused by its code, and the process goes on', async () => {
  const { ask } = server
  const damaged = join(root, 'damaged')
  for (const name of ['teacher.safetensors', 'state.json']) await cp(join(checkpoint, name), join(damaged, name))
  const bytes = await readFile(join(damaged, 'teacher.safetensors'))
  bytes[bytes.length - 1]! ^= 1
  await writeFile(join(damaged, 'teacher.safetensors'), bytes)
  const of = { id: 'ckp_damaged', folder: damaged, isCheckpoint: true }
  const images = [await png(1)]
  assert.equal(failure(await ask({ kind: 'embed', model: of, images, options: {} })).code, 'checkpoint_invalid')
  assert.equal((await ask(own(images))).ok, true)
})
