/** y = s · x Wᵀ + b, as PyTorch lays out weights: x [rows, in], W [out, in], b [out] or [rows, out]. */

import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused, withGradient } from './fused.ts'

interface Product {
  readonly scale: number
  readonly transposeB: boolean
}

const PRODUCT: FusedOp<Product> = {
  trace: (inputs, { scale, transposeB }) => {
    const [a, b] = inputs
    const shape = [a!.shape[0]!, b!.shape[transposeB ? 0 : 1]!]
    const attributes = { alpha: { float: scale }, transB: { int: transposeB ? 1 : 0 } }
    return [
      trace.emit(
        'Gemm',
        inputs.map((input) => trace.name(input)),
        shape,
        { attributes }
      )
    ]
  },
  eager: ([a, b, added], { scale, transposeB }) => {
    const product = tf.matMul(a!, b!, false, transposeB)
    const scaled = scale === 1 ? product : tf.mul(product, scale)
    return [added ? tf.add(scaled, added) : scaled]
  }
}

/** s · A B, or s · A Bᵀ; plus `added`, a matrix or a row, in the same pass. No gradient. */
export function product(a: Tensor, b: Tensor, options: Partial<Product> & { added?: Tensor } = {}): Tensor {
  const { scale = 1, transposeB = false, added } = options
  return runFused(PRODUCT, added ? [a, b, added] : [a, b], { scale, transposeB })[0]!
}

/** x [rows, in] → [rows, out]. */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  withGradient({
    inputs: [x, weight, bias] as const,
    forward: () => ({ value: product(x, weight, { transposeB: true, added: bias }) }),
    backward: (dy, [x0, w0]) => [product(dy, w0), tf.matMul(dy, x0, true, false), tf.sum(dy, 0)]
  })
