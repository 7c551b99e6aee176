import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import type { Program } from '../../../src/engine/program.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { traceToOnnx } from '../../../src/engine/trace/trace.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'

const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ threads: 1 })]))

/** Rows of bytes, scaled and multiplied: a free batch, bytes and a constant in one. */
const scale: Program = {
  name: 'scale',
  inputs: [
    { name: 'bytes', shape: [-1, 3], dtype: 'uint8' },
    { name: 'w', shape: [2, 3], dtype: 'float32' }
  ],
  outputs: ['y'],
  build: ({ bytes, w }) => ({ y: tf.matMul(tf.cast(bytes!, 'float32') as tf.Tensor2D, w as tf.Tensor2D, false, true) })
}
const w = Float32Array.of(1, 2, 3, -1, 0, 1)

function unary(name: string, op: (x: Tensor) => Tensor): Program {
  return {
    name,
    inputs: [{ name: 'x', shape: [2, 3, 4], dtype: 'float32' }],
    outputs: ['y'],
    build: ({ x }) => ({ y: op(x!) })
  }
}

for (const engine of engines) {
  test(`the ${engine.name} engine takes any batch, bytes and constants`, async () => {
    const program = await engine.load(scale, { constants: { w } })
    for (const rows of [1, 5]) {
      const bytes = Uint8Array.from({ length: rows * 3 }, (_, i) => 250 + i)
      const { y } = await program.run({ bytes })
      assert.deepEqual(
        [...y!.slice(-2)],
        [bytes.at(-3)! + 2 * bytes.at(-2)! + 3 * bytes.at(-1)!, bytes.at(-1)! - bytes.at(-3)!]
      )
    }
    await program.dispose()
  })

  test(`the ${engine.name} engine names an input that is missing, too short or of the wrong type`, async () => {
    const program = await engine.load(scale)
    await assert.rejects(program.run({ bytes: Uint8Array.of(1, 2, 3) }), /input w/)
    await assert.rejects(program.run({ bytes: Uint8Array.of(1, 2), w }), /input bytes .* 2 values/)
    await assert.rejects(program.run({ bytes: Float32Array.of(1, 2, 3), w }), /input bytes is fed with uint8/)
    await program.dispose()
  })

  test(`the ${engine.name} engine gives back an untouched input as a copy`, async () => {
    const program = await engine.load(unary('same', (x) => x))
    const x = new Float32Array(24).fill(3)
    const { y } = await program.run({ x })
    x.fill(4)
    assert.ok(y!.every((value) => value === 3))
    await program.dispose()
  })

  test(`the ${engine.name} engine accepts shared memory as input`, async () => {
    const program = await engine.load(unary('double', (x) => tf.mul(x, 2)))
    const x = new Float32Array(new SharedArrayBuffer(96)).fill(1.5)
    assert.equal((await program.run({ x })).y![23], 3)
    await program.dispose()
  })

  test(`the ${engine.name} engine leaves no tensor behind`, async () => {
    const before = tf.memory().numTensors
    const program = await engine.load(
      unary(
        'gradient',
        tf.grad((x: Tensor) => tf.sum(tf.exp(x)))
      )
    )
    for (let i = 0; i < 3; i++) await program.run({ x: new Float32Array(24) })
    await program.dispose()
    assert.equal(tf.memory().numTensors, before)
  })
}

/** The others write a program down before they run it. */
const eager = engines.filter(({ name }) => !['onnx', 'xla'].includes(name))
for (const engine of eager) {
  test(`the ${engine.name} engine names an op that it does not have, and goes on`, async () => {
    const before = tf.memory().numTensors
    const lacking = unary('lacking', (x) => {
      const missing = tf.customGrad((y) => {
        const value = tf.engine().runKernel('NoSuchOp', { x: y as Tensor }) as Tensor
        return { value, gradFunc: (dy) => dy as Tensor }
      })
      return tf.grad((y: Tensor) => missing(tf.exp(y)))(x)
    })
    const program = await engine.load(lacking)
    await assert.rejects(
      program.run({ x: new Float32Array(24) }),
      (error) => isAppError(error, 'engine_unavailable') && error.details['op'] === 'NoSuchOp'
    )
    const next = await engine.load(unary('double', (x) => tf.mul(x, 2)))
    assert.equal((await next.run({ x: new Float32Array(24).fill(2) })).y![0], 4)
    assert.equal(tf.memory().numTensors, before)
  })
}

test('an op that cannot be written in ONNX is named, and the next trace works', () => {
  const untraceable = unary(
    'mystery',
    tf.grad((x: Tensor) => tf.sum(tf.cumsum(tf.exp(x), 1)))
  )
  assert.throws(
    () => traceToOnnx(untraceable),
    (error) => isAppError(error, 'program_untraceable') && error.details['op'] === 'Cumsum'
  )
  assert.ok(traceToOnnx(scale).length > 0)
})

test('a program that reads a traced value is refused', () => {
  const reading = unary('reading', (x) => tf.mul(x, x.dataSync()[0]!))
  assert.throws(
    () => traceToOnnx(reading),
    (error) => isAppError(error, 'program_untraceable')
  )
})

test('an exported file is opened with its own names and a free batch, and a broken one is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-onnx-'))
  try {
    const path = join(folder, 'scale.onnx')
    await writeFile(path, traceToOnnx(scale, { constants: { w } }))
    const program = await openOnnxFile(path, { threads: 1 })
    assert.deepEqual([...(await program.run({ bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) })).y!], [14, 2, 32, 2])
    await program.dispose()
    await writeFile(path, 'not a model')
    await assert.rejects(openOnnxFile(path), (error) => isAppError(error, 'model_not_ready'))
  } finally {
    await rm(folder, { recursive: true })
  }
})
