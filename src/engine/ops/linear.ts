/** y = x Wᵀ + b, as PyTorch lays out weights: x [rows, in], W [out, in], b [out]. */

import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused, withGradient } from './fused.ts'

const PRODUCT: FusedOp<boolean> = {
  trace: ([a, b], transposeB) => {
    const shape = [a!.shape[0]!, b!.shape[transposeB ? 0 : 1]!]
    const attributes = { transB: { int: transposeB ? 1 : 0 } }
    return [trace.emit('FusedMatMul', [trace.name(a!), trace.name(b!)], shape, { attributes, domain: 'com.microsoft' })]
  },
  eager: ([a, b], transposeB) => [tf.matMul(a!, b!, false, transposeB)]
}

/**
 * A B or A Bᵀ of matrices, without gradient. FusedMatMul even where nothing is fused: the runtime joins a MatMul and the
 * sum behind it to a Gemm, whose added part is copied by a single thread.
 */
export const product = (a: Tensor, b: Tensor, { transposeB = false } = {}): Tensor =>
  runFused(PRODUCT, [a, b], transposeB)[0]!

const COLUMN_SUMS: FusedOp<null> = {
  trace: ([x]) => {
    const [rows, columns] = x!.shape as [number, number]
    const ones = trace.graph.constant(new Float32Array(rows).fill(1), [1, rows], 'float32')
    const sums = trace.emit('MatMul', [ones, trace.name(x!)], [1, columns])
    return [trace.emit('Reshape', [trace.name(sums), trace.graph.integers([columns])], [columns])]
  },
  eager: ([x]) => [tf.sum(x!, 0)]
}

/** [rows, columns] → [columns]; as a product with ones it takes half the time of ReduceSum. No gradient. */
export const columnSums = (x: Tensor): Tensor => runFused(COLUMN_SUMS, [x], null)[0]!

/** x [rows, in] → [rows, out]. */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  withGradient({
    inputs: [x, weight, bias] as const,
    forward: () => ({ value: tf.add(product(x, weight, { transposeB: true }), bias) }),
    backward: (dy, [x0, w0]) => [product(dy, w0), tf.matMul(dy, x0, true, false), columnSums(dy)]
  })
