/** Lines of StableHLO text, each of which makes one value. Shapes are static and known here. */
import type { DType } from '../tensor-spec.ts'

export type ElementType = DType | 'int64' | 'bool' | 'bfloat16' | 'float16'

export interface ValueType {
  readonly shape: readonly number[]
  readonly type: ElementType
}

/** A value that a line has made. */
export interface HloValue extends ValueType {
  readonly name: string
}

const ELEMENTS: Readonly<Record<ElementType, string>> = {
  float32: 'f32',
  bfloat16: 'bf16',
  float16: 'f16',
  int32: 'i32',
  int64: 'i64',
  uint8: 'ui8',
  bool: 'i1'
}

export const typeText = ({ shape, type }: ValueType): string => `tensor<${[...shape, ELEMENTS[type]].join('x')}>`

export const listText = (values: readonly number[]): string => `[${values.join(', ')}]`

const isSameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

/** NumPy's rule, on which both sides of the tracer agree. */
function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1]
    return x === 1 ? y : x
  })
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** Bits in hexadecimal: exact, infinities included. */
function scalarText(value: number, type: ElementType): string {
  if (type !== 'float32') return type === 'bool' ? String(value !== 0) : String(value)
  float[0] = value
  return `0x${bits[0]!.toString(16).toUpperCase().padStart(8, '0')}`
}

export class HloLines {
  readonly lines: string[] = []
  #counter = 0

  /** Appends `%v = expression` and gives the value its type. */
  line(expression: string, { shape, type }: ValueType): HloValue {
    const name = `%v${this.#counter++}`
    this.lines.push(`${name} = ${expression}`)
    return { name, shape, type }
  }

  unary(op: string, x: HloValue): HloValue {
    return this.line(`stablehlo.${op} ${x.name} : ${typeText(x)}`, x)
  }

  /** Elementwise, of operands that broadcast. */
  binary(op: string, a: HloValue, b: HloValue): HloValue {
    const [x, y] = this.#together(a, b)
    return this.line(`stablehlo.${op} ${x.name}, ${y.name} : ${typeText(x)}`, x)
  }

  /** Booleans where a < b, a = b or a ≠ b. */
  compare(direction: 'LT' | 'EQ' | 'NE', a: HloValue, b: HloValue): HloValue {
    const [x, y] = this.#together(a, b)
    const result: ValueType = { shape: x.shape, type: 'bool' }
    const types = `(${typeText(x)}, ${typeText(y)}) -> ${typeText(result)}`
    return this.line(`stablehlo.compare ${direction}, ${x.name}, ${y.name} : ${types}`, result)
  }

  /** Of operands that broadcast; one condition may decide for all elements. */
  select(condition: HloValue, yes: HloValue, no: HloValue): HloValue {
    const shape = broadcastShape(condition.shape, broadcastShape(yes.shape, no.shape))
    const [x, y] = [this.broadcast(yes, shape), this.broadcast(no, shape)]
    const each = condition.shape.length === 0 ? condition : this.broadcast(condition, shape)
    return this.line(`stablehlo.select ${each.name}, ${x.name}, ${y.name} : ${typeText(each)}, ${typeText(x)}`, x)
  }

  /** A scalar, or one value in every place. */
  fill(value: number, { shape, type }: ValueType): HloValue {
    return this.line(`stablehlo.constant dense<${scalarText(value, type)}> : ${typeText({ shape, type })}`, {
      shape,
      type
    })
  }

  scalar(value: number, type: ElementType = 'float32'): HloValue {
    return this.fill(value, { shape: [], type })
  }

  broadcast(x: HloValue, shape: readonly number[], dims?: readonly number[]): HloValue {
    if (isSameShape(x.shape, shape)) return x
    const axes = dims ?? x.shape.map((_, axis) => axis + shape.length - x.shape.length)
    const result: ValueType = { shape, type: x.type }
    return this.line(
      `stablehlo.broadcast_in_dim ${x.name}, dims = ${listText(axes)} : (${typeText(x)}) -> ${typeText(result)}`,
      result
    )
  }

  reshape(x: HloValue, shape: readonly number[]): HloValue {
    if (isSameShape(x.shape, shape)) return x
    const result: ValueType = { shape, type: x.type }
    return this.line(`stablehlo.reshape ${x.name} : (${typeText(x)}) -> ${typeText(result)}`, result)
  }

  convert(x: HloValue, type: ElementType): HloValue {
    if (x.type === type) return x
    const result: ValueType = { shape: x.shape, type }
    return this.line(`stablehlo.convert ${x.name} : (${typeText(x)}) -> ${typeText(result)}`, result)
  }

  /** Sum, largest or smallest over axes, which go. */
  reduce(op: 'add' | 'maximum' | 'minimum', x: HloValue, axes: readonly number[]): HloValue {
    const empty = this.scalar(neutral(op, x.type), x.type)
    const result: ValueType = { shape: x.shape.filter((_, axis) => !axes.includes(axis)), type: x.type }
    const types = `(${typeText(x)}, ${typeText(empty)}) -> ${typeText(result)}`
    return this.line(
      `stablehlo.reduce(${x.name} init: ${empty.name}) applies stablehlo.${op} across dimensions = ${listText(axes)} : ${types}`,
      result
    )
  }

  /** The same with the axes kept, of length 1. */
  reduceKeeping(op: 'add' | 'maximum', x: HloValue, axes: readonly number[]): HloValue {
    return this.reshape(
      this.reduce(op, x, axes),
      x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    )
  }

  #together(a: HloValue, b: HloValue): [HloValue, HloValue] {
    const shape = broadcastShape(a.shape, b.shape)
    return [this.broadcast(a, shape), this.broadcast(b, shape)]
  }
}

const LARGEST_INT32 = 2 ** 31 - 1

function neutral(op: 'add' | 'maximum' | 'minimum', type: ElementType): number {
  if (op === 'add') return 0
  const largest = type === 'int32' ? LARGEST_INT32 : Number.POSITIVE_INFINITY
  return op === 'minimum' ? largest : -largest
}
