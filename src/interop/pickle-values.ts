/** What a restricted pickle can hold, and how it is taken apart. */
import { isLazyTensor, type LazyTensor } from './tensor-source.ts'

export class PickleTuple {
  readonly items: readonly PickleValue[]
  constructor(items: readonly PickleValue[]) {
    this.items = items
  }
}

/** A name in a Python module. It is never looked up; a host may know what to do with it. */
export class PickleGlobal {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * Stands where the file would have something called that the host does not know: a NumPy scalar, a path, an object of a
 * class of its own. It has that name and nothing else; what the file puts into it is dropped.
 */
export class PickleObject {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Attributes of an argparse.Namespace. */
export class PickleNamespace {
  readonly attributes = new Map<PickleValue, PickleValue>()
}

/** Made by a host for a persistent id; it is opaque to the machine. */
export class PickleHandle<T = unknown> {
  readonly value: T
  constructor(value: T) {
    this.value = value
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | Set<PickleValue>
  | Map<PickleValue, PickleValue>
  | PickleGlobal
  | PickleObject
  | PickleNamespace
  | PickleHandle
  | LazyTensor

/** A dict or the attributes of a namespace; null for anything else. */
export function entriesOf(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> | null {
  if (value instanceof Map) return value
  return value instanceof PickleNamespace ? value.attributes : null
}

const SCALARS: Readonly<Record<string, string>> = {
  boolean: 'a truth value',
  number: 'a number',
  bigint: 'a number',
  string: 'a text'
}

/** For a message: `numpy.ndarray`, `a list`, … */
export function nameOfValue(value: PickleValue): string {
  if (value instanceof PickleObject || value instanceof PickleGlobal) return value.name
  if (value === null) return 'None'
  if (isLazyTensor(value)) return 'a tensor'
  if (entriesOf(value) !== null) return 'a dict'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof PickleTuple) return 'a tuple'
  if (value instanceof Set) return 'a set'
  if (value instanceof Uint8Array) return 'bytes'
  return SCALARS[typeof value] ?? 'a storage'
}
