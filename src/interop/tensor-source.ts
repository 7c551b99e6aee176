/** Tensors in files of other tools: known by name, shape and type, read one at a time. */
import type { FileHandle } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'
import { widenBfloat16, widenFloat16 } from '../base/half-floats.ts'

/** A tensor that is still in its file. Reading widens or narrows it to float32. */
export class LazyTensor {
  readonly shape: readonly number[]
  readonly dtype: TensorDtype
  readonly read: () => Promise<Float32Array>

  constructor(shape: readonly number[], dtype: TensorDtype, read: () => Promise<Float32Array>) {
    this.shape = shape
    this.dtype = dtype
    this.read = read
  }
}

/** Something else under a name of a state dict: an error where a tensor is needed, and only there. */
export class NoTensor extends LazyTensor {
  /** For a message: `numpy.ndarray`, `a list`, … */
  readonly what: string

  constructor(what: string) {
    super([], 'uint8', () => Promise.reject(unreadable(`There is ${what} instead of a tensor.`)))
    this.what = what
  }
}

export type TensorsByName = ReadonlyMap<string, LazyTensor>

const BYTES = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1
} as const

export type TensorDtype = keyof typeof BYTES

export const bytesPerElement = (dtype: TensorDtype): number => BYTES[dtype]

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

export const unreadable = (message: string, cause?: unknown): AppError =>
  new AppError('checkpoint_invalid', { message }, { cause })

const LONGEST_SHOWN = 100

/** A name of the file's in a message: it may be millions of characters long. */
export const shownName = (name: string): string =>
  name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name

/** A value of a JSON file in a message. Its 1e999 is infinite, for which JSON has no word. */
export const shownValue = (value: unknown): string =>
  typeof value === 'number' ? String(value) : shownName(JSON.stringify(value))

/** @param bytes little-endian numbers, as many as fit */
export function toFloat32(dtype: TensorDtype, bytes: Uint8Array): Float32Array {
  const size = BYTES[dtype]
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const length = bytes.length / size
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length)
    case 'float64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, length))
    case 'float16':
      return widenFloat16(new Uint16Array(buffer, byteOffset, length))
    case 'bfloat16':
      return widenBfloat16(new Uint16Array(buffer, byteOffset, length))
    case 'int64':
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, length), Number)
    case 'int32':
      return Float32Array.from(new Int32Array(buffer, byteOffset, length))
    case 'int16':
      return Float32Array.from(new Int16Array(buffer, byteOffset, length))
    case 'int8':
      return Float32Array.from(new Int8Array(buffer, byteOffset, length))
    case 'uint8':
    case 'bool':
      return Float32Array.from(bytes)
  }
}

/** Exactly `length` bytes from `position`. @throws AppError checkpoint_invalid when the file ends before */
export async function readExactly(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, Math.min(length - filled, 1 << 30), position + filled)
    if (bytesRead === 0) throw unreadable(`The file ends before byte ${position + length}.`)
    filled += bytesRead
  }
  return buffer
}

export const isLazyTensor = (value: unknown): value is LazyTensor => value instanceof LazyTensor
