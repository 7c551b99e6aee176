/** Ops that move values without computing, in StableHLO. */
import type { OpContext, WriteOp } from './stablehlo-context.ts'
import { type HloLines, type HloValue, listText, typeText, type ValueType } from './stablehlo-lines.ts'

const intsOf = ({ node: { attributes, op } }: OpContext, name: string): readonly number[] => {
  const value = attributes[name]
  if (value === undefined || !('ints' in value)) throw new Error(`invariant: ${op} has a list ${name}`)
  return value.ints
}

const axisOf = ({ node: { attributes } }: OpContext): number => {
  const axis = attributes['axis']
  return axis !== undefined && 'int' in axis ? axis.int : 0
}

export const MOVES: Readonly<Record<string, WriteOp>> = {
  Reshape: (context) => context.lines.reshape(context.inputs[0]!, context.shapeOf(0)),
  Transpose: (context) => {
    const [x] = context.inputs
    const order = intsOf(context, 'perm')
    const result: ValueType = { shape: order.map((axis) => x!.shape[axis]!), type: x!.type }
    return context.lines.line(
      `stablehlo.transpose ${x!.name}, dims = ${listText(order)} : (${typeText(x!)}) -> ${typeText(result)}`,
      result
    )
  },
  Concat: (context) => {
    const { lines, inputs } = context
    const result: ValueType = { shape: context.shapeOf(0), type: inputs[0]!.type }
    const names = inputs.map(({ name }) => name).join(', ')
    const types = inputs.map(typeText).join(', ')
    return lines.line(
      `stablehlo.concatenate ${names}, dim = ${axisOf(context)} : (${types}) -> ${typeText(result)}`,
      result
    )
  },
  Slice: (context) => {
    const [x] = context.inputs
    const [starts, ends, axes] = [1, 2, 3].map((input) => context.integers(input)) as [number[], number[], number[]]
    const from = x!.shape.map(() => 0)
    const to = [...x!.shape]
    axes.forEach((axis, i) => {
      from[axis] = starts[i]!
      to[axis] = ends[i]!
    })
    return slice(context.lines, x!, { from, to })
  },
  Split: (context) => {
    const { lines, inputs } = context
    const axis = axisOf(context)
    let start = 0
    return context.integers(1).map((size) => {
      const from = inputs[0]!.shape.map(() => 0).with(axis, start)
      const to = inputs[0]!.shape.with(axis, start + size)
      start += size
      return slice(lines, inputs[0]!, { from, to })
    })
  },
  Pad: (context) => {
    const { lines, inputs } = context
    const [x] = inputs
    const amounts = context.integers(1)
    const rank = x!.shape.length
    const [low, high] = [amounts.slice(0, rank), amounts.slice(rank)]
    const result: ValueType = { shape: x!.shape.map((size, axis) => size + low[axis]! + high[axis]!), type: x!.type }
    const zero = lines.scalar(0, x!.type)
    const interior = listText(x!.shape.map(() => 0))
    return lines.line(
      `stablehlo.pad ${x!.name}, ${zero.name}, low = ${listText(low)}, high = ${listText(high)}, interior = ${interior} : (${typeText(x!)}, ${typeText(zero)}) -> ${typeText(result)}`,
      result
    )
  },
  Gather: gather,
  Tile: (context) => {
    const [x] = context.inputs
    const counts = context.integers(1)
    // [s] → [count, s] for every axis, then both together.
    const wide = context.lines.broadcast(
      x!,
      x!.shape.flatMap((size, axis) => [counts[axis]!, size]),
      x!.shape.map((_, axis) => 2 * axis + 1)
    )
    return context.lines.reshape(wide, context.shapeOf(0))
  }
}

function slice(
  lines: HloLines,
  x: HloValue,
  { from, to }: { readonly from: readonly number[]; readonly to: readonly number[] }
): HloValue {
  const result: ValueType = { shape: from.map((start, axis) => to[axis]! - start), type: x.type }
  const ranges = from.map((start, axis) => `${start}:${to[axis]}`).join(', ')
  return lines.line(`stablehlo.slice ${x.name} [${ranges}] : (${typeText(x)}) -> ${typeText(result)}`, result)
}

/** Whole slices along one axis, at int32 places of any shape. */
function gather(context: OpContext): HloValue {
  const [x, places] = context.inputs
  const axis = axisOf(context)
  const rank = places!.shape.length
  const result: ValueType = { shape: context.shapeOf(0), type: x!.type }
  const offsets = result.shape.map((_, i) => i).filter((i) => i < axis || i >= axis + rank)
  const sizes = x!.shape.with(axis, 1)
  const numbers = [
    `offset_dims = ${listText(offsets)}`,
    `collapsed_slice_dims = [${axis}]`,
    `start_index_map = [${axis}]`,
    `index_vector_dim = ${rank}`
  ].join(', ')
  return context.lines.line(
    `"stablehlo.gather"(${x!.name}, ${places!.name}) <{dimension_numbers = #stablehlo.gather<${numbers}>, slice_sizes = array<i64: ${sizes.join(', ')}>, indices_are_sorted = false}> : (${typeText(x!)}, ${typeText(places!)}) -> ${typeText(result)}`,
    result
  )
}
