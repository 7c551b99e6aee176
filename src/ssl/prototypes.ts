/**
 * The head's last layer as a mixture of von Mises–Fisher components: prototype k has the weight w = g v/‖v‖, points to
 * v/‖v‖ and has the concentration κ = |g|/τ. DINO-vMF adds log C_p(κ) to the logit ⟨w, y⟩/τ (arXiv 2405.10939).
 */
import { keepingSums } from '../engine/ops/exactly.ts'
import { withGradient } from '../engine/ops/fused.ts'
import { linear } from '../engine/ops/linear.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { deltaLogNormalizer } from './log-normalizer.ts'

export interface Prototypes {
  /** w [K, p]. */
  readonly weight: Tensor
  /** ‖w‖ [K]: |g|, without a norm to compute. */
  readonly norm: Tensor
}

/** PyTorch's weight normalization: g [K, 1], v [K, p] → g v/‖v‖. */
const weightNorm = (g: Tensor, v: Tensor): Tensor =>
  withGradient({
    inputs: [g, v] as const,
    forward: () => {
      const inverse = tf.rsqrt(tf.sum(tf.square(v), 1, true))
      return { value: tf.mul(v, tf.mul(g, inverse)), saved: [inverse] }
    },
    backward: (dw, [g0, v0], [inverse]) => {
      const dg = tf.mul(tf.sum(tf.mul(dw, v0), 1, true), inverse!)
      const radial = tf.mul(tf.mul(dg, g0), tf.square(inverse!))
      return [dg, tf.sub(tf.mul(dw, tf.mul(g0, inverse!)), tf.mul(v0, radial))]
    }
  })

// TensorFlow.js's own gradient is −1 at 0, which depends on the side one comes from.
const magnitude = (x: Tensor): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => ({ value: tf.abs(x) }),
    backward: (dy, [x0]) => [tf.mul(dy, tf.sign(x0))]
  })

/** `last_layer2` is the patches' own, where the head is not shared. */
export type LastLayer = 'last_layer' | 'last_layer2'

/** @param parameters `head.last_layer.…` */
export function prototypesOf(parameters: Tensors, layer: LastLayer = 'last_layer'): Prototypes {
  const g = parameters[`head.${layer}.weight_g`]!
  return {
    weight: weightNorm(g, parameters[`head.${layer}.weight_v`]!),
    norm: tf.reshape(magnitude(g), [-1])
  }
}

/** [K]: what DINO-vMF adds to the logits at a temperature, up to a constant. */
export const logNormalizers = ({ norm, weight }: Prototypes, inverseTemperature: Tensor): Tensor =>
  deltaLogNormalizer(tf.mul(norm, inverseTemperature), weight.shape[1]!)

export interface LogitOptions {
  readonly inverseTemperature: Tensor
  /** [K], added. */
  readonly offset?: Tensor
}

/** y [rows, p] unit rows → ⟨w, y⟩/τ + offset, [rows, K]. */
export function logits(y: Tensor, { weight }: Prototypes, at: LogitOptions): Tensor {
  // The temperature goes to the narrow side.
  const scaled = tf.mul(y, at.inverseTemperature)
  return keepingSums(
    (): Tensor =>
      at.offset
        ? linear(scaled, weight, at.offset)
        : tf.matMul(scaled as tf.Tensor2D, weight as tf.Tensor2D, false, true)
  )
}
