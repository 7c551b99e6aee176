import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { createOnnxThreads } from '../../../src/engine/onnx-threads.ts'
import type { Program } from '../../../src/engine/program.ts'
import { tf } from '../../../src/engine/tf.ts'
import { traceToOnnx } from '../../../src/engine/trace/trace.ts'

const WIDTH = 64
const product: Program = {
  name: 'product',
  inputs: [
    { name: 'w', shape: [WIDTH, WIDTH], dtype: 'float32' },
    { name: 'x', shape: [-1, WIDTH], dtype: 'float32' }
  ],
  outputs: ['y'],
  build: ({ w, x }) => ({ y: tf.matMul(x!, w!) })
}
const w = Float32Array.from({ length: WIDTH * WIDTH }, (_, i) => Math.sin(i))
const rows = (count: number, seed: number) => Float32Array.from({ length: count * WIDTH }, (_, i) => Math.cos(i * seed))

const folder = await mkdtemp(join(tmpdir(), 'kappa-onnx-'))
after(() => rm(folder, { recursive: true }))
const path = join(folder, 'product.onnx')
await writeFile(path, traceToOnnx(product, { constants: { w } }))
const { size } = await stat(path)

test('runs that overlap on several sessions give what one session gives, each its own', async () => {
  const { open } = createOnnxThreads({ threads: 2, sessions: 2 })
  const shared = await open(path, size)
  const single = await openOnnxFile(path, { threads: 1 })
  assert.equal(shared.sessions, 2)
  const feeds = [1, 2, 3, 4, 5].map((count) => ({ x: rows(count, count) }))
  const together = await Promise.all(feeds.map((feed) => shared.run(feed)))
  for (const [i, feed] of feeds.entries()) {
    assert.equal(feed.x.length, (i + 1) * WIDTH, 'the feed is still whose it was')
    assert.deepEqual(together[i]!['y'], (await single.run(feed))['y'])
  }
  await shared.dispose()
  await assert.rejects(shared.run(feeds[0]!), /program 1 is open/)
  await single.dispose()
})

test('a run that fails fails alone', async () => {
  const { open } = createOnnxThreads({ threads: 2, sessions: 1 })
  const shared = await open(path, size)
  const wrong = shared.run({ x: new Float32Array(3) })
  const right = shared.run({ x: rows(1, 1) })
  await assert.rejects(wrong, /does not take 3 values/)
  assert.equal((await right)['y']!.length, WIDTH)
  await shared.dispose()
})

test('a file that is no model is refused by its code, and so is one that is not there', async () => {
  const broken = join(folder, 'broken.onnx')
  await writeFile(broken, 'not a model')
  const { open } = createOnnxThreads({ threads: 2 })
  for (const one of [broken, join(folder, 'none.onnx')])
    await assert.rejects(open(one, 11), (error) => isAppError(error, 'model_not_ready'))
})

test('a large program has fewer sessions, which share the threads', () => {
  const { sessions, copiesOf } = createOnnxThreads({ threads: 8, maxBytes: 1000 })
  assert.equal(sessions, 4)
  assert.deepEqual(
    [100, 250, 400, 900, 5000].map((bytes) => copiesOf(bytes)),
    [4, 4, 2, 1, 1]
  )
})

/** From here on a program is worth a wide session. */
const LARGE = 16 * 1024 ** 2

test('what computes alone does so on a session of all threads, beside those that are busy', async () => {
  const { open, copiesOf } = createOnnxThreads({ threads: 2, sessions: 2, hasWide: true })
  assert.deepEqual([copiesOf(LARGE - 1), copiesOf(LARGE)], [2, 3])
  const shared = await open(path, LARGE)
  const single = await openOnnxFile(path, { threads: 1 })
  const feed = { x: rows(3, 3) }
  const expected = (await single.run(feed))['y']
  let answered = 0
  const ask = async (isLone: boolean) => {
    assert.deepEqual((await shared.run(feed, isLone))['y'], expected, 'the same bits')
    return ++answered
  }
  /** Whether it is answered before those that were asked first. */
  const overtakes = async () => {
    const queued = Array.from({ length: 100 }, () => ask(false))
    const lone = await ask(true)
    return lone < (await queued.at(-1)!)
  }
  // Until the wide session is open the others compute it, behind what they have.
  while (!(await overtakes()));
  await shared.dispose()
  await single.dispose()
})

test('one that has no room for it, or no use, has no wide session', () => {
  const wide = { hasWide: true, maxBytes: 3 * LARGE }
  const copies = (options: object) => createOnnxThreads({ ...wide, ...options }).copiesOf(LARGE)
  assert.equal(copies({ threads: 2 }), 3)
  assert.equal(copies({ threads: 3 }), 3, 'three sessions fill the room')
  assert.equal(copies({ threads: 8, sessions: 1 }), 1, 'it has all threads already')
  assert.equal(copies({ threads: 2, hasWide: false }), 2)
})

test('a program that is closed while its wide session opens is closed whole', async () => {
  const { open } = createOnnxThreads({ threads: 2, hasWide: true })
  const shared = await open(path, LARGE)
  await shared.dispose()
  await assert.rejects(shared.run({ x: rows(1, 1) }, true), /is open/)
})

test('a wide session that cannot be opened is told, and the others compute', async () => {
  const told = Promise.withResolvers<Error>()
  const removed = join(folder, 'removed.onnx')
  await writeFile(removed, traceToOnnx(product, { constants: { w } }))
  const { open } = createOnnxThreads({ threads: 2, hasWide: true, onNotWide: told.resolve })
  const shared = await open(removed, LARGE)
  // Its thread has just been started, and takes longer to come up than this.
  rmSync(removed)
  assert.ok(isAppError(await told.promise, 'model_not_ready'))
  assert.equal((await shared.run({ x: rows(1, 1) }, true))['y']!.length, WIDTH)
  await shared.dispose()
})

test('idle threads keep no process from its end', async () => {
  const threads = new URL('../../../src/engine/onnx-threads.ts', import.meta.url).href
  const script = join(folder, 'once.mjs')
  await writeFile(
    script,
    `const { createOnnxThreads } = await import('${threads}')
    const program = await createOnnxThreads({ threads: 2 }).open('${path}', ${size})
    const { y } = await program.run({ x: new Float32Array(${WIDTH}).fill(1) })
    console.log(y.length)`
  )
  const options = { encoding: 'utf8', timeout: 60_000 } as const
  const { status, stdout } = spawnSync(process.execPath, [script], options)
  assert.deepEqual({ status, stdout }, { status: 0, stdout: `${WIDTH}\n` })
})
