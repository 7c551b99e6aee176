/** The instructions that our kernels use, by their names in the specification. Operands come before their instruction. */
import { type Code, type Local, type Operand, toCode, unsigned } from './assemble.ts'

const plain =
  (...bytes: number[]) =>
  (...operands: Operand[]): Code => [operands.map(toCode), bytes]

/** All vector instructions begin with 0xfd. */
const vector = (opcode: number) => plain(0xfd, ...unsigned(opcode))

/** Alignment is a hint that x64 and arm64 ignore: always 1 byte. */
const access =
  (...bytes: number[]) =>
  (address: Operand, offset = 0): Code => [toCode(address), bytes, 0, unsigned(offset)]

const store =
  (...bytes: number[]) =>
  (address: Operand, value: Operand, offset = 0): Code => [toCode(address), toCode(value), bytes, 0, unsigned(offset)]

/** To or from one lane of a vector. */
const laneAccess =
  (opcode: number) =>
  (address: Operand, value: Code, lane: number): Code => [toCode(address), value, 0xfd, opcode, 0, 0, lane]

const float32Bytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)]

export const i32 = {
  load: access(0x28),
  load8: access(0x2d),
  store8: store(0x3a),
  lessUnsigned: plain(0x49),
  lessSigned: plain(0x48),
  add: plain(0x6a),
  subtract: plain(0x6b),
  multiply: plain(0x6c),
  shiftLeft: plain(0x74),
  shiftRight: plain(0x76)
}

export const v128 = {
  load: access(0xfd, 0),
  store: store(0xfd, 0x0b),
  load32Splat: access(0xfd, 9),
  load32Lane: laneAccess(0x56),
  store8Lane: laneAccess(0x58),
  store32Lane: laneAccess(0x5a),
  store64Lane: laneAccess(0x5b),
  constant: (bytes: readonly number[]): Code => [0xfd, 0x0c, bytes],
  not: vector(0x4d),
  and: vector(0x4e),
  or: vector(0x50),
  xor: vector(0x51),
  /** Bits of the first where the third has ones, of the second elsewhere. */
  select: vector(0x52)
}

export const i8x16 = {
  /** Bytes of two vectors, 0 … 31. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [a, b, 0xfd, 0x0d, lanes],
  /** Bytes of one vector by constant places; null gives 0. */
  select: (value: Code, lanes: readonly (number | null)[]): Code =>
    vector(0x0e)(value, v128.constant(lanes.map((lane) => lane ?? 0x80))),
  /** Bytes of one vector by the places in another. */
  permute: vector(0x0e),
  /** Two vectors of i16 to one of bytes, cut to 0 … 255. */
  narrow: vector(0x66),
  shiftRightSigned: vector(0x6c)
}

export const i16x8 = {
  extendLow: vector(0x89),
  extendHigh: vector(0x8a),
  narrow: vector(0x85),
  add: vector(0x8e)
}

export const i32x4 = {
  equals: vector(0x37),
  absolute: vector(0xa0),
  smaller: vector(0xb6),
  larger: vector(0xb8),
  multiply: vector(0xb5),
  splat: vector(0x11),
  extractLane: (value: Code, lane: number): Code => [value, 0xfd, 0x1b, lane],
  extendLow: vector(0xa9),
  extendHigh: vector(0xaa),
  shiftLeft: vector(0xab),
  shiftRightSigned: vector(0xac),
  shiftRight: vector(0xad),
  add: vector(0xae),
  subtract: vector(0xb1),
  /** a[2i] · b[2i] + a[2i + 1] · b[2i + 1] of i16. */
  dot: vector(0xba),
  truncateFloat32: vector(0xf8)
}

export const f32x4 = {
  splat: vector(0x13),
  constant: (value: number): Code => v128.constant([0, 1, 2, 3].flatMap(() => float32Bytes(value))),
  add: vector(0xe4),
  subtract: vector(0xe5),
  multiply: vector(0xe6),
  divide: vector(0xe7),
  fromInt32: vector(0xfa)
}

/** Runs the body, then again while the condition holds: at least once. */
export const repeat = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b]

/** `from`, `from + step` … below `to`; the body runs at least once. */
export const count = (variable: Local, range: { from: Operand; to: Operand; step: number }, body: Code): Code => [
  variable.set(range.from),
  repeat([body, variable.set(i32.add(variable, range.step))], i32.lessSigned(variable, range.to))
]

export const copyMemory = (target: Operand, source: Operand, bytes: Operand): Code =>
  plain(0xfc, 0x0a, 0, 0)(target, source, bytes)
