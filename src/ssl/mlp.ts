/** The feed-forward half of a block: normalize, widen, GELU, narrow. */
import { withGradient } from '../engine/ops/fused.ts'
import { geluForward, twiceGeluDerivative } from '../engine/ops/gelu.ts'
import { product } from '../engine/ops/linear.ts'
import { normalizeBackward, normalizeForward } from '../engine/ops/normalize.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { EPSILON } from './attention.ts'

/** Of a linear layer y = x Wᵀ + b. */
export interface Affine {
  readonly weight: Tensor
  readonly bias: Tensor
}

/**
 * A layer normalization's own weight and bias, folded into the linear layer behind it: then the wide tensors are only
 * normalized. The rows of the folded weight are centered, which changes nothing for inputs of mean 0 and spares the
 * backward pass the gradient through the mean (see normalizeBackward).
 */
export function foldNorm(norm: Affine, { weight, bias }: Affine): Affine {
  const scaled = tf.mul(weight, norm.weight)
  const shift = tf.reshape(tf.matMul(weight, tf.reshape(norm.bias, [-1, 1]) as tf.Tensor2D), [-1])
  return { weight: tf.sub(scaled, tf.mean(scaled, 1, true)), bias: tf.add(bias, shift) }
}

/** x [rows, D] → [rows, D], without the residual. `widen` comes from `foldNorm`. */
export const feedForward = (x: Tensor, widen: Affine, narrow: Affine): Tensor =>
  withGradient({
    inputs: [x, widen.weight, widen.bias, narrow.weight, narrow.bias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, EPSILON)
      const z = product(value, widen.weight, { transposeB: true, added: widen.bias })
      const h = geluForward(z)
      const y = product(h, narrow.weight, { transposeB: true, added: narrow.bias })
      return { value: y, saved: [value, inverseDeviation, z, h] }
    },
    backward: (dy, [, w1, , w2], saved) => {
      const [value, inverseDeviation, z, h] = saved as [Tensor, Tensor, Tensor, Tensor]
      const dz = tf.mul(product(dy, w2, { scale: 0.5 }), twiceGeluDerivative(z))
      const dx = normalizeBackward(product(dz, w1), { value, inverseDeviation })
      const dW1 = tf.matMul(dz, value, true, false)
      return [dx, dW1, tf.sum(dz, 0), tf.matMul(dy, h, true, false), tf.sum(dy, 0)]
    }
  })
