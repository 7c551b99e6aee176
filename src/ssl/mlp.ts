/** The feed-forward half of a block: normalize, widen, GELU, narrow. */
import { withGradient } from '../engine/ops/fused.ts'
import { geluAgain, geluForward } from '../engine/ops/gelu.ts'
import { columnSums, product } from '../engine/ops/linear.ts'
import { normalizeBackward, normalizeForward } from '../engine/ops/normalize.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { type Affine, EPSILON } from './fold.ts'

/** x [rows, D] → [rows, D], without the residual. `widen` comes from `foldNorm`. */
export const feedForward = (x: Tensor, widen: Affine, narrow: Affine): Tensor =>
  withGradient({
    inputs: [x, widen.weight, widen.bias, narrow.weight, narrow.bias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, EPSILON)
      const z = tf.add(product(value, widen.weight, { transposeB: true }), widen.bias)
      const y = tf.add(product(geluForward(z), narrow.weight, { transposeB: true }), narrow.bias)
      return { value: y, saved: [value, inverseDeviation, z] }
    },
    backward: (dy, [, w1, , w2], saved) => {
      const [value, inverseDeviation, z] = saved as [Tensor, Tensor, Tensor]
      const { value: h, slope } = geluAgain(z)
      const dz = tf.mul(product(dy, w2), slope)
      const dx = normalizeBackward(product(dz, w1), { value, inverseDeviation })
      const dW1 = tf.matMul(dz, value, true, false)
      return [dx, dW1, columnSums(dz), tf.matMul(dy, h, true, false), columnSums(dy)]
    }
  })
