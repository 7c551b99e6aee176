import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { PickleReader } from '../../../src/interop/pickle-reader.ts'

/** In the middle of a larger buffer, as a pickle in an archive lies. */
const readerOf = (...bytes: number[]) => new PickleReader(Uint8Array.of(0xee, ...bytes, 0xee).subarray(1, -1))

const isCut = (error: unknown) => isAppError(error, 'checkpoint_invalid') && /cut off/.test(error.message)

test('integers are little endian, and signed where the format says so', () => {
  assert.equal(readerOf(0x80).byte(), 128)
  assert.equal(readerOf(0x01, 0x02).uint16(), 0x0201)
  assert.equal(readerOf(0xff, 0xff).uint16(), 65_535)
  assert.equal(readerOf(0x01, 0x02, 0x03, 0x04).int32(), 0x04030201)
  assert.equal(readerOf(0xfe, 0xff, 0xff, 0xff).int32(), -2)
  assert.equal(readerOf(0x01, 0x02, 0x03, 0xf4).uint32(), 0xf4030201)
})

test('a float is big endian: pickle.dumps(1.5) and pickle.dumps(-0.1) of Python', () => {
  assert.equal(readerOf(0x3f, 0xf8, 0, 0, 0, 0, 0, 0).float64(), 1.5)
  assert.equal(readerOf(0xbf, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a).float64(), -0.1)
})

test('long integers are little endian two’s complement of any length: the examples of pickletools.decode_long', () => {
  const examples: [number[], number][] = [
    [[], 0],
    [[0xff, 0x00], 255],
    [[0xff, 0x7f], 32_767],
    [[0x00, 0xff], -256],
    [[0x00, 0x80], -32_768],
    [[0x80], -128],
    [[0x7f], 127]
  ]
  for (const [bytes, value] of examples) assert.equal(readerOf(...bytes).integer(bytes.length), value)
  assert.equal(readerOf(1, 0, 0, 0, 0, 0, 0, 0, 1).integer(9), 2n ** 64n + 1n)
  assert.equal(readerOf(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f).integer(7), Number.MAX_SAFE_INTEGER)
  assert.equal(readerOf(0, 0, 0, 0, 0, 0, 0x20).integer(7), 2n ** 53n)
  const sixteen = Array(16).fill(0)
  assert.equal(readerOf(...sixteen).integer(16), 0)
  assert.throws(() => readerOf(...sixteen, 0).integer(17), /integer of 17 bytes/)
})

test('a length of eight bytes is little endian and never more than there is', () => {
  const bytes = (...length: number[]) => readerOf(...length, ...Array(300 - length.length).fill(0))
  assert.equal(bytes(0x2c, 0x01, 0, 0, 0, 0, 0, 0).length64(), 300)
  assert.throws(() => bytes(0x2d, 0x01, 0, 0, 0, 0, 0, 0).length64(), isCut)
  assert.throws(() => bytes(0, 0, 0, 0, 0, 0, 0, 0x01).length64(), isCut)
})

test('one value follows the other, and none is read beyond the end', () => {
  const reader = readerOf(1, 2, 0, 3, 0, 0, 0, 0x41, 0x0a, 0x42, 0x43)
  assert.deepEqual([reader.byte(), reader.uint16(), reader.uint32(), reader.line()], [1, 2, 3, 'A'])
  assert.equal(reader.position, 9)
  assert.equal(reader.text(2), 'BC')
  assert.throws(() => reader.byte(), isCut)
  assert.throws(() => reader.line(), isCut)
  const short = [1, 1, 1, 1, 1, 1, 1] as const
  const reads = [
    (r: PickleReader) => r.float64(),
    (r: PickleReader) => r.length64(),
    (r: PickleReader) => r.take(8),
    (r: PickleReader) => r.integer(8)
  ]
  for (const read of reads) assert.throws(() => read(readerOf(...short)), isCut)
  assert.throws(() => readerOf(1).uint16(), isCut)
  assert.throws(() => readerOf(1, 1, 1).int32(), isCut)
  assert.throws(() => readerOf(1, 1, 1).uint32(), isCut)
})

test('text that is no UTF-8 is refused, not guessed', () => {
  assert.equal(readerOf(0xce, 0xba).text(2), 'κ')
  assert.throws(() => readerOf(0xce, 0x28).text(2), /no readable text/)
})
