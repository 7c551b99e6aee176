/**
 * A WebAssembly assembler of the size that our kernels need: functions over numbers and one memory, no tables, no
 * globals, no imports. Code is nested lists of bytes, so instructions compose as function calls do, and nothing but
 * the kernels' own source is stored or installed. Format: WebAssembly Core Specification 2.0, chapter 5.
 */

export type ValueType = 'i32' | 'f32' | 'v128'

/** Instructions, in the order in which they run. */
export type Code = readonly (number | Code)[]

/** Code that leaves one value; a number is a constant of type i32. */
export type Operand = Code | number

const VALUE_TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b }
const PAGE_BYTES = 65536

/** LEB128 without a sign. */
export function unsigned(value: number): number[] {
  const rest = Math.floor(value / 128)
  return rest === 0 ? [value] : [(value % 128) | 0x80, ...unsigned(rest)]
}

/** LEB128 of 32 bits with a sign. */
export function signed(value: number): number[] {
  const low = value & 0x7f
  const rest = value >> 7
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
  return isLast ? [low] : [low | 0x80, ...signed(rest)]
}

/** A variable; as an operand it is its value. */
export interface Local extends ReadonlyArray<number | Code> {
  set(value: Operand): Code
}

/** The code of an operand. */
export const toCode = (operand: Operand): Code => (typeof operand === 'number' ? [0x41, ...signed(operand)] : operand)

function createLocal(index: number): Local {
  const set = (value: Operand): Code => [toCode(value), 0x21, ...unsigned(index)]
  return Object.assign([0x20, ...unsigned(index)], { set })
}

export type Parameters = Readonly<Record<string, ValueType>>

/** One exported function. */
export interface Kernel {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly result: ValueType | null
  readonly locals: readonly ValueType[]
  readonly body: Code
}

/**
 * @param build gets the parameters by name and a function that makes local variables; returns the body, which leaves a
 *   value when there is a `result`
 */
export function kernel<P extends Parameters>(
  name: string,
  { parameters, result = null }: { parameters: P; result?: ValueType | null },
  build: (parameters: { readonly [K in keyof P]: Local }, local: (type: ValueType) => Local) => Code
): Kernel {
  const types = Object.values(parameters)
  const locals: ValueType[] = []
  const named = Object.fromEntries(Object.keys(parameters).map((key, i) => [key, createLocal(i)]))
  const local = (type: ValueType) => createLocal(types.length + locals.push(type) - 1)
  const body = build(named as { [K in keyof P]: Local }, local) // same keys, one line above
  return { name, parameters: types, result, locals, body }
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes]
const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const section = (id: number, items: readonly (readonly number[])[]): number[] => [id, ...sized(vector(items))]
const text = (name: string): number[] => sized([...Buffer.from(name)])

function flatten(code: Code, into: number[]): number[] {
  for (const item of code) {
    if (typeof item === 'number') into.push(item)
    else flatten(item, into)
  }
  return into
}

/** A module that exports the kernels by name and its memory as `memory`. */
export function assemble(kernels: readonly Kernel[], memoryBytes: number): Uint8Array<ArrayBuffer> {
  const typesOf = (types: readonly ValueType[]) => vector(types.map((type) => [VALUE_TYPES[type]]))
  const signatures = kernels.map(({ parameters, result }) => [
    0x60,
    ...typesOf(parameters),
    ...typesOf(result === null ? [] : [result])
  ])
  const bodies = kernels.map(({ locals, body }) =>
    sized([...vector(locals.map((type) => [1, VALUE_TYPES[type]])), ...flatten(body, []), 0x0b])
  )
  const exported = kernels.map(({ name }, i) => [...text(name), 0, ...unsigned(i)])
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, signatures),
    ...section(
      3,
      kernels.map((_, i) => unsigned(i))
    ),
    ...section(5, [[0, ...unsigned(Math.ceil(memoryBytes / PAGE_BYTES))]]),
    ...section(7, [[...text('memory'), 2, 0], ...exported]),
    ...section(10, bodies)
  ])
}
