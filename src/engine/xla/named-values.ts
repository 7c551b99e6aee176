/** Options and attributes by name: PJRT's only values with a type at run time. */
import { bytesAt, type Pointer, textAt } from './native.ts'
import { NAMED_VALUE, NAMED_VALUE_TYPES } from './pjrt-api.ts'
import { type Block, type InputsOf, type Struct, sizeOf, structOf } from './structs.ts'

/** A whole number is an int64 and any other a float, unless it is said to be one. */
export type NamedValue = string | number | boolean | readonly number[] | { readonly float: number }
export type NamedValues = Readonly<Record<string, NamedValue>>

const TYPES = NAMED_VALUE_TYPES

export interface NamedValueList extends Block {
  readonly count: number
  /** What the bytes were copied from, here for what it points to. */
  readonly structs: readonly Struct<typeof NAMED_VALUE>[]
}

export function namedValueList(values: NamedValues): NamedValueList {
  const structs = Object.entries(values).map(([name, value]) => {
    const utf8 = Buffer.from(name)
    return structOf(NAMED_VALUE, { name: utf8, name_size: utf8.length, ...encoded(value) })
  })
  return { count: structs.length, bytes: Buffer.concat(structs.map(({ bytes }) => bytes)), structs }
}

function encoded(value: NamedValue): InputsOf<typeof NAMED_VALUE> {
  switch (typeof value) {
    case 'string': {
      const utf8 = Buffer.from(value)
      return { type: TYPES.string, value: utf8, value_size: utf8.length }
    }
    case 'boolean':
      return { type: TYPES.bool, value: value ? 1n : 0n, value_size: 1 }
    case 'number':
      return Number.isInteger(value)
        ? { type: TYPES.int64, value: BigInt.asUintN(64, BigInt(value)), value_size: 1 }
        : encoded({ float: value })
    default:
      if ('float' in value) {
        const [bits] = new Uint32Array(Float32Array.of(value.float).buffer)
        return { type: TYPES.float, value: BigInt(bits!), value_size: 1 }
      }
      return { type: TYPES.int64List, value: BigInt64Array.from(value, BigInt), value_size: value.length }
  }
}

/** Copies of `count` values in a row, as the plugin lays them. */
export function readNamedValues(address: Pointer, count: number): Record<string, NamedValue> {
  const values: Record<string, NamedValue> = {}
  const stride = BigInt(sizeOf(NAMED_VALUE))
  for (let at = address; at < address + stride * BigInt(count); at += stride) {
    const struct = structOf(NAMED_VALUE, {})
    struct.bytes.set(bytesAt(at, sizeOf(NAMED_VALUE)))
    const { name, name_size, type, value, value_size } = struct.read()
    values[textAt(name, name_size)] = decoded(type, value, value_size)
  }
  return values
}

function decoded(type: number, value: Pointer, size: number): NamedValue {
  switch (type) {
    case TYPES.string:
      return textAt(value, size)
    case TYPES.bool:
      return (value & 0xffn) !== 0n
    case TYPES.float:
      return new Float32Array(Uint32Array.of(Number(value & 0xffffffffn)).buffer)[0]!
    case TYPES.int64List:
      return Array.from(new BigInt64Array(bytesAt(value, size * 8).buffer), Number)
    default:
      return Number(BigInt.asIntN(64, value))
  }
}
