/**
 * The inference child with a device, XLA's plugin for the CPU, beside one with ONNX Runtime: the same questions, the same answers. Every
 * program of either is made in a thread that loads the tracer first, which is most of the time that this takes.
 */
import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InferenceMessage, ServedModel } from '../../../src/protocol/inference-messages.ts'
import { whyNoXla, xlaPlugin } from '../../helpers/pjrt.ts'
import { CACHE_FOLDER } from '../../helpers/xla.ts'
import { forkLab, INFERENCE, type Scope } from './lab-folder.ts'
import {
  assigning,
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

const SKIP = { skip: whyNoXla }

const ON_XLA = {
  KAPPA_INFERENCE_ENGINE: 'xla',
  KAPPA_CACHE: CACHE_FOLDER,
  XLA_FLAGS: '--xla_backend_optimization_level=0',
  ...(xlaPlugin !== null && { KAPPA_PJRT_PLUGIN: xlaPlugin })
}

/** Three sizes of batches are as good as seven; a machine may be busy. */
const SETTINGS = { maxBatch: 4, timeoutMs: 300_000, sessions: 2, threads: 2 }

/**
 * Float32 in other orders, through a few blocks: 1e-7 an operation. What is wrong (a row of another image, a weight) is off by 1e-2.
 */
const TOLERANCE = 1e-5

let root: string
let folder: string
let checkpoint: string
let device: Server
let cpu: Server
const cleanUps: (() => unknown)[] = []
const scope: Scope = { after: (cleanUp) => cleanUps.unshift(cleanUp) }
before(async () => {
  if (whyNoXla !== false) return
  ;({ root, folder, checkpoint } = await makeServedModel(scope))
  device = await startServer(scope, SETTINGS, ON_XLA)
  cpu = await startServer(scope, SETTINGS)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

const model = (of: Partial<ServedModel> = {}): ServedModel => ({ id: 'mdl_test', folder, ...of })
const images = (count: number): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: count }, (_, seed) => png(seed + 1)))

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length)
  assert.ok(expected.length > 0)
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i]! - expected[i]!) < TOLERANCE, `${i}: ${actual[i]} instead of ${expected[i]}`)
}

async function vectors(server: Server, question: Question): Promise<Float32Array> {
  const answer = await server.ask(question)
  assert.ok(answer.ok, JSON.stringify(answer))
  return embeddings(answer).embeddings
}

const fellBack = ({ received }: Server) =>
  received.flatMap((message: InferenceMessage) => ('fellBack' in message ? [message.fellBack] : []))

test('the process says what computes', SKIP, () => {
  const ready = device.received.find((message) => 'ready' in message)
  assert.deepEqual(ready, { ready: true, engine: 'xla', device: 'cpu' })
})

test('vectors are those of the exported program, for every number of images', SKIP, async () => {
  for (const count of [1, 2, 3, 5, 8]) {
    const question = embedding(model(), await images(count), {})
    const expected = await vectors(cpu, question)
    // The first may be computed one by one while its size compiles, the last with it.
    for (let turn = 0; turn < 3; turn++) assertClose(await vectors(device, question), expected)
  }
  assert.deepEqual(fellBack(device), [])
})

test('assignments are those of the exported program', SKIP, async () => {
  for (const posterior of ['teacher', 'model', 'fitted'] as const) {
    const question = assigning(model(), await images(3), { topK: 4, posterior })
    const [found, expected] = [assignments(await device.ask(question)), assignments(await cpu.ask(question))]
    for (const [i, { topK, entropy, logDensity }] of found.images.entries()) {
      const other = expected.images[i]!
      assert.deepEqual(
        topK.map(({ prototype }) => prototype),
        other.topK.map(({ prototype }) => prototype)
      )
      // Probabilities are exponentials of cosines times kappa, which makes more of what rounding does.
      for (const [j, one] of topK.entries()) {
        assert.ok(Math.abs(one.cosine - other.topK[j]!.cosine) < TOLERANCE)
        assert.ok(Math.abs(one.probability - other.topK[j]!.probability) < 1e-3)
      }
      assert.ok(Math.abs(entropy - other.entropy) < 1e-2 && Math.abs(logDensity! - other.logDensity!) < 1e-2)
    }
  }
})

test('other outputs, other sizes, maps and checkpoints are computed there, too', SKIP, async () => {
  const some = await images(3)
  const viewed = (kind: 'embed' | 'patches' | 'assign', imageSize: number) => model({ view: { kind, imageSize } })
  const questions: Question[] = [
    embedding(viewed('embed', 16), some, {}),
    { kind: 'embed', model: viewed('patches', 8), images: some, options: { output: 'patches' } },
    { kind: 'embed', model: viewed('patches', 16), images: some, options: { output: 'mean_patch' } },
    embedding(viewed('assign', 16), some, { output: 'bottleneck' }),
    embedding(model(), some, { output: 'bottleneck' }),
    embedding({ id: 'ckpt_test', folder: checkpoint, isCheckpoint: true }, some, {})
  ]
  for (const question of questions) assertClose(await vectors(device, question), await vectors(cpu, question))
  for (const kind of ['attention', 'heat'] as const) {
    const question: Question = {
      kind: 'map',
      model: { id: 'mdl_test', folder, view: { kind, imageSize: 8 } },
      images: some.slice(0, 1),
      options: { draw: 'map' }
    }
    const [found, expected] = [mapIn(await device.ask(question)), mapIn(await cpu.ask(question))]
    assertClose(found.maps, expected.maps)
    assert.deepEqual([found.side, found.heads], [expected.side, expected.heads])
    assert.ok(found.png !== null)
  }
  assert.deepEqual(fellBack(device), [])
})

test('8 bits are the exported program of the CPU, bit for bit', SKIP, async () => {
  const question = embedding(model(), await images(2), { precision: 'int8' })
  assert.deepEqual(await vectors(device, question), await vectors(cpu, question))
})

test('what is wrong with a request is told as without a device', SKIP, async () => {
  const some = await images(1)
  const wrong: Question[] = [
    embedding(model(), [Uint8Array.of(1, 2, 3)], {}),
    embedding(model(), some, { dimensions: 33 }),
    embedding(model({ view: { kind: 'embed', imageSize: 16 } }), some, { precision: 'int8' }),
    embedding({ id: 'ckpt_test', folder: checkpoint, isCheckpoint: true }, some, { precision: 'int8' }),
    embedding({ id: 'ckpt_test', folder: checkpoint, isCheckpoint: true }, some, { output: 'bottleneck' }),
    embedding({ id: 'mdl_none', folder: join(root, 'none') }, some, {})
  ]
  for (const question of wrong) {
    const [found, expected] = [failure(await device.ask(question)), failure(await cpu.ask(question))]
    assert.equal(expected.ok, false)
    assert.deepEqual(found, expected)
  }
})

test('a model whose weights are not there is served by its exported programs, and that is told', SKIP, async () => {
  const weightless = join(root, 'weightless')
  await cp(folder, weightless, { recursive: true })
  await rm(join(weightless, 'backbone.safetensors'))
  const some = await images(2)
  const question = embedding({ id: 'mdl_weightless', folder: weightless }, some, {})
  const expected = await vectors(cpu, embedding(model(), some, {}))
  for (let turn = 0; turn < 2; turn++) assertClose(await vectors(device, question), expected)
  const [told, ...more] = fellBack(device).filter(({ modelId }) => modelId === 'mdl_weightless')
  assert.deepEqual([told?.kind, more], ['embed', []])
  assert.match(told!.reason, /weights/)
})

test('models come and go in no room at all, and one that is loaded before is there', SKIP, async (t) => {
  const small = await startServer(t, { ...SETTINGS, maxModelBytes: 1 }, ON_XLA)
  const some = await images(3)
  const expected = await vectors(cpu, embedding(model(), some, {}))
  const named = (id: string) => embedding({ id, folder }, some, {})
  const load = await small.ask({ kind: 'load', model: { id: 'mdl_b', folder }, images: [], options: {} })
  assert.ok(load.ok)
  // Both at the same time, and one after the other leaves.
  const both = await Promise.all(['mdl_a', 'mdl_b', 'mdl_a'].map((id) => vectors(small, named(id))))
  for (const one of both) assertClose(one, expected)
  for (const id of ['mdl_b', 'mdl_a', 'mdl_b']) assertClose(await vectors(small, named(id)), expected)
})

test('requests of many clients at once are all answered, each with its own', SKIP, async () => {
  const all = await images(12)
  const expected = await vectors(cpu, embedding(model(), all, {}))
  const dim = expected.length / all.length
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const [from, to] = [i % 9, (i % 9) + 1 + (i % 3)]
      await sleep(i % 4)
      return { from, to, found: await vectors(device, embedding(model(), all.slice(from, to), {})) }
    })
  )
  for (const { from, to, found } of answers) assertClose(found, expected.subarray(from * dim, to * dim))
})

test('an engine that is asked for and cannot be had ends the process, with the reason', async (t) => {
  const environment = { ...ON_XLA, KAPPA_PJRT_PLUGIN: '/nowhere/plugin.so' }
  const { find, exited } = forkLab<InferenceMessage>(t, INFERENCE, ['{}'], environment)
  const { refused } = await find(
    (message): message is Extract<InferenceMessage, { refused: string }> => 'refused' in message
  )
  assert.match(refused, /KAPPA_PJRT_PLUGIN is \/nowhere\/plugin\.so/)
  assert.equal((await exited).code, 2)
})
