/** Vectors of an answer as arrays of their type: what `output_dtype` says, from base64 or from numbers. */
import { bytesOfBase64 } from './base64.ts'

/** float16 comes as float32, which holds every one of its numbers: not every runtime has an array of it. */
export interface VectorsByType {
  readonly float32: Float32Array
  readonly float16: Float32Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  /** Eight numbers a byte, the first the highest bit. */
  readonly binary: Uint8Array
}

export type OutputDtype = keyof VectorsByType

const LARGEST_EXPONENT = 31
const MANTISSA = 1024

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1
  const exponent = (bits >> 10) & LARGEST_EXPONENT
  const mantissa = bits & (MANTISSA - 1)
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === LARGEST_EXPONENT) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + mantissa / MANTISSA) * 2 ** (exponent - 15)
}

/** Bytes are little-endian, as every machine that runs JavaScript is. @throws RangeError where they are not whole numbers of the type */
const FROM_BYTES: { readonly [D in OutputDtype]: (bytes: Uint8Array<ArrayBuffer>) => VectorsByType[D] } = {
  float32: ({ buffer }) => new Float32Array(buffer),
  float16: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfOf),
  int8: ({ buffer }) => new Int8Array(buffer),
  uint8: (bytes) => bytes,
  binary: (bytes) => bytes
}

const FROM_NUMBERS: { readonly [D in OutputDtype]: (numbers: readonly number[]) => VectorsByType[D] } = {
  float32: (numbers) => Float32Array.from(numbers),
  float16: (numbers) => Float32Array.from(numbers),
  int8: (numbers) => Int8Array.from(numbers),
  uint8: (numbers) => Uint8Array.from(numbers),
  binary: (numbers) => Uint8Array.from(numbers)
}

export const vectorOf = <D extends OutputDtype>(embedding: string | readonly number[], dtype: D): VectorsByType[D] =>
  typeof embedding === 'string' ? FROM_BYTES[dtype](bytesOfBase64(embedding)) : FROM_NUMBERS[dtype](embedding)
