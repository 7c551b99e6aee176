/** AdamW with clipping of each parameter by itself, and the teacher's moving average, as PyTorch and DINO compute them. */
import { choose } from '../../engine/ops/choose.ts'
import { type Tensor, tf } from '../../engine/tf.ts'

/** Of one parameter group at one step: scalars, or a column with a number for each row of a matrix. */
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

/** Factor that limits a norm to `clip`, from the sum of squares; 0 switches it off. */
export function clipFactor(squares: Tensor, clip: number): Tensor | undefined {
  if (clip === 0) return undefined
  return tf.minimum(tf.div(clip, tf.add(tf.sqrt(squares), 1e-6)), 1)
}

export interface AdamStep extends Moments {
  readonly gradient: Tensor
  /** Of `clipFactor`. */
  readonly clip: Tensor | undefined
  readonly decayed: boolean
}

/** value ← value · decay − stepSize · m / (√v + ε), with the moments after this gradient. */
export function adamW({ value, m, v, gradient, clip, decayed }: AdamStep, scalars: AdamScalars): Moments {
  const { beta1, oneMinusBeta1, beta2, oneMinusBeta2, stepSize, epsilon, decay } = scalars
  const first = clip ? tf.mul(oneMinusBeta1, clip) : oneMinusBeta1
  const second = clip ? tf.mul(oneMinusBeta2, tf.square(clip)) : oneMinusBeta2
  const nextM = tf.add(tf.mul(m, beta1), tf.mul(gradient, first))
  const nextV = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), second))
  const change = tf.mul(tf.div(nextM, tf.add(tf.sqrt(nextV), epsilon)), stepSize)
  return { m: nextM, v: nextV, value: tf.sub(decayed ? tf.mul(value, decay) : value, change) }
}

/** What a step whose gradients cannot be used leaves as it was. */
export const chooseMoments = (usable: Tensor, moved: Moments, before: Moments): Moments => ({
  value: choose(usable, moved.value, before.value),
  m: choose(usable, moved.m, before.m),
  v: choose(usable, moved.v, before.v)
})
