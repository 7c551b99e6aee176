import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { isAppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createLocalCache } from '../../../src/cache/local-cache.ts'
import type { Model } from '../../../src/domain/model.ts'
import { createInferencePool, type InferencePoolOptions } from '../../../src/processes/inference-pool.ts'
import { DEFAULT_INFERENCE_SETTINGS } from '../../../src/protocol/inference-messages.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { memoryObjects } from '../../helpers/memory-objects.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-inference.ts')
const ANSWERED = 1
const REFUSED = 2
const DEADLY = 3
const SILENT = 4
const DEADLY_ONCE = 5
const ABORTABLE = 6
const BUSY = 7
const image = (kind: number, value = 0, bytes = 2) => {
  const content = new Uint8Array(bytes)
  content.set([kind, value])
  return content
}
/** Its header says so many. */
const megapixels = (count: number, kind = ANSWERED) => Uint8Array.of(kind, 0, count)

const caller = { key: 'key_1', spend: async () => {}, signal: new AbortController().signal }

const other = { ...caller, key: 'key_2' }

async function setUp(t: TestContext, options: Partial<InferencePoolOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'kappa-pool-'))
  const objects = memoryObjects()
  objects.content.set('models/mdl_1/config.json', Buffer.from('{}'))
  const sha256 = createHash('sha256').update('{}').digest('hex')
  const model = { id: 'mdl_1', prefix: 'models/mdl_1', files: [{ name: 'config.json', bytes: 2, sha256 }] } as unknown
  const cache = createLocalCache({ root, maxBytes: 1e6, objects, clock: systemClock, logger: silentLogger })
  const base = { entry, processes: 1, settings: DEFAULT_INFERENCE_SETTINGS, clock: systemClock, logger: silentLogger }
  const pool = createInferencePool({ ...base, cache, ...options })
  t.after(async () => {
    const pids = pool.pids()
    await pool.close()
    assert.deepEqual(pids.filter(isAlive), [], 'no child is left')
    const left = readdirSync(root, { recursive: true }).filter((name) => /^(in-use|downloads)./.test(String(name)))
    assert.deepEqual(left, [], 'no model folder is left')
    rmSync(root, { recursive: true })
  })
  await pool.ready()
  return { pool, objects, model: model as Model, root }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('many images go in pieces over all processes and come back in order', async (t) => {
  const { pool, model } = await setUp(t, { processes: 2 })
  while (pool.pids().length < 2) await pool.ready()
  const images = Array.from({ length: 200 }, (_, i) => image(ANSWERED, i))
  const { embeddings, timings } = await pool.embed(model, images, { caller })
  assert.deepEqual(
    embeddings.map(([value]) => value),
    images.map((one) => one[1])
  )
  assert.deepEqual(timings, { decodeMs: 1, queueMs: 2, inferMs: 3, encodeMs: 4 })
})

test('assignments are those of the children', async (t) => {
  const { pool, model } = await setUp(t)
  const { results } = await pool.assign(model, [image(ANSWERED, 7)], { topK: 1, posterior: 'teacher', caller })
  assert.deepEqual(results[0]?.assignments[0]?.prototype, 7)
})

test('an image that is refused is named by its place in the whole request', async (t) => {
  const { pool, model } = await setUp(t)
  const images = Array.from({ length: 100 }, (_, i) => image(i === 70 ? REFUSED : ANSWERED))
  await assert.rejects(pool.embed(model, images, { caller }), {
    code: 'image_invalid',
    details: { message: 'not an image', index: 70 }
  })
})

test('a first piece that fails while others are still to be asked fails the request, not the process', async (t) => {
  const { pool, model } = await setUp(t, { settings: { ...DEFAULT_INFERENCE_SETTINGS, maxQueueSize: 100_000 } })
  const images = Array.from({ length: 32_000 }, (_, i) => image(i === 0 ? REFUSED : ANSWERED))
  const refused = { code: 'image_invalid', details: { message: 'not an image', index: 0 } }
  await assert.rejects(pool.embed(model, images, { caller }), refused)
})

test('a child that dies once costs nothing: the request is asked again', async (t) => {
  const { pool, model } = await setUp(t, { processes: 2 })
  const { embeddings } = await pool.embed(model, [image(DEADLY_ONCE, 9)], { caller })
  assert.equal(embeddings[0]?.[0], 9)
})

test('a request that kills two children is given up, and the pool lives on', async (t) => {
  const { pool, model } = await setUp(t)
  await assert.rejects(pool.embed(model, [image(DEADLY)], { caller }), { code: 'inference_unavailable' })
  const { embeddings } = await pool.embed(model, [image(ANSWERED, 5)], { caller })
  assert.equal(embeddings[0]?.[0], 5)
})

test('more images than there is room for are refused at once', async (t) => {
  const { pool, model } = await setUp(t, { settings: { ...DEFAULT_INFERENCE_SETTINGS, maxQueueSize: 10 } })
  const answered = pool.embed(model, Array(8).fill(image(ANSWERED)), { caller })
  await assert.rejects(pool.embed(model, Array(3).fill(image(ANSWERED)), { caller }), { code: 'too_much_at_once' })
  await assert.rejects(pool.embed(model, Array(3).fill(image(ANSWERED)), { caller: other }), { code: 'overloaded' })
  assert.equal((await answered).embeddings.length, 8)
  assert.equal((await pool.embed(model, Array(10).fill(image(ANSWERED)), { caller })).embeddings.length, 10)
})

test('a child that hangs is killed and its request times out', async (t) => {
  const clock = fakeClock()
  const asked = Promise.withResolvers<void>()
  let onSleep = () => {}
  const sleep: Clock['sleep'] = (ms, signal) => {
    onSleep()
    return clock.sleep(ms, signal)
  }
  const { pool, model } = await setUp(t, { clock: { ...clock, sleep } })
  const [hanging] = pool.pids()
  onSleep = asked.resolve
  const refused = assert.rejects(pool.embed(model, [image(SILENT)], { caller }), { code: 'request_timeout' })
  // The question is on its way when its time begins to run.
  await asked.promise
  await clock.advance(DEFAULT_INFERENCE_SETTINGS.timeoutMs + 60_000)
  await refused
  while (pool.pids().includes(hanging ?? 0)) await clock.advance(1000)
})

test('a child that is busy with somebody is not killed: a late request is its own', async (t) => {
  const clock = fakeClock()
  const { pool, model } = await setUp(t, { clock })
  const pids = pool.pids()
  const late = assert.rejects(pool.embed(model, [image(BUSY)], { caller }), { code: 'request_timeout' })
  const answered = pool.embed(model, [image(ANSWERED, 1)], { caller: other })
  assert.equal((await answered).embeddings.length, 1)
  await clock.advance(DEFAULT_INFERENCE_SETTINGS.timeoutMs + 30_000)
  await late
  // It is pinged and answers; then there is no reason to wait for anything any more.
  assert.equal((await pool.embed(model, [image(ANSWERED, 2)], { caller })).embeddings.length, 1)
  await clock.advance(60_000)
  assert.equal((await pool.embed(model, [image(ANSWERED, 3)], { caller })).embeddings[0]?.[0], 3)
  assert.deepEqual(pool.pids(), pids)
})

test('a request whose images have too many pixels together is refused by name, before any is decoded', async (t) => {
  const { pool, model } = await setUp(t, { processes: 2 })
  // 40 images in two pieces: 399 megapixels, and the last image makes 409.
  const images = [...Array(39).fill(megapixels(10)), megapixels(9), megapixels(10)]
  await assert.rejects(pool.embed(model, images, { caller }), (error) => {
    assert.ok(isAppError(error, 'images_too_large'))
    assert.deepEqual([error.details['index'], error.details['limit']], [40, 400_000_000])
    return true
  })
  const { embeddings } = await pool.embed(model, images.slice(0, 40), { caller })
  assert.equal(embeddings.length, 40)
})

test("a key's pixels under way are bounded, another key finds room, and all of it is given back", async (t) => {
  const settings = { ...DEFAULT_INFERENCE_SETTINGS, maxQueuePixels: 1_000_000_000 }
  const { pool, model } = await setUp(t, { settings })
  const gone = new AbortController()
  const holding = pool.embed(model, [megapixels(200, ABORTABLE), megapixels(200, ABORTABLE)], {
    caller: { ...caller, signal: gone.signal }
  })
  const left = assert.rejects(holding, { code: 'client_gone' })
  // Weighed in the order they were asked in.
  await assert.rejects(pool.embed(model, [megapixels(250)], { caller }), (error) => {
    assert.ok(isAppError(error, 'too_much_at_once'))
    assert.equal(error.details.retryAfterS, 1)
    return true
  })
  assert.equal((await pool.embed(model, [megapixels(100)], { caller: other })).embeddings.length, 1)
  gone.abort()
  await left
  assert.equal((await pool.embed(model, [megapixels(200), megapixels(200)], { caller })).embeddings.length, 2)
})

test('a client that leaves frees the place of all pieces of its request', async (t) => {
  const settings = { ...DEFAULT_INFERENCE_SETTINGS, maxQueueSize: 100 }
  const { pool, model } = await setUp(t, { processes: 2, settings })
  for (let i = 0; i < 10; i++) {
    const gone = new AbortController()
    const images = Array(90).fill(image(ABORTABLE))
    const left = assert.rejects(pool.embed(model, images, { caller: { ...caller, signal: gone.signal } }), {
      code: 'client_gone'
    })
    if (i % 2 === 0) await settle()
    gone.abort()
    await left
  }
  assert.equal((await pool.embed(model, Array(100).fill(image(ANSWERED)), { caller })).embeddings.length, 100)
})

test('a model whose files are gone is an error of that request only', async (t) => {
  const { pool, objects, model } = await setUp(t)
  const bytes = objects.content.get('models/mdl_1/config.json') ?? Buffer.alloc(0)
  objects.content.clear()
  await assert.rejects(pool.embed(model, [image(ANSWERED)], { caller }), { code: 'object_not_found' })
  objects.content.set('models/mdl_1/config.json', bytes)
  assert.equal((await pool.embed(model, [image(ANSWERED)], { caller })).embeddings.length, 1)
})

test('a model is loaded by every process before it is asked for; one that cannot be is told to the log, and keeps nobody', async (t) => {
  const warned: unknown[] = []
  const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) }
  const { pool, objects, model, root } = await setUp(t, { processes: 2, logger })
  while (pool.load().processesUp < 2) await new Promise(setImmediate)
  await pool.warm(model)
  const told = readdirSync(root, { recursive: true }).flatMap((path) => /loaded-(\d+)$/.exec(String(path))?.[1] ?? [])
  assert.deepEqual(told.map(Number).sort(), [...pool.pids()].sort())
  assert.deepEqual(warned, [])

  objects.content.set('models/mdl_2/broken', Buffer.from('{}'))
  const broken = { ...model, id: 'mdl_2', prefix: 'models/mdl_2', files: [{ ...model.files[0]!, name: 'broken' }] }
  await pool.warm(broken)
  const files = [{ ...model.files[0]!, name: 'gone' }]
  await pool.warm({ ...model, id: 'mdl_3', prefix: 'models/mdl_3', files })
  assert.deepEqual(
    warned.map((fields) => (fields as { readonly modelId: string }).modelId),
    ['mdl_2', 'mdl_3']
  )
})

test('a closed pool answers that it is unavailable', async (t) => {
  const { pool, model } = await setUp(t)
  await pool.close()
  await assert.rejects(pool.embed(model, [image(ANSWERED)], { caller }), { code: 'inference_unavailable' })
})

/** Processor time of this thread in each turn of the event loop: what waits for a core on a busy machine is not counted. */
function watchTurns() {
  const ms: number[] = []
  let isWatching = true
  const turn = (since: NodeJS.CpuUsage) => {
    const { user, system } = process.threadCpuUsage(since)
    ms.push((user + system) / 1000)
    if (isWatching) setImmediate(turn, process.threadCpuUsage())
  }
  setImmediate(turn, process.threadCpuUsage())
  return {
    end: () => {
      isWatching = false
      return ms
    }
  }
}

test('256 photographs of 20 KB leave the event loop free', async (t) => {
  const { pool, model } = await setUp(t)
  const images = Array.from({ length: 256 }, (_, i) => image(ANSWERED, i, 20_000))
  await pool.embed(model, images, { caller })
  const turns = watchTurns()
  for (let i = 0; i < 10; i++) await pool.embed(model, images, { caller })
  const longest = turns.end().reduce((a, b) => Math.max(a, b), 0)
  t.diagnostic(`${longest} ms in the longest turn`)
  // 5 ms as it is, most of it for the answers.
  assert.ok(longest < 25, `${longest} ms of one turn of the event loop`)
})
