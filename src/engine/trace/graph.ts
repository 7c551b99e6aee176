/** An ONNX graph in the making: nodes, initializers and the names of values. */
import { AppError } from '../../base/errors.ts'
import type { DType, TensorSpec, Values } from '../tensor-spec.ts'

export type OnnxType = DType | 'int64' | 'bool'
/** Only between Casts, where a pass puts them. */
export type LowType = 'float16' | 'bfloat16'
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly type: OnnxType | LowType }
  /** The body of a Loop; it sees the values of the graph around it. */
  | { readonly graph: WholeGraph }
export type Attributes = Readonly<Record<string, Attribute>>

export interface GraphNode {
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
  /** Stays in float32 whatever a pass does to the others. */
  readonly isExact?: true
}

export interface Initializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: OnnxType
  readonly values: Values | readonly number[]
}

/** One value of the graph as the emitters see it. */
export interface GraphValue {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: OnnxType
}

/** A graph that is written to its end: what passes take and give, and what becomes a file. -1 is a free dimension. */
export interface WholeGraph {
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  readonly nodes: readonly GraphNode[]
  readonly initializers: readonly Initializer[]
}

/** `com.microsoft` holds ONNX Runtime's own ops; all that are used here exist in its CPU build. */
export type Domain = '' | 'com.microsoft'

/**
 * Stands for the free batch dimension while tracing, since TensorFlow.js needs a number. A prime larger than any model
 * dimension's factors, so that "divisible by it" means "depends on the batch".
 */
export const FREE_BATCH = 1_000_003

const SMALL = 64

export class Graph {
  readonly nodes: GraphNode[] = []
  readonly initializers: Initializer[] = []
  readonly inputs: TensorSpec[] = []
  /** Whether nodes that come now stay in float32. */
  isExact = false
  #counter = 0
  readonly #outputs = new Map<string, string>()
  readonly #seen = new Map<string, readonly string[]>()

  nextName(): string {
    return `t${this.#counter++}`
  }

  /** Appends a node, or finds the equal one: every op here is pure. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    const { attributes = {}, domain = '', count = 1 } = options
    const exact = this.isExact ? ({ isExact: true } as const) : {}
    const key = JSON.stringify([op, domain, inputs, attributes, count, this.isExact])
    const found = this.#seen.get(key)
    if (found) return found
    const outputs = Array.from({ length: count }, () => this.nextName())
    this.nodes.push({ op, domain, inputs, outputs, attributes, ...exact })
    this.#seen.set(key, outputs)
    return outputs
  }

  /**
   * Gives a computed value its name for the outside. An input, a constant and a value that is already an output are
   * copied instead.
   */
  output(name: string, wanted: string): void {
    const computed = this.nodes.some((node) => node.outputs.includes(name))
    if (computed && !this.#outputs.has(name)) {
      this.#outputs.set(name, wanted)
      return
    }
    this.nodes.push({ op: 'Identity', domain: '', inputs: [name], outputs: [wanted], attributes: {} })
    this.#outputs.set(wanted, wanted)
  }

  /** What the outputs need, under the outputs' names. A gradient nobody asked for is traced, but not run. */
  finished(): { nodes: GraphNode[]; initializers: Initializer[] } {
    const needed = new Set(this.#outputs.keys())
    const kept: GraphNode[] = []
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue
      for (const input of node.inputs) needed.add(input)
      kept.push(node)
    }
    const named = (name: string) => this.#outputs.get(name) ?? name
    const nodes = kept.map((node) => ({ ...node, inputs: node.inputs.map(named), outputs: node.outputs.map(named) }))
    return { nodes: nodes.reverse(), initializers: this.initializers.filter(({ name }) => needed.has(name)) }
  }

  /** Small equal constants share one initializer. */
  constant(values: Initializer['values'], shape: readonly number[], type: OnnxType): string {
    if (shape.some(dependsOnBatch)) {
      throw new AppError('program_untraceable', { message: 'A constant cannot have the free batch dimension.' })
    }
    const key = values.length <= SMALL ? JSON.stringify([type, shape, Array.from(values)]) : undefined
    const found = key === undefined ? undefined : this.#seen.get(key)
    if (found) return found[0]!
    const name = this.nextName()
    this.initializers.push({ name, shape, type, values })
    if (key !== undefined) this.#seen.set(key, [name])
    return name
  }

  /** A list of sizes or axes, as ONNX ops take them. */
  integers(values: readonly number[]): string {
    return this.constant(values, [values.length], 'int64')
  }
}

export interface NodeOptions {
  readonly attributes?: Attributes
  readonly domain?: Domain
  readonly count?: number
}

export const dependsOnBatch = (size: number): boolean => size > 0 && size % FREE_BATCH === 0
