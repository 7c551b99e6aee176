/** What the engine itself keeps and gives back, on XLA's CPU plugin. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Program } from '../../../../src/engine/program.ts'
import { tf } from '../../../../src/engine/tf.ts'
import type { XlaClient } from '../../../../src/engine/xla/client.ts'
import type { XlaExecutable } from '../../../../src/engine/xla/executable.ts'
import type { ProgramCache } from '../../../../src/engine/xla/program-cache.ts'
import { createXlaEngine } from '../../../../src/engine/xla/xla-engine.ts'
import { cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'
import { turnsDuring } from '../../../helpers/turns-during.ts'

const SKIP = { skip: whyNoXla }

const UNCACHED: ProgramCache = {
  compile: async (client, text, options) => ({ executable: await client.compile(text, options), isCompiled: true })
}

/** The sum of each row, with weights. */
const weighted: Program = {
  name: 'weighted',
  inputs: [
    { name: 'rows', shape: [-1, 3], dtype: 'float32' },
    { name: 'weights', shape: [3], dtype: 'float32' }
  ],
  outputs: ['sums'],
  build: ({ rows, weights }) => ({ sums: tf.sum(tf.mul(rows!, weights!), 1) })
}
const weights = Float32Array.of(1, 10, 100)
const rowsOf = (count: number): Float32Array => Float32Array.from({ length: 3 * count }, (_, i) => i + 1)

interface Watched {
  readonly client: XlaClient
  /** Programs so far, and those that are not given back yet. */
  count(): readonly [compiled: number, held: number]
}

/** @param before what happens before a program is compiled, the first being 1 */
function watched(before: (call: number) => void = () => {}): Watched {
  const client = cpuClient()
  const held = new Set<XlaExecutable>()
  let calls = 0
  return {
    count: () => [calls, held.size],
    client: {
      ...client,
      async compile(text, options) {
        before(++calls)
        const executable = await client.compile(text, options)
        held.add(executable)
        return {
          ...executable,
          dispose() {
            held.delete(executable)
            executable.dispose()
          }
        }
      }
    }
  }
}

test('the programs of the last four sizes of a batch are kept, and no other', SKIP, async () => {
  const { client, count } = watched()
  const engine = createXlaEngine({ client, precision: 'float32', cache: UNCACHED })
  const program = await engine.load(weighted, { constants: { weights } })
  const run = async (rows: number) => {
    const { sums } = await program.run({ rows: rowsOf(rows) })
    assert.deepEqual([...sums!.slice(0, 2)], [321, 654].slice(0, rows))
    assert.equal(sums!.length, rows)
  }
  for (const rows of [1, 2, 3, 4]) await run(rows)
  assert.deepEqual(count(), [4, 4])
  // 1 is used again and stays; 2, which was not used for longest, goes.
  for (const rows of [1, 5, 1]) await run(rows)
  assert.deepEqual(count(), [5, 4])
  await run(2)
  assert.deepEqual(count(), [6, 4])
  await program.dispose()
  assert.deepEqual(count(), [6, 0])
  await engine.dispose()
})

test('an engine of several devices runs what is no step on the first', SKIP, async () => {
  const engine = createXlaEngine({ client: cpuClient(2), devices: 2, precision: 'float32', cache: UNCACHED })
  assert.deepEqual([engine.devices, engine.device], [2, '2 × cpu'])
  const program = await engine.load(weighted)
  assert.deepEqual([...(await program.run({ rows: rowsOf(2), weights })).sums!], [321, 654])
  await program.dispose()
  await engine.dispose()
})

test('a size that could not be compiled once is tried again, and the others go on', SKIP, async () => {
  const { client } = watched((call) => {
    if (call === 2) throw new Error('no memory just now')
  })
  const engine = createXlaEngine({ client, precision: 'float32', cache: UNCACHED })
  const program = await engine.load(weighted)
  const run = async (rows: number) => (await program.run({ rows: rowsOf(rows), weights })).sums!.length
  assert.equal(await run(1), 1)
  await assert.rejects(run(2), /no memory just now/)
  assert.equal(await run(1), 1)
  assert.equal(await run(2), 2)
  for (const rows of [3, 4, 5]) assert.equal(await run(rows), rows)
  await program.dispose()
  await engine.dispose()
})

const SIZE = 1600

/** A matrix that is multiplied by itself, and scaled so that it stays as it is. */
const squaring: Program = {
  name: 'squaring',
  inputs: [
    { name: 'matrix', shape: [SIZE, SIZE], dtype: 'float32' },
    { name: 'scale', shape: [], dtype: 'float32' }
  ],
  outputs: ['matrix', 'largest'],
  build: ({ matrix, scale }) => {
    const next = tf.mul(tf.matMul(matrix as tf.Tensor2D, matrix as tf.Tensor2D), scale!)
    return { matrix: next, largest: tf.max(next) }
  }
}

test('the event loop turns and a timer fires while a step runs, whose state moves on', SKIP, async () => {
  const engine = createXlaEngine({ client: cpuClient(), precision: 'float32', cache: UNCACHED })
  const program = await engine.loadStepping(squaring, { held: ['matrix'] })
  const state = await engine.hold(squaring.inputs.slice(0, 1), { matrix: new Float32Array(SIZE * SIZE).fill(2) })
  let fired = 0
  const timer = setInterval(() => fired++, 1)
  const stepping = program.step(state, [{ scale: Float32Array.of(1 / (2 * SIZE)) }])
  // A call that blocks leaves a turn or two between it and the next.
  assert.ok((await turnsDuring(stepping)) > 4)
  clearInterval(timer)
  assert.ok(fired > 0)
  assert.equal((await stepping)[0]!['largest']![0], 2)
  assert.ok((await state.read())['matrix']!.every((value) => value === 2))
  await Promise.all([program.dispose(), state.dispose()])
  await engine.dispose()
})
