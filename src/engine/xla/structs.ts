/** C structs as bytes of an ArrayBuffer, written and read in place, so that a call neither copies nor converts anything. */
import { addressOf, native, type Pointer } from './native.ts'

export type FieldType = 'pointer' | 'size' | 'int64' | 'int32' | 'bool'
export type Fields = Readonly<Record<string, FieldType>>

type ValueOf<T extends FieldType> = T extends 'pointer' ? Pointer : T extends 'bool' ? boolean : number

/** Memory of ours that the plugin reads or writes, with whatever else has to live as long as it does. */
export interface Block {
  readonly bytes: ArrayBufferView
}

/** A pointer field takes an array or a block as well, and then points to the first byte. */
type InputOf<T extends FieldType> = T extends 'pointer' ? Pointer | ArrayBufferView | Block : ValueOf<T>

export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }
/** What is not given is zero: null, false, or none. */
export type InputsOf<F extends Fields> = { readonly [K in keyof F]?: InputOf<F[K]> }

export interface Struct<F extends Fields> extends Block {
  readonly bytes: Uint8Array
  /** Here so that arrays that the struct points to live as long as it does. */
  readonly inputs: InputsOf<F>
  /** The values as they are now, after a call has written some. */
  read(): ValuesOf<F>
}

const BYTES: Readonly<Record<FieldType, number>> = { pointer: 8, size: 8, int64: 8, int32: 4, bool: 1 }
/** The size of the struct and a pointer to extensions, of which we have none. */
const HEADER_BYTES = 16

interface Place {
  readonly name: string
  readonly type: FieldType
  readonly offset: number
}

interface Layout {
  readonly places: readonly Place[]
  /** Up to the end of the last field, without the padding behind it: this is what `struct_size` says. */
  readonly size: number
}

const layouts = new WeakMap<Fields, Layout>()

/** Every field lies at a multiple of its own size, as C compilers of 64-bit machines lay them. */
function layoutOf(fields: Fields): Layout {
  const known = layouts.get(fields)
  if (known) return known
  let size = HEADER_BYTES
  const places = Object.entries(fields).map(([name, type]) => {
    const offset = Math.ceil(size / BYTES[type]) * BYTES[type]
    size = offset + BYTES[type]
    return { name, type, offset }
  })
  const layout = { places, size }
  layouts.set(fields, layout)
  return layout
}

export const sizeOf = (fields: Fields): number => layoutOf(fields).size

export function structOf<F extends Fields>(fields: F, inputs: InputsOf<F>): Struct<F> {
  const { places, size } = layoutOf(fields)
  // Whole words, so that structs in a row are aligned.
  const bytes = new Uint8Array(Math.ceil(size / 8) * 8)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(size), true)
  writeAll(places, view, inputs)
  return { bytes, inputs, read: () => valuesIn<F>(places, view) }
}

/** A struct of the plugin's, in its own memory. */
export function structAt<F extends Fields>(fields: F, address: Pointer) {
  const { places, size } = layoutOf(fields)
  const view = new DataView(native().view(address, size))
  return {
    read: () => valuesIn<F>(places, view),
    write: (inputs: InputsOf<F>) => writeAll(places, view, inputs)
  }
}

function writeAll<F extends Fields>(places: readonly Place[], view: DataView, inputs: InputsOf<F>): void {
  for (const { name, type, offset } of places) {
    const value = inputs[name]
    if (value !== undefined) write(view, offset, type, value)
  }
}

function valuesIn<F extends Fields>(places: readonly Place[], view: DataView): ValuesOf<F> {
  const values: Record<string, Pointer | number | boolean> = {}
  for (const { name, type, offset } of places) values[name] = readAt(view, offset, type)
  return values as ValuesOf<F>
}

function write(view: DataView, offset: number, type: FieldType, value: InputOf<FieldType>): void {
  if (type === 'pointer') view.setBigUint64(offset, pointerTo(value as InputOf<'pointer'>), true)
  else if (type === 'bool') view.setUint8(offset, value ? 1 : 0)
  else if (type === 'int32') view.setInt32(offset, value as number, true)
  else view.setBigInt64(offset, BigInt(value as number), true)
}

const pointerTo = (value: InputOf<'pointer'>): Pointer =>
  typeof value === 'bigint' ? value : addressOf('bytes' in value ? value.bytes : value)

/** Addresses of arrays in a row. */
export const listOf = (
  arrays: readonly ArrayBufferView[]
): Block & { readonly arrays: readonly ArrayBufferView[] } => ({
  bytes: BigUint64Array.from(arrays, addressOf),
  arrays
})

function readAt(view: DataView, offset: number, type: FieldType): Pointer | number | boolean {
  if (type === 'pointer') return view.getBigUint64(offset, true)
  if (type === 'bool') return view.getUint8(offset) !== 0
  if (type === 'int32') return view.getInt32(offset, true)
  return Number(view.getBigInt64(offset, true))
}
