/**
 * Mixed precision as a pass over a finished graph: matrix products take and give bfloat16 or float16, everything else
 * (norms, softmax, loss, center, optimizer) stays in float32. A value is cast once however many products take it, so a
 * weight is cast once a step; values that only move between two products do so in the low type.
 */
import type { GraphNode, LowType, WholeGraph } from '../trace/graph.ts'

export interface LowProducts {
  readonly type: LowType
  /**
   * Where the device has no kernels for the type: operands and results are rounded to it, the product itself is computed
   * in float32. That is what a tensor core does, whose sums are float32, so the numbers are the same but for the order
   * of the sum.
   */
  readonly rounded: boolean
}

const PRODUCTS = new Set(['MatMul', 'FusedMatMul', 'Gemm'])
/** Ops that move values of any type; all inputs but the first, or all of Concat, are sizes and axes. */
const MOVES = new Set(['Reshape', 'Transpose', 'Split', 'Slice', 'Concat', 'Identity'])

const dataOf = ({ op, inputs }: GraphNode): readonly string[] => (op === 'Concat' ? inputs : inputs.slice(0, 1))

export function lowerProducts(graph: WholeGraph, low: LowProducts): WholeGraph {
  const constants = new Set(graph.initializers.map(({ name }) => name))
  const writer = createWriter(graph, low)
  for (const node of graph.nodes) {
    // A constant operand makes it a sum or a resampling, not a layer.
    const isLayer = PRODUCTS.has(node.op) && node.isExact !== true && !node.inputs.some((name) => constants.has(name))
    if (isLayer) writer.product(node)
    else writer.keep(node)
  }
  return { ...graph, nodes: withoutDeadEnds(writer.nodes, graph) }
}

interface Writer {
  readonly nodes: readonly GraphNode[]
  keep(node: GraphNode): void
  product(node: GraphNode): void
}

function createWriter(graph: WholeGraph, { type, rounded }: LowProducts): Writer {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const nodes: GraphNode[] = []
  /** The low counterpart of a float32 value. */
  const lowNames = new Map<string, string>()
  /** What a product takes: the low value, or its exact float32 image where products are computed in float32. */
  const operands = new Map<string, string>()

  const cast = (input: string, output: string, to: LowType | 'float32'): string => {
    nodes.push({ op: 'Cast', domain: '', inputs: [input], outputs: [output], attributes: { to: { type: to } } })
    return output
  }

  /** The low counterpart where it needs no Cast: it was made before, or only moves what was. */
  function lowForFree(name: string): string | undefined {
    const known = lowNames.get(name)
    if (known !== undefined) return known
    const producer = producers.get(name)
    if (producer === undefined || !MOVES.has(producer.op)) return undefined
    const data = dataOf(producer).map(lowForFree)
    if (!data.every((one) => one !== undefined)) return undefined
    const outputs = producer.outputs.map((output) => `${output}.low`)
    nodes.push({ ...producer, inputs: [...data, ...producer.inputs.slice(data.length)], outputs })
    producer.outputs.forEach((output, i) => {
      lowNames.set(output, outputs[i]!)
    })
    return lowNames.get(name)
  }

  function lowOf(name: string): string {
    const low = lowForFree(name) ?? cast(name, `${name}.low`, type)
    lowNames.set(name, low)
    return low
  }

  function operandOf(name: string): string {
    const known = operands.get(name)
    if (known !== undefined) return known
    const operand = rounded ? cast(lowOf(name), `${name}.rounded`, 'float32') : lowOf(name)
    operands.set(name, operand)
    return operand
  }

  return {
    nodes,
    keep: (node) => void nodes.push(node),
    product(node) {
      const output = node.outputs[0]!
      const low = `${output}.low`
      const inputs = node.inputs.map(operandOf)
      nodes.push({ ...node, inputs, outputs: [rounded ? `${output}.exact` : low] })
      if (rounded) cast(`${output}.exact`, low, type)
      lowNames.set(output, low)
      cast(low, output, 'float32')
    }
  }
}

/** What no output needs: a result that goes on in the low type alone leaves its Cast to float32 behind. */
function withoutDeadEnds(nodes: readonly GraphNode[], { outputs }: WholeGraph): GraphNode[] {
  const needed = new Set(outputs.map(({ name }) => name))
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false
    for (const input of node.inputs) needed.add(input)
    return true
  })
  return kept.reverse()
}
