import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { LoadedProgram } from '../../../src/engine/engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import type { Program } from '../../../src/engine/program.ts'
import { quantizeOnnxFile } from '../../../src/engine/quantize.ts'
import { tf } from '../../../src/engine/tf.ts'
import { traceToOnnx } from '../../../src/engine/trace/trace.ts'
import { prng } from '../../../src/math/prng.ts'

const [WIDTH, HIDDEN, OUT] = [24, 40, 6]
const random = prng(7)
const numbers = (length: number, scale: number) =>
  Float32Array.from({ length }, () => random.uniformBetween(-scale, scale))

/** A product with a bias, one whose weights are computed of others, and one of two values that nobody knows before. */
const program: Program = {
  name: 'small',
  inputs: [
    { name: 'first', shape: [WIDTH, HIDDEN], dtype: 'float32' },
    { name: 'bias', shape: [HIDDEN], dtype: 'float32' },
    { name: 'second', shape: [HIDDEN, OUT], dtype: 'float32' },
    { name: 'scale', shape: [HIDDEN, 1], dtype: 'float32' },
    { name: 'rows', shape: [-1, WIDTH], dtype: 'float32' }
  ],
  outputs: ['values', 'squares'],
  build: ({ first, bias, second, scale, rows }) => {
    const sum = tf.add(tf.matMul(rows!, first!), bias!)
    const values = tf.matMul(tf.mul(sum, sum), tf.mul(second!, scale!))
    return { values, squares: tf.matMul(values, values, true, false) }
  }
}
// A channel of zeros has no range, and one much larger than the others must not cost them theirs.
const first = numbers(WIDTH * HIDDEN, 0.1)
for (let row = 0; row < WIDTH; row++) {
  first[row * HIDDEN] = 0
  first[row * HIDDEN + 1]! *= 100
}
const constants = {
  first,
  bias: numbers(HIDDEN, 0.1),
  second: numbers(HIDDEN * OUT, 0.1),
  scale: numbers(HIDDEN, 1)
}

let folder: string
let exact: LoadedProgram
let rounded: LoadedProgram
let sizes: { readonly before: number; readonly after: number }

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-quantize-'))
  const path = join(folder, 'small.onnx')
  const before = traceToOnnx(program, { constants })
  await writeFile(path, before)
  const after = await quantizeOnnxFile(path)
  await writeFile(join(folder, 'small.int8.onnx'), after)
  sizes = { before: before.length, after: after.length }
  exact = await openOnnxFile(path, { threads: 1 })
  rounded = await openOnnxFile(join(folder, 'small.int8.onnx'), { threads: 1 })
})

after(async () => {
  await exact.dispose()
  await rounded.dispose()
  await rm(folder, { recursive: true })
})

test('a program in 8 bits computes what it did, to three hundredths of its range, channel by channel', async () => {
  const rows = numbers(WIDTH, 1)
  const [wanted, found] = [await exact.run({ rows }), await rounded.run({ rows })]
  for (const name of ['values', 'squares']) {
    const range = Math.max(...wanted[name]!.map(Math.abs))
    wanted[name]!.forEach(
      (value, i) => void assert.ok(Math.abs(value - found[name]![i]!) < 0.03 * range, `${name} ${i}`)
    )
    assert.notDeepEqual(found[name], wanted[name])
  }
})

test('its weights take a fourth of the bytes, also those that were computed of others, and nothing else is left lying there', async () => {
  const weights = (WIDTH * HIDDEN + HIDDEN * OUT) * Float32Array.BYTES_PER_ELEMENT
  assert.ok(sizes.after < sizes.before - weights / 2, JSON.stringify(sizes))
  assert.deepEqual((await readdir(folder)).sort(), ['small.int8.onnx', 'small.onnx'])
})

test('an image has the same vector whenever it is computed by itself', async () => {
  const rows = numbers(WIDTH, 1)
  const { values: once } = await rounded.run({ rows })
  await rounded.run({ rows: numbers(WIDTH, 50) })
  assert.deepEqual((await rounded.run({ rows })).values, once)
})
