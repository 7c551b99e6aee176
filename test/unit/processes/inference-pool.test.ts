import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createLocalCache } from '../../../src/cache/local-cache.ts'
import type { Model } from '../../../src/domain/model.ts'
import { createInferencePool, type InferencePoolOptions } from '../../../src/processes/inference-pool.ts'
import { DEFAULT_INFERENCE_SETTINGS } from '../../../src/protocol/inference-messages.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { memoryObjects } from '../../helpers/memory-objects.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-inference.ts')
const ANSWERED = 1
const REFUSED = 2
const DEADLY = 3
const SILENT = 4
const DEADLY_ONCE = 5
const image = (kind: number, value = 0, bytes = 2) => {
  const content = new Uint8Array(bytes)
  content.set([kind, value])
  return content
}

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
  return { pool, objects, model: model as Model }
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
  const { embeddings, timings } = await pool.embed(model, images, {})
  assert.deepEqual(
    embeddings.map(([value]) => value),
    images.map((one) => one[1])
  )
  assert.deepEqual(timings, { decodeMs: 1, queueMs: 2, inferMs: 3, encodeMs: 4 })
})

test('assignments are those of the children', async (t) => {
  const { pool, model } = await setUp(t)
  const { results } = await pool.assign(model, [image(ANSWERED, 7)], { topK: 1 })
  assert.deepEqual(results[0]?.assignments[0]?.prototype, 7)
})

test('an image that is refused is named by its place in the whole request', async (t) => {
  const { pool, model } = await setUp(t)
  const images = Array.from({ length: 100 }, (_, i) => image(i === 70 ? REFUSED : ANSWERED))
  await assert.rejects(pool.embed(model, images, {}), {
    code: 'image_invalid',
    details: { message: 'not an image', index: 70 }
  })
})

test('a first piece that fails while others are still to be asked fails the request, not the process', async (t) => {
  const { pool, model } = await setUp(t, { settings: { ...DEFAULT_INFERENCE_SETTINGS, maxQueueSize: 100_000 } })
  const images = Array.from({ length: 32_000 }, (_, i) => image(i === 0 ? REFUSED : ANSWERED))
  const refused = { code: 'image_invalid', details: { message: 'not an image', index: 0 } }
  await assert.rejects(pool.embed(model, images, {}), refused)
})

test('a child that dies once costs nothing: the request is asked again', async (t) => {
  const { pool, model } = await setUp(t, { processes: 2 })
  const { embeddings } = await pool.embed(model, [image(DEADLY_ONCE, 9)], {})
  assert.equal(embeddings[0]?.[0], 9)
})

test('a request that kills two children is given up, and the pool lives on', async (t) => {
  const { pool, model } = await setUp(t)
  await assert.rejects(pool.embed(model, [image(DEADLY)], {}), { code: 'inference_unavailable' })
  const { embeddings } = await pool.embed(model, [image(ANSWERED, 5)], {})
  assert.equal(embeddings[0]?.[0], 5)
})

test('more images than there is room for are refused at once', async (t) => {
  const { pool, model } = await setUp(t, { settings: { ...DEFAULT_INFERENCE_SETTINGS, maxQueueSize: 10 } })
  const answered = pool.embed(model, Array(8).fill(image(ANSWERED)), {})
  await assert.rejects(pool.embed(model, Array(3).fill(image(ANSWERED)), {}), { code: 'overloaded' })
  assert.equal((await answered).embeddings.length, 8)
  assert.equal((await pool.embed(model, Array(10).fill(image(ANSWERED)), {})).embeddings.length, 10)
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
  const refused = assert.rejects(pool.embed(model, [image(SILENT)], {}), { code: 'request_timeout' })
  // The question is on its way when its time begins to run.
  await asked.promise
  await clock.advance(DEFAULT_INFERENCE_SETTINGS.timeoutMs + 60_000)
  await refused
  while (pool.pids().includes(hanging ?? 0)) await clock.advance(1000)
})

test('a model whose files are gone is an error of that request only', async (t) => {
  const { pool, objects, model } = await setUp(t)
  const bytes = objects.content.get('models/mdl_1/config.json') ?? Buffer.alloc(0)
  objects.content.clear()
  await assert.rejects(pool.embed(model, [image(ANSWERED)], {}), { code: 'object_not_found' })
  objects.content.set('models/mdl_1/config.json', bytes)
  assert.equal((await pool.embed(model, [image(ANSWERED)], {})).embeddings.length, 1)
})

test('a closed pool answers that it is unavailable', async (t) => {
  const { pool, model } = await setUp(t)
  await pool.close()
  await assert.rejects(pool.embed(model, [image(ANSWERED)], {}), { code: 'inference_unavailable' })
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
  await pool.embed(model, images, {})
  const turns = watchTurns()
  for (let i = 0; i < 10; i++) await pool.embed(model, images, {})
  const longest = turns.end().reduce((a, b) => Math.max(a, b), 0)
  t.diagnostic(`${longest} ms in the longest turn`)
  // 5 ms as it is, most of it for the answers.
  assert.ok(longest < 25, `${longest} ms of one turn of the event loop`)
})
