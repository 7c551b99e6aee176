/** AdamW with clipping of each parameter by itself, and the teacher's moving average, as PyTorch and DINO compute them. */
import { sumSquares } from '../../engine/ops/sum-squares.ts'
import { type Tensor, tf } from '../../engine/tf.ts'

/** Scalars of one parameter group at one step. */
export interface AdamScalars {
  readonly beta1: Tensor
  readonly oneMinusBeta1: Tensor
  readonly beta2: Tensor
  readonly oneMinusBeta2: Tensor
  /** lr √(1 − β₂ᵗ) / (1 − β₁ᵗ). */
  readonly stepSize: Tensor
  /** ε √(1 − β₂ᵗ): with it and `stepSize` the bias corrections cost no pass over the parameters. */
  readonly epsilon: Tensor
  /** 1 − lr · wd. */
  readonly decay: Tensor
}

export interface Moments {
  readonly value: Tensor
  readonly m: Tensor
  readonly v: Tensor
}

/** Factor that limits the norm to `clip`; 0 switches it off. */
export function clipFactor(gradient: Tensor, clip: number): Tensor | undefined {
  if (clip === 0) return undefined
  const norm = tf.sqrt(sumSquares(gradient))
  return tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1)
}

export interface AdamStep extends Moments {
  readonly gradient: Tensor
  readonly clip: number
  readonly decayed: boolean
}

/** value ← value · decay − stepSize · m / (√v + ε), with the moments after this gradient. */
export function adamW({ value, m, v, gradient, clip, decayed }: AdamStep, scalars: AdamScalars): Moments {
  const { beta1, oneMinusBeta1, beta2, oneMinusBeta2, stepSize, epsilon, decay } = scalars
  const factor = clipFactor(gradient, clip)
  const first = factor ? tf.mul(oneMinusBeta1, factor) : oneMinusBeta1
  const second = factor ? tf.mul(oneMinusBeta2, tf.square(factor)) : oneMinusBeta2
  const nextM = tf.add(tf.mul(m, beta1), tf.mul(gradient, first))
  const nextV = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), second))
  const change = tf.mul(tf.div(nextM, tf.add(tf.sqrt(nextV), epsilon)), stepSize)
  return { m: nextM, v: nextV, value: tf.sub(decayed ? tf.mul(value, decay) : value, change) }
}
