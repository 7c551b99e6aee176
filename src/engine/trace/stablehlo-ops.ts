/** How each op of a traced graph is written in StableHLO: the second of two tables, beside the one of ONNX (onnx-model.ts). */
import type { GraphNode } from './graph.ts'
import type { OpContext, WriteOp } from './stablehlo-context.ts'
import { type ElementType, type HloLines, type HloValue, listText, typeText } from './stablehlo-lines.ts'
import { MOVES } from './stablehlo-moves.ts'

const attribute = ({ attributes, op }: GraphNode, name: string): number => {
  const value = attributes[name]
  if (value !== undefined && 'int' in value) return value.int
  if (value !== undefined && 'float' in value) return value.float
  throw new Error(`invariant: ${op} has no number ${name}`)
}

const axisOf = ({ node, inputs }: OpContext): number => {
  const axis = attribute(node, 'axis')
  return axis < 0 ? axis + inputs[0]!.shape.length : axis
}

const unary =
  (op: string): WriteOp =>
  ({ lines, inputs: [x] }) =>
    lines.unary(op, x!)

const binary =
  (op: string): WriteOp =>
  ({ lines, inputs: [a, b] }) =>
    lines.binary(op, a!, b!)

const ARITHMETIC: Readonly<Record<string, WriteOp>> = {
  Add: binary('add'),
  Sub: binary('subtract'),
  Mul: binary('multiply'),
  Div: binary('divide'),
  Max: binary('maximum'),
  Min: binary('minimum'),
  Exp: unary('exponential'),
  Log: unary('log'),
  Sqrt: unary('sqrt'),
  Neg: unary('negate'),
  Abs: unary('abs'),
  Sign: unary('sign'),
  Sigmoid: unary('logistic'),
  Identity: ({ inputs: [x] }) => x!,
  Reciprocal: ({ lines, inputs: [x] }) => lines.binary('divide', lines.scalar(1), x!),
  Erf: ({ lines, inputs: [x] }) => erf(lines, x!),
  // ½ (log1p x − log1p −x), near 0 as exact as the argument.
  Atanh: ({ lines, inputs: [x] }) => {
    const difference = lines.binary(
      'subtract',
      lines.unary('log_plus_one', x!),
      lines.unary('log_plus_one', lines.unary('negate', x!))
    )
    return lines.binary('multiply', difference, lines.scalar(0.5))
  },
  Gelu: ({ lines, inputs: [x] }) => {
    const phi = lines.binary(
      'add',
      erf(lines, lines.binary('multiply', x!, lines.scalar(Math.SQRT1_2))),
      lines.scalar(1)
    )
    return lines.binary('multiply', lines.binary('multiply', x!, lines.scalar(0.5)), phi)
  },
  HardSigmoid: ({ lines, node, inputs: [x] }) => {
    const slope = lines.binary('multiply', x!, lines.scalar(attribute(node, 'alpha')))
    const line = lines.binary('add', slope, lines.scalar(attribute(node, 'beta')))
    return lines.binary('minimum', lines.binary('maximum', line, lines.scalar(0)), lines.scalar(1))
  },
  Less: ({ lines, inputs: [a, b] }) => lines.compare('LT', a!, b!),
  Where: ({ lines, inputs: [condition, yes, no] }) => lines.select(condition!, yes!, no!),
  Cast: ({ lines, node, inputs: [x] }) => {
    const to = node.attributes['to']
    if (to === undefined || !('type' in to)) throw new Error('invariant: a Cast says to what')
    return lines.convert(x!, to.type as ElementType)
  }
}

const erf = (lines: HloLines, x: HloValue): HloValue =>
  lines.line(`chlo.erf ${x.name} : ${typeText(x)} -> ${typeText(x)}`, x)

function axesAttribute({ node: { attributes } }: OpContext): readonly number[] {
  const axes = attributes['axes']
  if (axes === undefined || !('ints' in axes)) throw new Error('invariant: a reduction says over which axes')
  return axes.ints
}

/** Σ over the axes, in the shape that the graph wants: with or without them. */
const sum = (context: OpContext, axes: readonly number[]): HloValue =>
  context.lines.reshape(context.lines.reduce('add', context.inputs[0]!, axes), context.shapeOf(0))

const REDUCTIONS: Readonly<Record<string, WriteOp>> = {
  ReduceSum: (context) => sum(context, context.integers(1)),
  ReduceMean: (context) => {
    const axes = axesAttribute(context)
    const count = axes.reduce((product, axis) => product * context.inputs[0]!.shape[axis]!, 1)
    return context.lines.binary('divide', sum(context, axes), context.lines.scalar(count))
  },
  ReduceMax: (context) => {
    const { lines, inputs } = context
    return lines.reshape(lines.reduce('maximum', inputs[0]!, axesAttribute(context)), context.shapeOf(0))
  },
  ReduceSumSquare: ({ lines, inputs: [x] }) =>
    lines.reduce(
      'add',
      lines.binary('multiply', x!, x!),
      x!.shape.map((_, axis) => axis)
    ),
  ArgMax: (context) => argMax(context.lines, context.inputs[0]!, axisOf(context)),
  Softmax: (context) => {
    const { lines } = context
    const { exponentials, total } = softmaxParts(lines, context.inputs[0]!, axisOf(context))
    return lines.binary('divide', exponentials, total)
  },
  LogSoftmax: (context) => {
    const { lines } = context
    const { shifted, total } = softmaxParts(lines, context.inputs[0]!, axisOf(context))
    return lines.binary('subtract', shifted, lines.unary('log', total))
  },
  LayerNormalization: layerNormalization
}

function softmaxParts(lines: HloLines, x: HloValue, axis: number) {
  const shifted = lines.binary('subtract', x, lines.reduceKeeping('maximum', x, [axis]))
  const exponentials = lines.unary('exponential', shifted)
  return { shifted, exponentials, total: lines.reduceKeeping('add', exponentials, [axis]) }
}

/** The first of the largest: the smallest index among those that equal the largest. */
function argMax(lines: HloLines, x: HloValue, axis: number): HloValue {
  const indices = { shape: x.shape, type: 'int32' } as const
  const iota = lines.line(`stablehlo.iota dim = ${axis} : ${typeText(indices)}`, indices)
  const isLargest = lines.compare('EQ', x, lines.reduceKeeping('maximum', x, [axis]))
  return lines.reduce('minimum', lines.select(isLargest, iota, lines.scalar(2 ** 31 - 1, 'int32')), [axis])
}

function layerNormalization({ lines, node, inputs: [x, weight] }: OpContext): HloValue[] {
  const axis = x!.shape.length - 1
  const count = lines.scalar(x!.shape[axis]!)
  const mean = lines.binary('divide', lines.reduceKeeping('add', x!, [axis]), count)
  const centered = lines.binary('subtract', x!, mean)
  const squares = lines.binary('multiply', centered, centered)
  const variance = lines.binary('divide', lines.reduceKeeping('add', squares, [axis]), count)
  const inverse = lines.unary('rsqrt', lines.binary('add', variance, lines.scalar(attribute(node, 'epsilon'))))
  return [lines.binary('multiply', lines.binary('multiply', centered, inverse), weight!), mean, inverse]
}

/** Over all replicas; each gets the result. */
const ACROSS: Readonly<Record<string, WriteOp>> = {
  AllReduceSum: (context) => allReduce(context, 'add'),
  AllReduceMax: (context) => allReduce(context, 'maximum')
}

function allReduce({ lines, node, inputs: [x] }: OpContext, op: 'add' | 'maximum'): HloValue {
  const replicas = attribute(node, 'replicas')
  const group = listText(Array.from({ length: replicas }, (_, replica) => replica))
  const scalar = typeText({ shape: [], type: x!.type })
  return lines.line(
    `"stablehlo.all_reduce"(${x!.name}) <{replica_groups = dense<[${group}]> : tensor<1x${replicas}xi64>}> ({
^bb0(%a: ${scalar}, %b: ${scalar}):
%c = stablehlo.${op} %a, %b : ${scalar}
stablehlo.return %c : ${scalar}
}) : (${typeText(x!)}) -> ${typeText(x!)}`,
    x!
  )
}

/** All but matrix products, which stablehlo-products.ts writes. */
export const OPS: Readonly<Record<string, WriteOp>> = { ...ARITHMETIC, ...REDUCTIONS, ...MOVES, ...ACROSS }

export function writeOp(context: OpContext): readonly HloValue[] {
  const write = OPS[context.node.op]
  if (write === undefined) throw new Error(`invariant: ${context.node.op} is written in StableHLO`)
  const values = write(context)
  return Array.isArray(values) ? values : [values as HloValue]
}
