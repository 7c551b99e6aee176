/** What the writer of an op is given. */
import type { GraphNode } from './graph.ts'
import type { HloLines, HloValue } from './stablehlo-lines.ts'

export interface OpContext {
  readonly lines: HloLines
  readonly node: GraphNode
  /** The computed inputs. */
  readonly inputs: readonly HloValue[]
  /** The values of an integer input, which ONNX takes for sizes and axes. */
  integers(input: number): readonly number[]
  /** What the graph says of an output. */
  shapeOf(output: number): readonly number[]
}

/** @returns a value for each output */
export type WriteOp = (context: OpContext) => HloValue | readonly HloValue[]
