/** What a serving device holds and gives back, on XLA's CPU plugin: every buffer and every program is counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Program } from '../../../../src/engine/program.ts'
import { tf } from '../../../../src/engine/tf.ts'
import type { XlaBuffer } from '../../../../src/engine/xla/buffer.ts'
import type { XlaClient } from '../../../../src/engine/xla/client.ts'
import type { ProgramCache } from '../../../../src/engine/xla/program-cache.ts'
import { createServingDevice } from '../../../../src/engine/xla/serving-device.ts'
import { writeProgram } from '../../../../src/engine/xla/write-program.ts'
import { withBatch } from '../../../../src/engine/xla/xla-engine.ts'
import { cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'

const SKIP = { skip: whyNoXla }

const UNCACHED: ProgramCache = {
  compile: async (client, text, options) => ({ executable: await client.compile(text, options), isCompiled: true })
}

/** Each row times a matrix. */
const weighted: Program = {
  name: 'weighted',
  inputs: [
    { name: 'matrix', shape: [3, 2], dtype: 'float32' },
    { name: 'images', shape: [-1, 3], dtype: 'uint8' }
  ],
  outputs: ['embedding'],
  build: ({ matrix, images }) => ({
    embedding: tf.matMul(tf.cast(images!, 'float32') as tf.Tensor2D, matrix as tf.Tensor2D)
  })
}
const [MATRIX] = weighted.inputs
const written = (batch: number) =>
  writeProgram(withBatch(weighted, batch), { held: ['matrix'], mayRound: true }, 'float32')

/** Buffers and programs that are not given back. */
function counted(): { readonly client: XlaClient; held(): readonly [buffers: number, programs: number] } {
  const client = cpuClient()
  const [buffers, programs] = [new Set<object>(), new Set<object>()]
  const watch = (buffer: XlaBuffer): XlaBuffer => {
    buffers.add(buffer)
    const { dispose } = buffer
    return Object.assign(buffer, {
      dispose() {
        buffers.delete(buffer)
        dispose()
      }
    })
  }
  return {
    held: () => [buffers.size, programs.size],
    client: {
      ...client,
      put: async (...args) => watch(await client.put(...args)),
      async compile(text, options) {
        const executable = await client.compile(text, options)
        programs.add(executable)
        return {
          ...executable,
          memory: executable.memory,
          execute: async (args) => (await executable.execute(args)).map((list) => list.map(watch)),
          dispose() {
            programs.delete(executable)
            executable.dispose()
          }
        }
      }
    }
  }
}

test('weights of two models share a program, runs overlap, and everything is given back', SKIP, async () => {
  const { client, held } = counted()
  const device = createServingDevice({ client, precision: 'float32', cache: UNCACHED })
  const program = await device.compile(written(2))
  const one = await device.hold([MATRIX!], { matrix: Float32Array.of(1, 0, 10, 0, 100, 0) })
  const other = await device.hold([MATRIX!], { matrix: Float32Array.of(0, 1, 0, 10, 0, 100) })
  assert.deepEqual(held(), [2, 1])
  const images = Uint8Array.of(1, 2, 3, 4, 5, 6)
  const runs = await Promise.all([one, other, one, other, one].map((weights) => program.run(weights, { images })))
  assert.deepEqual(
    runs.map(({ embedding }) => [...embedding!]),
    [one, other, one, other, one].map((weights) => (weights === one ? [321, 0, 654, 0] : [0, 321, 0, 654]))
  )
  for (let i = 0; i < 50; i++) await program.run(i % 2 === 0 ? one : other, { images })
  assert.deepEqual(held(), [2, 1])
  await one.dispose()
  await other.dispose()
  program.dispose()
  assert.deepEqual(held(), [0, 0])
  device.dispose()
})

test('a program says what its code and its runs take', SKIP, async () => {
  const device = createServingDevice({ client: cpuClient(), precision: 'float32', cache: UNCACHED })
  const [small, large] = [await device.compile(written(2)), await device.compile(written(200))]
  assert.ok(small.runBytes >= 2 * (3 + 2 * 4), `${small.runBytes}`)
  assert.ok(large.runBytes >= 200 * (3 + 2 * 4), `${large.runBytes}`)
  assert.ok(small.codeBytes >= 0)
  small.dispose()
  large.dispose()
  device.dispose()
})

test('weights and images of the wrong size are refused, and what was put is given back', SKIP, async () => {
  const { client, held } = counted()
  const device = createServingDevice({ client, precision: 'float32', cache: UNCACHED })
  await assert.rejects(device.hold([MATRIX!], { matrix: Float32Array.of(1) }), /matrix/)
  const program = await device.compile(written(1))
  const weights = await device.hold([MATRIX!], { matrix: new Float32Array(6) })
  await assert.rejects(program.run(weights, { images: Uint8Array.of(1, 2) }), /images/)
  await weights.dispose()
  await assert.rejects(program.run(weights, { images: Uint8Array.of(1, 2, 3) }), /disposed/)
  program.dispose()
  assert.deepEqual(held(), [0, 0])
  device.dispose()
})

test('what cannot be compiled says why, and the device goes on', SKIP, async () => {
  const device = createServingDevice({ client: cpuClient(), precision: 'float32', cache: UNCACHED })
  const broken = { ...written(1), text: 'module @program { nonsense }' }
  await assert.rejects(device.compile(broken), { code: 'internal' })
  const program = await device.compile(written(1))
  const weights = await device.hold([MATRIX!], { matrix: Float32Array.of(1, 2, 3, 4, 5, 6) })
  assert.deepEqual([...(await program.run(weights, { images: Uint8Array.of(1, 1, 1) }))['embedding']!], [9, 12])
  await weights.dispose()
  program.dispose()
  device.dispose()
})
