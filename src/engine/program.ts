import type { TensorSpec } from './tensor-spec.ts'
import type { Tensors } from './tf.ts'

/**
 * A pure function in tensor ops: no state, no randomness, no I/O. The same `build` is run eagerly by one engine and
 * traced into a graph by the other, so it must not read the value of a tensor.
 */
export interface Program {
  readonly name: string
  readonly inputs: readonly TensorSpec[]
  /** The names that `build` returns, in the order in which they should be computed last to first. */
  readonly outputs: readonly string[]
  build(inputs: Tensors): Tensors
}
