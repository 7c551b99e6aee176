import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../src/base/safetensors.ts'
import { prng } from '../../../src/math/prng.ts'

/** A file with the given header and data, valid or not. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, data])
}

const refuses = (bytes: Uint8Array, reason: RegExp) =>
  assert.throws(
    () => decodeSafetensors(bytes),
    (error) => isAppError(error, 'checkpoint_invalid') && reason.test(error.message)
  )

const twoTensors = () =>
  Buffer.concat(
    encodeSafetensors(
      new Map([
        ['head.weight', { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-45, Number.NaN) }],
        ['backbone.bias', { shape: [1], data: Float32Array.of(7) }]
      ]),
      { step: '12' }
    )
  )

test('what was written is read back bit for bit, with names, shapes and metadata', () => {
  const { tensors, metadata } = decodeSafetensors(twoTensors())
  assert.deepEqual([...tensors.keys()], ['backbone.bias', 'head.weight'])
  assert.deepEqual(tensors.get('head.weight')?.shape, [2, 3])
  assert.deepEqual(tensors.get('head.weight')?.data, Float32Array.of(1, -2, 3.5, 0, 1e-45, Number.NaN))
  assert.deepEqual(metadata, { step: '12' })
})

test('the data section starts at a multiple of eight, as readers that map files expect', () => {
  const bytes = twoTensors()
  assert.equal(Number(bytes.readBigUInt64LE()) % 8, 0)
})

test('half-width floats are widened to the numbers they stand for', () => {
  const data = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555, 0x3f80, 0xc0a0).buffer)
  const { tensors } = decodeSafetensors(
    fileOf(
      {
        half: { dtype: 'F16', shape: [5], data_offsets: [0, 10] },
        brain: { dtype: 'BF16', shape: [2], data_offsets: [10, 14] }
      },
      data
    )
  )
  assert.deepEqual(
    tensors.get('half')?.data,
    Float32Array.of(1, -2, 2 ** -24, Number.POSITIVE_INFINITY, 0.333251953125)
  )
  assert.deepEqual(tensors.get('brain')?.data, Float32Array.of(1, -5))
})

test('integers and bytes are read too', () => {
  const data = new Uint8Array([...new Uint8Array(BigInt64Array.of(-3n).buffer), 200, 7])
  const { tensors } = decodeSafetensors(
    fileOf(
      {
        long: { dtype: 'I64', shape: [], data_offsets: [0, 8] },
        byte: { dtype: 'U8', shape: [2], data_offsets: [8, 10] }
      },
      data
    )
  )
  assert.deepEqual(tensors.get('long')?.data, BigInt64Array.of(-3n))
  assert.deepEqual(tensors.get('byte')?.data, Uint8Array.of(200, 7))
})

test('a header longer than the file or than the limit is refused before it is read', () => {
  const bytes = Buffer.from(twoTensors())
  bytes.writeBigUInt64LE(BigInt(bytes.length), 0)
  refuses(bytes, /ends after the file/)
  bytes.writeBigUInt64LE(2n ** 63n, 0)
  refuses(bytes, /over the limit/)
})

test('overlapping tensors, gaps and left-over bytes are refused', () => {
  const f32 = (begin: number, end: number) => ({ dtype: 'F32', shape: [(end - begin) / 4], data_offsets: [begin, end] })
  refuses(fileOf({ a: f32(0, 8), b: f32(4, 12) }, new Uint8Array(12)), /overlaps/)
  refuses(fileOf({ a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)), /gap/)
  refuses(fileOf({ a: f32(0, 4) }, new Uint8Array(12)), /data section/)
})

test('a shape that does not fit its bytes, or is no shape, is refused', () => {
  const entry = (shape: unknown, offsets: unknown = [0, 4]) => ({ a: { dtype: 'F32', shape, data_offsets: offsets } })
  refuses(fileOf(entry([2]), new Uint8Array(4)), /another number/)
  refuses(fileOf(entry([-1]), new Uint8Array(4)), /shape/)
  refuses(fileOf(entry([2 ** 40, 2 ** 40]), new Uint8Array(4)), /shape/)
  refuses(fileOf(entry([1], [4, 0]), new Uint8Array(4)), /another number/)
  refuses(fileOf(entry([1], [0]), new Uint8Array(4)), /data_offsets/)
})

test('an unknown dtype, a header that is not JSON and one that is no object are refused', () => {
  refuses(fileOf({ a: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)), /unsupported dtype F64/)
  refuses(fileOf('{"a":'), /not JSON/)
  refuses(fileOf([1]), /not an object/)
  refuses(fileOf({ __metadata__: { step: 3 } }), /metadata step/)
})

test('every truncation of a valid file is refused, never read in part', () => {
  const bytes = twoTensors()
  for (let length = 0; length < bytes.length; length++) refuses(bytes.subarray(0, length), /safetensors/)
})

test('random damage to the header either changes names and numbers or is refused, but breaks nothing', () => {
  const random = prng(7)
  for (let attempt = 0; attempt < 500; attempt++) {
    const bytes = Buffer.from(twoTensors())
    bytes[random.integer(160)] = random.integer(256)
    try {
      decodeSafetensors(bytes)
    } catch (error) {
      assert.ok(isAppError(error, 'checkpoint_invalid'), String(error))
    }
  }
})
