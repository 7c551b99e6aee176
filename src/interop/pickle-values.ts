/** What a restricted pickle can hold, and how it is taken apart. */
import type { LazyTensor } from './tensor-source.ts'

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
  | PickleNamespace
  | PickleHandle
  | LazyTensor

/** A dict or the attributes of a namespace; null for anything else. */
export function entriesOf(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> | null {
  if (value instanceof Map) return value
  return value instanceof PickleNamespace ? value.attributes : null
}
