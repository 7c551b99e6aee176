/** Who is decoded when, with a reader that a test ends by hand: nothing here depends on how fast anything is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { seenWhole } from '../../../src/recipe/preprocessing.ts'
import { createImageDecoder, type WeighedImage } from '../../../src/serving/decode.ts'
import { manualClock, settle } from './manual-clock.ts'

const MEGAPIXEL = 1_000_000
const TARGET = { preprocessing: seenWhole(2), channels: 3 } as const

function image(name: string, megapixels: number): WeighedImage {
  const info = { format: 'webp', width: megapixels * 1000, height: 1000, channels: 3, isDeep: false } as const
  return { bytes: Buffer.from(name), info }
}
const images = (name: string, count: number, megapixels: number) =>
  Array.from({ length: count }, (_, i) => image(`${name}${i}`, megapixels))

function setUp({ maxMegapixels = 100 } = {}) {
  const clock = manualClock()
  const started: string[] = []
  const running = new Map<string, { megapixels: number; end: (error?: Error) => void }>()
  let most = 0
  let stuck = 0
  const seconds: number[] = []
  const decoder = createImageDecoder({
    limits: { maxBytes: 1e6, maxPixels: 100 * MEGAPIXEL },
    maxDecodingPixels: maxMegapixels * MEGAPIXEL,
    clock,
    onStuck: () => stuck++,
    reader: {
      inspect: async (bytes) => image(Buffer.from(bytes).toString(), 1).info,
      decode: ({ bytes, info }, _, { withinS }) => {
        const name = Buffer.from(bytes).toString()
        seconds.push(withinS)
        started.push(name)
        const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
        const end = (error?: Error) => {
          running.delete(name)
          if (error) reject(error)
          else resolve(bytes)
        }
        running.set(name, { megapixels: (info.width * info.height) / MEGAPIXEL, end })
        most = Math.max(
          most,
          [...running.values()].reduce((sum, { megapixels }) => sum + megapixels, 0)
        )
        return promise
      }
    }
  })
  let requests = 0
  const decode = (key: string, wanted: readonly WeighedImage[], signal = new AbortController().signal) =>
    decoder.decode({ key, request: ++requests }, wanted, { target: TARGET, deadline: clock.now() + 60_000, signal })
  const endAll = async () => {
    for (await settle(); running.size > 0; await settle()) running.values().next().value?.end()
  }
  return { clock, decoder, decode, started, running, seconds, endAll, most: () => most, stuck: () => stuck }
}

test('256 images of 100 megapixels keep another key waiting for one of them, not for all', async () => {
  const { decode, started, running, endAll, most } = setUp()
  const hostile = decode('hostile', images('h', 256, 100))
  await settle()
  const modest = decode('modest', images('m', 3, 1))
  assert.deepEqual(started, ['h0'], 'one at a time: 100 megapixels is what may be decoded at once')
  running.get('h0')!.end()
  await settle()
  assert.deepEqual(started.slice(1), ['m0', 'm1', 'm2'])
  for (const name of ['m0', 'm1', 'm2']) running.get(name)!.end()
  assert.equal((await modest).length, 3)
  await endAll()
  assert.equal((await hostile).length, 256)
  assert.equal(most(), 100)
})

test('memory is bounded by pixels: what is decoded at once never has more than is allowed', async () => {
  const { decode, endAll, most, started } = setUp({ maxMegapixels: 30 })
  const all = [decode('a', images('a', 20, 12)), decode('b', images('b', 20, 7)), decode('c', images('c', 2, 90))]
  await endAll()
  await Promise.all(all)
  assert.equal(started.length, 42)
  assert.ok(most() <= 90, `${most()} megapixels at once: one that is larger is decoded alone`)
})

test('requests of one key are fair to each other as well', async () => {
  const { decode, started, endAll } = setUp()
  const large = decode('key', images('l', 50, 1))
  const small = decode('key', images('s', 1, 1))
  await settle()
  await endAll()
  await Promise.all([large, small])
  assert.ok(started.indexOf('s0') <= 4, `the small one was number ${started.indexOf('s0')}`)
})

test('a client that leaves is answered at once, and none of its waiting images is decoded', async () => {
  const { decode, started, endAll } = setUp()
  const gone = new AbortController()
  const left = assert.rejects(decode('gone', images('g', 100, 1), gone.signal), { code: 'client_gone' })
  const staying = decode('staying', images('s', 10, 1))
  await settle()
  const before = started.filter((name) => name.startsWith('g')).length
  gone.abort(new AppError('client_gone'))
  await left
  await endAll()
  assert.equal((await staying).length, 10)
  assert.equal(started.filter((name) => name.startsWith('g')).length, before)
  assert.ok(before <= 3)
  const late = new AbortController()
  late.abort(new AppError('client_gone'))
  await assert.rejects(decode('gone', images('late', 1, 1), late.signal), { code: 'client_gone' })
  assert.ok(!started.includes('late0'))
})

test('a request whose time is up leaves no image behind that waits', async () => {
  const { decode, started, running, endAll } = setUp()
  const time = new AbortController()
  const late = assert.rejects(decode('a', images('a', 9, 100), time.signal), { code: 'request_timeout' })
  await settle()
  time.abort(new AppError('request_timeout'))
  await late
  const next = decode('b', images('b', 1, 1))
  await settle()
  assert.deepEqual(started, ['a0'], 'what is being decoded keeps its place')
  running.get('a0')!.end()
  await endAll()
  await next
  assert.deepEqual(started, ['a0', 'b0'])
})

test('an image is given the time that its request has left, and never more than half a minute', async () => {
  const { clock, decoder, seconds, endAll } = setUp()
  for (const leftMs of [60_000, 2500, -10]) {
    const options = { target: TARGET, deadline: clock.now() + leftMs, signal: new AbortController().signal }
    const decoded = decoder.decode({ key: 'a', request: leftMs }, images('a', 1, 1), options)
    await endAll()
    await decoded
  }
  assert.deepEqual(seconds, [30, 3, 1])
})

test('a broken image names its place and ends its request; the first of several is named', async () => {
  const { decode, running, started, endAll } = setUp()
  const broken = assert.rejects(
    decode('a', images('a', 20, 1)),
    (error) => isAppError(error, 'image_invalid') && error.details['index'] === 1
  )
  await settle()
  running.get('a2')!.end(new AppError('image_invalid'))
  await settle()
  running.get('a1')!.end(new AppError('image_invalid', { message: 'cut off' }))
  await endAll()
  await broken
  assert.deepEqual(started, ['a0', 'a1', 'a2'])
})

test('headers are read in turn too: many large files do not delay a small one', async () => {
  const { decoder } = setUp()
  const { signal } = new AbortController()
  const order: string[] = []
  const weigh = (key: string, files: Uint8Array[]) =>
    decoder.weigh({ key, request: 1 }, { images: files }, signal).then(() => order.push(key))
  const many = weigh(
    'many',
    Array.from({ length: 100 }, () => Buffer.alloc(100_000))
  )
  await Promise.all([weigh('few', [Buffer.alloc(10)]), many])
  assert.deepEqual(order, ['few', 'many'])
})

test('decodes that never end cost their places; only when all are lost the process is given up', async () => {
  const { clock, decode, started, stuck } = setUp()
  for (const name of ['x', 'y', 'z']) void decode(name, images(name, 1, 100)).catch(() => {})
  await clock.advance(60_000)
  assert.deepEqual([started.length, stuck()], [2, 0], 'the pixels of one that hangs are free for the next')
  await clock.advance(60_000)
  assert.deepEqual([started.length, stuck()], [3, 0])
  await clock.advance(60_000)
  assert.equal(stuck(), 1)
})
