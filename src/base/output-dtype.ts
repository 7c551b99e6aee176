/**
 * Vectors in fewer bits, each by itself: whoever compares them by cosine needs no scale and no other vector. Recall is measured in
 * bench/RESULTS.md.
 */
export const OUTPUT_DTYPES = ['float32', 'float16', 'int8', 'uint8', 'binary'] as const
export type OutputDtype = (typeof OUTPUT_DTYPES)[number]

/** Numbers as they are read, and what they are packed in, little-endian. */
export interface PackedVector {
  readonly numbers: Float32Array | Int8Array | Uint8Array
  readonly bytes: Uint8Array
}

const MOST = 127
const MIDDLE = 128

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const FLOAT = new Float32Array(1)
const WORD = new Uint32Array(FLOAT.buffer)

/** To the nearest of 11 significant bits, halves to even. Of what is at most 1 in size; below 2^-24 it is 0. */
function halfOf(value: number): number {
  FLOAT[0] = value
  const word = WORD[0]!
  const sign = (word >>> 16) & 0x8000
  const exponent = ((word >>> 23) & 0xff) - 112
  const mantissa = word & 0x7fffff
  if (exponent > 0) return sign + nearest((exponent << 23) | mantissa, 13)
  if (exponent < -10) return sign
  return sign + nearest(mantissa | 0x800000, 14 - exponent)
}

/** Without its last bits. */
function nearest(value: number, bits: number): number {
  const rest = value & ((1 << bits) - 1)
  const half = 1 << (bits - 1)
  const kept = value >>> bits
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}

function floatOf(half: number): number {
  const exponent = (half >>> 10) & 0x1f
  const mantissa = half & 0x3ff
  const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15)
  return half & 0x8000 ? -size : size
}

/** The largest number of a vector is ±127, others in proportion. */
function levelsOf(vector: Float32Array): Int8Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const scale = largest > 0 ? MOST / largest : 0
  return Int8Array.from(vector, (value) => Math.round(value * scale))
}

/** A bit a number, 1 where it is above 0; the first is the highest of the first byte, and the last byte is filled with 0. */
function bitsOf(vector: Float32Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(vector.length / 8))
  vector.forEach((value, i) => {
    if (value > 0) bits[i >> 3]! |= 0x80 >> (i & 7)
  })
  return bits
}

/** @param vector of numbers of at most 1 in size */
export function packVector(vector: Float32Array, dtype: OutputDtype): PackedVector {
  switch (dtype) {
    case 'float32':
      return { numbers: vector, bytes: bytesOf(vector) }
    case 'float16': {
      const halves = Uint16Array.from(vector, halfOf)
      return { numbers: Float32Array.from(halves, floatOf), bytes: bytesOf(halves) }
    }
    case 'int8': {
      const numbers = levelsOf(vector)
      return { numbers, bytes: bytesOf(numbers) }
    }
    case 'uint8': {
      const numbers = Uint8Array.from(levelsOf(vector), (level) => level + MIDDLE)
      return { numbers, bytes: numbers }
    }
    case 'binary': {
      const numbers = bitsOf(vector)
      return { numbers, bytes: numbers }
    }
  }
}
