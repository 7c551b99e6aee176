import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-engine.ts'
import type { Program } from '../../../src/engine/program.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { traceToOnnx } from '../../../src/engine/trace/trace.ts'
import { tfjsNode, whyNoTfjsNode, withTfjsNode } from '../../helpers/tfjs-node.ts'

const reference = createEngine({ name: 'cpu' })
const onnx = createEngine({ name: 'onnx', threads: 1 })
const engines = withTfjsNode([reference, onnx])

test('tfjs-node is among the engines that are compared', { skip: whyNoTfjsNode }, () => {
  assert.match(tfjsNode!.device, /^(cpu, 1 thread|cuda), TensorFlow 2\./)
})

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

const OPS: Record<string, (x: Tensor) => Tensor> = {
  arithmetic: (x) => tf.div(tf.sub(tf.mul(x, 3), tf.neg(x)), tf.add(tf.square(x), 1)),
  extremes: (x) => tf.minimum(tf.maximum(x, -0.5), tf.abs(x)),
  exponentials: (x) => tf.add(tf.exp(x), tf.log(tf.add(tf.square(x), 1))),
  roots: (x) => tf.add(tf.sqrt(tf.square(x)), tf.rsqrt(tf.add(tf.square(x), 1))),
  'special functions': (x) => tf.add(tf.erf(x), tf.atanh(tf.mul(x, 0.2))),
  reciprocal: (x) => tf.reciprocal(tf.add(tf.square(x), 2)),
  sign: (x) => tf.sign(x),
  softmax: (x) => tf.softmax(x),
  'log softmax': (x) => tf.logSoftmax(x),
  sum: (x) => tf.sum(x, [0, 2]),
  mean: (x) => tf.mean(x, -1, true),
  max: (x) => tf.max(x, 1),
  transpose: (x) => tf.transpose(x, [2, 0, 1]),
  reshape: (x) => tf.reshape(x, [6, -1]),
  slice: (x) => tf.slice(x, [0, 1, 2], [-1, 2, 1]),
  pad: (x) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
      [0, 0]
    ]),
  split: (x) => tf.concat(tf.split(x, [1, 3], 2).reverse(), 2),
  tile: (x) => tf.tile(x, [1, 2, 1]),
  fill: (x) => tf.add(x, tf.fill([4], 0.25)),
  'products of batches': (x) => tf.matMul(x, x, false, true),
  'products of batches, the other way': (x) => tf.matMul(x, x, true, false),
  'products of matrices': (x) => {
    const a = tf.reshape(x, [6, 4]) as tf.Tensor2D
    return tf.matMul(tf.matMul(a, a, true, false), a, false, true)
  }
}

for (const [name, op] of Object.entries(OPS)) {
  test(`the engines agree on ${name}`, async () => {
    // Never 0, where a sign is a matter of taste.
    const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7 + 0.3) * 2)
    const [expected, ...others] = await Promise.all(
      engines.map(async (engine) => {
        const program = await engine.load(unary(name, op))
        const { y } = await program.run({ x })
        await program.dispose()
        return { engine: engine.name, y: y! }
      })
    )
    for (const { engine, y } of others) {
      assert.equal(y.length, expected!.y.length)
      expected!.y.forEach((value, i) => {
        const difference = Math.abs(value - y[i]!)
        assert.ok(difference <= 2e-6 * Math.max(1, Math.abs(value)), `${engine} [${i}]: ${y[i]} for ${value}`)
      })
    }
  })
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

for (const engine of engines.filter(({ name }) => name !== 'onnx')) {
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
