import { type Tensor, tf } from '../tf.ts'
import { withGradient } from './fused.ts'
import { columnSums } from './linear.ts'
import { normalizeBackward, normalizeForward } from './normalize.ts'

/** x [rows, dim] → (x − mean) / √(variance + ε) ∘ weight + bias, each row by itself. */
export const layerNorm = (x: Tensor, affine: { weight: Tensor; bias: Tensor; epsilon: number }): Tensor =>
  withGradient({
    inputs: [x, affine.weight, affine.bias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, affine.epsilon)
      return { value: tf.add(tf.mul(value, affine.weight), affine.bias), saved: [value, inverseDeviation] }
    },
    backward: (dy, [, weight], [value, inverseDeviation]) => {
      const g = tf.mul(dy, weight)
      const centered = tf.sub(g, tf.mean(g, -1, true))
      const dx = normalizeBackward(centered, { value: value!, inverseDeviation: inverseDeviation! })
      return [dx, columnSums(tf.mul(dy, value!)), columnSums(dy)]
    }
  })
