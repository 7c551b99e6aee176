import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OUTPUT_DTYPES, packVector } from '../../../src/base/output-dtype.ts'
import { prng } from '../../../src/math/prng.ts'

const unit = (seed: number, dimensions: number): Float32Array => {
  const random = prng(seed)
  const drawn = Float32Array.from({ length: dimensions }, () => random.uniformBetween(-1, 1))
  const length = Math.hypot(...drawn)
  return drawn.map((value) => value / length)
}

const cosine = (one: ArrayLike<number>, other: ArrayLike<number>): number => {
  const sum = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((all, value, i) => all + value * b[i]!, 0)
  return sum(one, other) / Math.sqrt(sum(one, one) * sum(other, other))
}

test('halves are rounded to the nearest, ties to even, small ones too', () => {
  for (const [value, bits] of [
    [1, 0x3c00],
    [-1, 0xbc00],
    [0, 0],
    [0.1, 0x2e66],
    [1 / 3, 0x3555],
    [0.99999, 0x3c00],
    [0.5 + 2 ** -12, 0x3800],
    [0.5 + 3 * 2 ** -12, 0x3802],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [-(2 ** -24), 0x8001],
    [2 ** -25, 0],
    [2 ** -30, 0]
  ] as const) {
    const { bytes, numbers } = packVector(Float32Array.of(value), 'float16')
    assert.equal(bytes[0]! + 256 * bytes[1]!, bits, String(value))
    assert.ok(Math.abs(numbers[0]! - value) <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25), String(value))
  }
})

test('the numbers of a vector are those of its bytes, of a quarter of the bytes and less', () => {
  const vector = unit(1, 12)
  const sizes = OUTPUT_DTYPES.map((dtype) => packVector(vector, dtype).bytes.length)
  assert.deepEqual(sizes, [48, 24, 12, 12, 2])
  const { numbers, bytes } = packVector(vector, 'int8')
  assert.deepEqual([...new Int8Array(bytes)], [...numbers])
  assert.equal(Math.max(...numbers.map(Math.abs)), 127)
  assert.deepEqual(
    [...packVector(vector, 'uint8').numbers],
    [...numbers].map((level) => level + 128)
  )
})

test('bits say what is above 0, the first highest, and the last byte is filled with 0', () => {
  const vector = Float32Array.of(0.5, -0.5, 0, 0.1, -0.1, 0.1, 0.1, -1, 0.2, -0.2)
  assert.deepEqual([...packVector(vector, 'binary').numbers], [0b10010110, 0b10000000])
})

test('the angle is kept: to a thousandth in eight bits, to a millionth in sixteen', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const vector = unit(seed, 384)
    assert.ok(cosine(vector, packVector(vector, 'float16').numbers) > 1 - 1e-6)
    assert.ok(cosine(vector, packVector(vector, 'int8').numbers) > 1 - 1e-3)
  }
})

test('a vector of zeros stays one', () => {
  const zeros = new Float32Array(8)
  for (const dtype of ['float32', 'float16', 'int8', 'binary'] as const)
    assert.ok(
      packVector(zeros, dtype).numbers.every((value) => value === 0),
      dtype
    )
})
