/** Matrix products in StableHLO, in the precision that a program allows. */
import type { Precision } from '../engine.ts'
import type { GraphNode } from './graph.ts'
import { type HloLines, type HloValue, listText, typeText, type ValueType } from './stablehlo-lines.ts'

export type LowType = 'bfloat16' | 'float16'

export interface ProductOptions {
  readonly precision: Precision
  /** A value of the graph, rounded; once for all products that take it. */
  readonly rounded: (name: string, type: LowType) => HloValue
  /** Names of the graph's constants: a constant operand makes a product a sum or a resampling, not a layer. */
  readonly constants: ReadonlySet<string>
}

interface Sides {
  readonly a: HloValue
  readonly b: HloValue
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const flag = ({ attributes }: GraphNode, name: string): boolean => {
  const value = attributes[name]
  return value !== undefined && 'int' in value && value.int !== 0
}

/**
 * Low operands are rounded once, sums are float32. Results are rounded too, which halves what the passes behind them read,
 * but for the gradients of weights, which go into float32 moments, and what asks to keep its sums.
 */
export function writeProduct(
  lines: HloLines,
  node: GraphNode,
  operands: readonly HloValue[],
  at: ProductOptions
): HloValue {
  const sides = {
    a: operands[0]!,
    b: operands[1]!,
    transposeA: flag(node, 'transA'),
    transposeB: flag(node, 'transB')
  }
  const isOfConstant = node.inputs.some((name) => at.constants.has(name))
  const isLayer = node.isExact !== true && (node.keepsSum === true || !isOfConstant)
  const low = at.precision === 'bfloat16' || at.precision === 'float16' ? at.precision : undefined
  if (!isLayer || low === undefined) {
    return dot(lines, sides, { result: 'float32', isHighest: !(isLayer && at.precision === 'tf32') })
  }
  const isWeightGradient = sides.transposeA && sides.a.shape.length === 2
  const result = isWeightGradient || node.keepsSum === true ? 'float32' : low
  const rounded = { ...sides, a: at.rounded(node.inputs[0]!, low), b: at.rounded(node.inputs[1]!, low) }
  return lines.convert(dot(lines, rounded, { result, isHighest: false }), 'float32')
}

interface DotOptions {
  readonly result: ValueType['type']
  /** Float32 operands as they are; otherwise a GPU may take ten bits of them. */
  readonly isHighest: boolean
}

function dot(lines: HloLines, { a, b, transposeA, transposeB }: Sides, { result, isHighest }: DotOptions): HloValue {
  const [x, y] = withBatch(lines, a, b)
  const batch = x.shape.slice(0, -2)
  const axes = batch.map((_, axis) => axis)
  const rank = batch.length
  const shape = [...batch, x.shape.at(transposeA ? -1 : -2)!, y.shape.at(transposeB ? -2 : -1)!]
  const type: ValueType = { shape, type: result }
  const batching = rank === 0 ? '' : `batching_dims = ${listText(axes)} x ${listText(axes)}, `
  const contracting = `contracting_dims = [${rank + (transposeA ? 0 : 1)}] x [${rank + (transposeB ? 1 : 0)}]`
  const precision = isHighest ? ', precision = [HIGHEST, HIGHEST]' : ''
  return lines.line(
    `stablehlo.dot_general ${x.name}, ${y.name}, ${batching}${contracting}${precision} : (${typeText(x)}, ${typeText(y)}) -> ${typeText(type)}`,
    type
  )
}

/** Both with the batch dimensions of either. */
function withBatch(lines: HloLines, a: HloValue, b: HloValue): [HloValue, HloValue] {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const rank = Math.max(batchA.length, batchB.length)
  const batch = Array.from({ length: rank }, (_, i) => {
    const [x, y] = [batchA[i - rank + batchA.length] ?? 1, batchB[i - rank + batchB.length] ?? 1]
    return x === 1 ? y : x
  })
  return [lines.broadcast(a, [...batch, ...a.shape.slice(-2)]), lines.broadcast(b, [...batch, ...b.shape.slice(-2)])]
}
