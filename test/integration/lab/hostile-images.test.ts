/**
 * A real inference process with a client that means it harm, and another one. Order of answers and processor time are looked
 * at; how long anything takes is not.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Model } from '../../../src/domain/model.ts'
import { createInferencePool } from '../../../src/processes/inference-pool.ts'
import { DEFAULT_INFERENCE_SETTINGS } from '../../../src/protocol/inference-messages.ts'
import { INFERENCE } from './lab-folder.ts'
import { failure, makeServedModel, png, startServer } from './served-model.ts'

/** Nearly the largest that one image may be, of 38 bytes; a second of processor time. */
const SIDE = 9990
const PIXELS = SIDE * SIDE

let folder: string
let bomb: Uint8Array
let small: Uint8Array
const cleanUps: (() => unknown)[] = []
before(async () => {
  ;({ folder } = await makeServedModel({ after: (cleanUp) => cleanUps.unshift(cleanUp) }))
  bomb = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#fff' } })
    .webp({ lossless: true, effort: 0 })
    .toBuffer()
  small = await png(1)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

const question = (images: Uint8Array[]) =>
  ({ kind: 'embed', model: { id: 'mdl_test', folder }, images, options: {} }) as const

/** Of all threads, so far. */
function processorSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const peakBytes = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

test('400 megapixels of one key let every image of another key pass, in bounded memory', async (t) => {
  const { child, hold } = await startServer(t)
  // With time for a machine that is busy with other tests.
  const patient = { ...question([bomb, bomb, bomb, bomb]), options: { timeoutMs: 500_000 } }
  const hostile = hold(patient, 'hostile')
  assert.deepEqual(await hostile.weight, [PIXELS, PIXELS, PIXELS, PIXELS])
  hostile.tell('admit')
  let isOver = false
  void hostile.answer.then(() => {
    isOver = true
  })
  let passed = 0
  for (let i = 0; i < 4; i++) {
    const modest = hold(question([small, small]), 'modest')
    await modest.weight
    modest.tell('admit')
    assert.equal((await modest.answer).ok, true)
    if (!isOver) passed++
  }
  t.diagnostic(`${passed} requests passed, ${Math.round(peakBytes(child.pid) / 1e6)} MB at the most`)
  assert.ok(passed >= 2, `${passed} of the other's requests were answered before the large one`)
  assert.equal((await hostile.answer).ok, true)
  // One at a time, 9 bytes a pixel; three at a time are 2.7 GB.
  assert.ok(peakBytes(child.pid) < 1.6e9, `${peakBytes(child.pid)} bytes`)
})

test('what waits of clients that leave is never decoded', async (t) => {
  const { child, hold } = await startServer(t)
  for (let i = 0; i < 20; i++) {
    const leaving = hold(question(Array(4).fill(bomb)), 'leaving')
    await leaving.weight
    leaving.tell('admit')
    leaving.tell('abort')
    assert.equal(failure(await leaving.answer).code, 'client_gone')
  }
  const unadmitted = hold(question([small]), 'leaving')
  await unadmitted.weight
  unadmitted.tell('abort')
  assert.equal(failure(await unadmitted.answer).code, 'client_gone')
  const staying = hold(question([small]), 'leaving')
  await staying.weight
  staying.tell('admit')
  assert.equal((await staying.answer).ok, true)
  const seconds = processorSeconds(child.pid)
  t.diagnostic(`${seconds} s of processor time`)
  // 80 images of a second were dropped; a few had begun.
  assert.ok(seconds < 15, `${seconds} s`)
})

test('a request that is late is answered by a process that decodes on, and lives', async (t) => {
  const { child, hold } = await startServer(t)
  const late = hold({ ...question(Array(4).fill(bomb)), options: { timeoutMs: 300 } }, 'hostile')
  late.weight.catch(() => {})
  late.tell('admit')
  assert.equal(failure(await late.answer).code, 'request_timeout')
  const modest = hold(question([small]), 'modest')
  await modest.weight
  modest.tell('admit')
  assert.equal((await modest.answer).ok, true)
  assert.equal(child.exitCode, null)
})

test('256 images of 100 megapixels are refused at once by name, through the pool', async (t) => {
  const cache = { acquire: async () => ({ folder, release: async () => {} }), removeStale: async () => {} }
  const pool = createInferencePool({
    entry: INFERENCE,
    processes: 1,
    settings: DEFAULT_INFERENCE_SETTINGS,
    cache,
    clock: systemClock,
    logger: silentLogger
  })
  t.after(() => pool.close())
  await pool.ready()
  const { signal } = new AbortController()
  const spend = async () => {}
  const model = { id: 'mdl_test', prefix: 'models/mdl_test', files: [] } as unknown as Model // what the pool reads of it
  const [pid] = pool.pids()
  const started = processorSeconds(pid)
  await assert.rejects(
    pool.embed(model, Array(256).fill(bomb), { caller: { key: 'hostile', spend, signal } }),
    (error) => {
      const { code, details } = error as { code: string; details: Record<string, unknown> }
      assert.deepEqual([code, details['index'], details['limit']], ['images_too_large', 4, 400_000_000])
      return true
    }
  )
  const { embeddings } = await pool.embed(model, [small], { caller: { key: 'modest', spend, signal } })
  assert.equal(embeddings.length, 1)
  const spent = processorSeconds(pid) - started
  t.diagnostic(`${spent} s of processor time`)
  assert.ok(spent < 10, `${spent} s: nothing was decoded`)
  assert.deepEqual(pool.pids(), [pid])
})
