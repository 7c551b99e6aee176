/** y = x Wᵀ + b, as PyTorch lays out weights: x [rows, in], W [out, in], b [out]. */

import { type Tensor, tf } from '../tf.ts'
import { isFused, traceBackend as trace } from '../trace/backend.ts'
import { keepingSums } from './exactly.ts'
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

/** Rows of ones: a product of a single row is no product to XLA but a sum in two passes, and tensor cores take eight. */
const onesRows = (): number => (isFused() ? 8 : 1)

const COLUMN_SUMS: FusedOp<null> = {
  trace: ([x]) => {
    const [rows, columns] = x!.shape as [number, number]
    const count = onesRows()
    const ones = trace.graph.constant(new Float32Array(count * rows).fill(1), [count, rows], 'float32')
    const sums = trace.emit('MatMul', [ones, trace.name(x!)], [count, columns])
    const { graph } = trace
    const range = [graph.integers([0]), graph.integers([1]), graph.integers([0])]
    const row = count === 1 ? sums : trace.emit('Slice', [trace.name(sums), ...range], [1, columns])
    return [trace.emit('Reshape', [trace.name(row), graph.integers([columns])], [columns])]
  },
  eager: ([x]) => [tf.sum(x!, 0)]
}

/**
 * [rows, columns] → [columns], without gradient. In ONNX Runtime a product with ones takes half the time of ReduceSum, on a
 * GPU one launch instead of two.
 */
export const columnSums = (x: Tensor): Tensor => keepingSums(() => runFused(COLUMN_SUMS, [x], null)[0]!)

/** x [rows, in] → [rows, out]. */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  withGradient({
    inputs: [x, weight, bias] as const,
    forward: () => ({ value: tf.add(product(x, weight, { transposeB: true }), bias) }),
    backward: (dy, [x0, w0]) => [product(dy, w0), tf.matMul(dy, x0, true, false), columnSums(dy)]
  })
