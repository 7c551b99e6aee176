/** An ONNX graph in the making: nodes, initializers and the names of values. */
import { AppError, invariant } from '../../base/errors.ts'
import type { DType, TensorSpec, Values } from '../tensor-spec.ts'

export type OnnxType = DType | 'int64' | 'bool'
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly type: OnnxType }
export type Attributes = Readonly<Record<string, Attribute>>

export interface GraphNode {
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
  /** Stays in float32 where the others may be computed in less. */
  readonly isExact?: true
  /** A product whose float32 sums are not rounded again when its operands are. */
  readonly keepsSum?: true
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

/** A graph that is written to its end: what becomes a file, or another compiler's text. -1 is a free dimension. */
export interface WholeGraph {
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  readonly nodes: readonly GraphNode[]
  readonly initializers: readonly Initializer[]
  /** Inputs, initializers and every output of a node, by name. A size that depends on the batch is a multiple of FREE_BATCH. */
  readonly values: ReadonlyMap<string, GraphValue>
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
  /** Whether who runs the graph fuses what lies between products, see Engine. */
  readonly fuses: boolean
  /** Whether nodes that come now stay in float32. */
  isExact = false
  /** Whether products that come now keep their sums. */
  keepsSums = false
  #counter = 0
  readonly #outputs = new Map<string, string>()
  readonly #seen = new Map<string, readonly string[]>()
  readonly #values = new Map<string, GraphValue>()

  constructor({ fuses = false } = {}) {
    this.fuses = fuses
  }

  nextName(): string {
    return `t${this.#counter++}`
  }

  /** Keeps what a value is; every name is described by who gives or finds it. */
  describe(value: GraphValue): void {
    const { name, shape, type } = value
    const known = this.#values.get(name) ?? value
    const isSame = known.type === type && known.shape.join() === shape.join()
    invariant(isSame, `${name} is ${known.type} [${known.shape}], not ${type} [${shape}]`)
    this.#values.set(name, known)
  }

  /** Appends a node, or finds the equal one: every op here is pure. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    const { attributes = {}, domain = '', count = 1 } = options
    const marks = {
      ...(this.isExact ? ({ isExact: true } as const) : {}),
      ...(this.keepsSums ? ({ keepsSum: true } as const) : {})
    }
    const key = JSON.stringify([op, domain, inputs, attributes, count, marks])
    const found = this.#seen.get(key)
    if (found) return found
    const outputs = Array.from({ length: count }, () => this.nextName())
    this.nodes.push({ op, domain, inputs, outputs, attributes, ...marks })
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
    this.describe({ ...this.#valueOf(name), name: wanted })
    this.#outputs.set(wanted, wanted)
  }

  /** What the outputs need, under the outputs' names. A gradient nobody asked for is traced, but not run. */
  finished(): Pick<WholeGraph, 'nodes' | 'initializers' | 'values'> {
    const needed = new Set(this.#outputs.keys())
    const kept: GraphNode[] = []
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue
      for (const input of node.inputs) needed.add(input)
      kept.push(node)
    }
    const named = (name: string) => this.#outputs.get(name) ?? name
    const nodes = kept.map((node) => ({ ...node, inputs: node.inputs.map(named), outputs: node.outputs.map(named) }))
    const initializers = this.initializers.filter(({ name }) => needed.has(name))
    const names = [...this.inputs, ...initializers].map(({ name }) => name)
    const values = [...names, ...kept.flatMap(({ outputs }) => outputs)].map((name): [string, GraphValue] => {
      return [named(name), { ...this.#valueOf(name), name: named(name) }]
    })
    return { nodes: nodes.reverse(), initializers, values: new Map(values) }
  }

  #valueOf(name: string): GraphValue {
    const value = this.#values.get(name)
    invariant(value, `the value ${name} is described`)
    return value
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
    this.describe({ name, shape, type })
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
