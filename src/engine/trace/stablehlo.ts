/** A traced graph as StableHLO text, what XLA compiles: the same graph that onnx-model.ts writes as an ONNX file. */
import { invariant } from '../../base/errors.ts'
import type { Precision } from '../engine.ts'
import type { GraphNode, Initializer, WholeGraph } from './graph.ts'
import { type ElementType, HloLines, type HloValue, typeText, type ValueType } from './stablehlo-lines.ts'
import { writeOp } from './stablehlo-ops.ts'
import { type ProductOptions, writeProduct } from './stablehlo-products.ts'

export interface StableHloOptions {
  /** Of products that may round. */
  readonly precision: Precision
  /** Inputs whose memory an output takes over, by the names of both. */
  readonly donated?: ReadonlyMap<string, string>
  /** A scalar output: where it is 0, the outputs of `donated` are their inputs instead. */
  readonly commitIf?: string | undefined
}

const PRODUCTS = new Set(['MatMul', 'FusedMatMul'])

/** @param graph without free dimensions */
export function writeStableHlo(graph: WholeGraph, options: StableHloOptions): string {
  const writer = createWriter(graph, options)
  for (const node of graph.nodes) writer.write(node)
  const outputs = committed(writer.lines, graph, { get: writer.get, options })
  return moduleText(graph, { lines: writer.lines, outputs, options })
}

interface GraphWriter {
  readonly lines: HloLines
  get(name: string): HloValue
  write(node: GraphNode): void
}

function createWriter(graph: WholeGraph, { precision }: StableHloOptions): GraphWriter {
  const lines = new HloLines()
  const values = new Map<string, HloValue>()
  const integers = new Map<string, readonly number[]>()
  const constants = new Set(graph.initializers.map(({ name }) => name))
  const get = (name: string): HloValue => {
    const value = values.get(name)
    invariant(value, `the graph computes ${name} before it is used`)
    return value
  }
  graph.inputs.forEach(({ name, shape, type }, i) => {
    values.set(name, { name: `%arg${i}`, shape, type })
  })
  for (const initializer of graph.initializers) {
    if (initializer.type === 'int64') integers.set(initializer.name, initializer.values as readonly number[])
    else values.set(initializer.name, writeConstant(lines, initializer))
  }
  const writeWith = (node: GraphNode, source: (name: string) => HloValue): readonly HloValue[] =>
    writeOp({
      lines,
      node,
      inputs: node.inputs.filter((name) => !integers.has(name)).map(source),
      integers: (input) => integersOf(integers, node, input),
      shapeOf: (output) => shapeOf(graph, node, output)
    })
  const rounded = roundOnce(graph, { lines, get, writeWith })
  return {
    lines,
    get,
    write(node) {
      const written = PRODUCTS.has(node.op)
        ? [writeProduct(lines, node, node.inputs.map(get), { precision, constants, rounded })]
        : writeWith(node, get)
      node.outputs.forEach((output, i) => {
        values.set(output, written[i]!)
      })
    }
  }
}

interface Rounding {
  readonly lines: HloLines
  readonly get: (name: string) => HloValue
  readonly writeWith: (node: GraphNode, source: (name: string) => HloValue) => readonly HloValue[]
}

/** Ops of one value, which they only move. */
const MOVES = new Set(['Reshape', 'Slice', 'Split', 'Transpose'])

/**
 * The rounded image of a value. What is cut out of an input is cut out of the rounded input: the parameters of a network
 * lie in one matrix, and are rounded in one pass instead of one by one.
 */
function roundOnce(graph: WholeGraph, { lines, get, writeWith }: Rounding): ProductOptions['rounded'] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const inputs = new Set(graph.inputs.map(({ name }) => name))
  const low = new Map<string, HloValue>()
  const isOfInput = (name: string): boolean => {
    const producer = producers.get(name)
    return inputs.has(name) || (producer !== undefined && MOVES.has(producer.op) && isOfInput(producer.inputs[0]!))
  }
  return function rounded(name, type) {
    const known = low.get(name)
    if (known !== undefined) return known
    const producer = producers.get(name)
    if (producer === undefined || !isOfInput(name)) low.set(name, lines.convert(get(name), type))
    else {
      const moved = writeWith(producer, (input) => rounded(input, type))
      producer.outputs.forEach((output, i) => {
        low.set(output, moved[i]!)
      })
    }
    return low.get(name)!
  }
}

function integersOf(
  integers: ReadonlyMap<string, readonly number[]>,
  { inputs, op }: GraphNode,
  input: number
): readonly number[] {
  const values = integers.get(inputs[input]!)
  invariant(values, `${op} has integers as its input ${input}`)
  return values
}

function shapeOf({ values }: WholeGraph, { outputs }: GraphNode, output: number): readonly number[] {
  const value = values.get(outputs[output]!)
  invariant(value, `the graph knows the shape of ${outputs[output]}`)
  return value.shape
}

function writeConstant(lines: HloLines, { shape, type, values }: Initializer): HloValue {
  const first = Number(values[0])
  const element = type as ElementType
  if (Array.prototype.every.call(values, (value) => Object.is(value, values[0])))
    return lines.fill(first, { shape, type: element })
  const typed = type === 'float32' ? Float32Array.from(values) : Int32Array.from(values)
  const bytes = Buffer.from(typed.buffer, typed.byteOffset, typed.byteLength).toString('hex').toUpperCase()
  invariant(type === 'float32' || type === 'int32', `a constant of ${type} is written in StableHLO`)
  return lines.line(`stablehlo.constant dense<"0x${bytes}"> : ${typeText({ shape, type })}`, { shape, type })
}

interface Written {
  readonly get: (name: string) => HloValue
  readonly options: StableHloOptions
}

function committed(lines: HloLines, graph: WholeGraph, { get, options }: Written): HloValue[] {
  const { donated, commitIf } = options
  const inputOf = new Map([...(donated ?? [])].map(([input, output]) => [output, input]))
  const isKept = commitIf === undefined ? undefined : lines.compare('NE', get(commitIf), lines.scalar(0))
  return graph.outputs.map(({ name }) => {
    const input = inputOf.get(name)
    return isKept && input !== undefined ? lines.select(isKept, get(name), get(input)) : get(name)
  })
}

interface Body {
  readonly lines: HloLines
  readonly outputs: readonly HloValue[]
  readonly options: StableHloOptions
}

function moduleText(graph: WholeGraph, { lines, outputs, options: { donated } }: Body): string {
  const places = new Map(graph.outputs.map(({ name }, i) => [name, i]))
  const inputs = graph.inputs.map(({ name, shape, type }, i) => {
    const output = donated?.get(name)
    const alias = output === undefined ? '' : ` {tf.aliasing_output = ${places.get(output)} : i32}`
    return `%arg${i}: ${typeText({ shape, type } satisfies ValueType)}${alias}`
  })
  const types = outputs.map(typeText).join(', ')
  return `module @program {
func.func public @main(${inputs.join(', ')}) -> (${types}) {
${lines.lines.join('\n')}
return ${outputs.map(({ name }) => name).join(', ')} : ${types}
}
}
`
}
