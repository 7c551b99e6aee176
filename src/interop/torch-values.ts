/** The few things of PyTorch's that a pickle of weights may hold, as plain data and lazy tensors. */

import type { PickleHost } from './pickle.ts'
import {
  PickleGlobal,
  PickleHandle,
  PickleNamespace,
  PickleObject,
  PickleTuple,
  type PickleValue
} from './pickle-values.ts'
import {
  bytesPerElement,
  elementsOf,
  isLazyTensor,
  LazyTensor,
  type TensorDtype,
  toFloat32,
  unreadable
} from './tensor-source.ts'

/** A run of numbers in the file that tensors are views of. */
export interface Storage {
  readonly dtype: TensorDtype
  readonly elements: number
  /** @param from,count in elements */
  readonly read: (from: number, count: number) => Promise<Uint8Array>
}

/** @throws AppError checkpoint_invalid when there is no such storage, or its size is another */
export type OpenStorage = (key: string, dtype: TensorDtype, elements: number) => Storage

const STORAGE_DTYPES: Readonly<Record<string, TensorDtype>> = {
  'torch.DoubleStorage': 'float64',
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool'
}

const MOST_DIMENSIONS = 16

export const createTorchHost = (openStorage: OpenStorage): PickleHost => ({
  call(name, args) {
    const make = CALLABLES.get(name)
    return make === undefined ? new PickleObject(RECONSTRUCTORS.has(name) ? classOf(args, name) : name) : make(args)
  },
  persistent(id) {
    const [kind, type, key, , elements] = id instanceof PickleTuple ? id.items : []
    // With its source code, in the older format.
    if (kind === 'module') return type ?? null
    const dtype = type instanceof PickleGlobal ? STORAGE_DTYPES[type.name] : undefined
    if (type instanceof PickleGlobal && dtype === undefined) return new PickleObject(type.name)
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(elements)) {
      throw unreadable('The file refers to something that is no storage of numbers.')
    }
    return new PickleHandle(openStorage(key, dtype, elements))
  }
})

/** What protocols before 2 make objects with: the class says more. */
const RECONSTRUCTORS: ReadonlySet<string> = new Set([
  'copyreg._reconstructor',
  'copy_reg._reconstructor',
  'copyreg.__newobj__',
  'copy_reg.__newobj__'
])

const classOf = ([type]: readonly PickleValue[], name: string): string =>
  type instanceof PickleGlobal ? type.name : name

const CALLABLES: ReadonlyMap<string, (args: readonly PickleValue[]) => PickleValue> = new Map([
  ['collections.OrderedDict', orderedDict],
  ['collections.defaultdict', () => new Map()],
  ['argparse.Namespace', () => new PickleNamespace()],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['torch.Size', ([items]: readonly PickleValue[]) => items ?? new PickleTuple([])]
])

/** Protocol 2 gives it empty and sets its items afterwards; some writers give a list of pairs. */
function orderedDict([pairs]: readonly PickleValue[]): PickleValue {
  if (pairs === undefined) return new Map()
  if (!Array.isArray(pairs)) throw unreadable('The pickle makes an OrderedDict of something that is no list.')
  return new Map(
    pairs.map((pair) => {
      const items = pair instanceof PickleTuple ? pair.items : Array.isArray(pair) ? pair : []
      if (items.length !== 2) throw unreadable('The pickle makes an OrderedDict of something that are no pairs.')
      return [items[0]!, items[1]!]
    })
  )
}

/** (storage, offset, size, stride, requires_grad, hooks …) */
function rebuildTensor([storage, offset, size, stride]: readonly PickleValue[]): LazyTensor | PickleObject {
  if (storage instanceof PickleObject) return storage
  if (!(storage instanceof PickleHandle)) throw unreadable('The pickle makes a tensor without a storage.')
  const shape = counts(size)
  const strides = counts(stride)
  if (shape === null || strides?.length !== shape.length || shape.length > MOST_DIMENSIONS || !isCount(offset)) {
    throw unreadable('The pickle makes a tensor of an impossible shape.')
  }
  return viewOf(storage.value as Storage, offset, { shape, strides }) // handles come from `persistent` alone
}

/** (data, requires_grad, hooks): its tensor. */
function rebuildParameter([data]: readonly PickleValue[]): PickleValue {
  if (data instanceof PickleObject) return data
  if (!isLazyTensor(data)) throw unreadable('The pickle makes a parameter of something that is no tensor.')
  return data
}

interface Layout {
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

function viewOf(storage: Storage, offset: number, { shape, strides }: Layout): LazyTensor {
  const elements = elementsOf(shape)
  const last = shape.reduce((sum, size, i) => sum + Math.max(0, size - 1) * strides[i]!, offset)
  // A stride of 0 could otherwise make terabytes of one number.
  if (!Number.isSafeInteger(elements) || elements > storage.elements || (elements > 0 && last >= storage.elements)) {
    throw unreadable(`The pickle makes a tensor [${shape}] of a storage of ${storage.elements} numbers.`)
  }
  const { dtype } = storage
  if (elements === 0) return new LazyTensor(shape, dtype, async () => new Float32Array(0))
  if (isContiguous(shape, strides)) {
    return new LazyTensor(shape, dtype, async () => toFloat32(dtype, await storage.read(offset, elements)))
  }
  return new LazyTensor(shape, dtype, async () => {
    const source = toFloat32(dtype, await storage.read(offset, last - offset + 1))
    return gather(source, { shape, strides })
  })
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false
    expected *= shape[i]!
  }
  return true
}

function gather(source: Float32Array, { shape, strides }: Layout): Float32Array {
  const result = new Float32Array(elementsOf(shape))
  const index = new Array<number>(shape.length).fill(0)
  let at = 0
  for (let i = 0; i < result.length; i++) {
    result[i] = source[at]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return result
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function counts(value: PickleValue | undefined): number[] | null {
  const items = value instanceof PickleTuple ? value.items : null
  return items?.every(isCount) ? (items as number[]) : null // every one: just checked
}

/** Bytes of a storage. */
export const storageBytes = ({ dtype, elements }: Pick<Storage, 'dtype' | 'elements'>): number =>
  elements * bytesPerElement(dtype)
