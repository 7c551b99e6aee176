/** Layer normalization over the last dimension, without its affine part. */

import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused, withGradient } from './fused.ts'

const NORMALIZE: FusedOp<number> = {
  trace: ([x], epsilon) => {
    const dim = x!.shape.at(-1)!
    const one = trace.graph.constant(new Float32Array(dim).fill(1), [dim], 'float32')
    const column = [...x!.shape.slice(0, -1), 1]
    const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } }
    const [y, mean, deviation] = trace.graph.node('LayerNormalization', [trace.name(x!), one], { attributes, count: 3 })
    return [trace.info(y!, x!.shape), trace.info(mean!, column), trace.info(deviation!, column)]
  },
  eager: ([x], epsilon) => {
    const mean = tf.mean(x!, -1, true)
    const centered = tf.sub(x!, mean)
    const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), epsilon))
    return [tf.mul(centered, deviation), mean, deviation]
  }
}

export interface Normalized {
  /** (x − mean) / √(variance + ε). */
  readonly value: Tensor
  /** 1 / √(variance + ε), with a last dimension of 1. */
  readonly inverseDeviation: Tensor
}

/** No gradient. */
export function normalizeForward(x: Tensor, epsilon: number): Normalized {
  const [value, , inverseDeviation] = runFused(NORMALIZE, [x], epsilon)
  return { value: value!, inverseDeviation: inverseDeviation! }
}

/**
 * dL/dx from g = dL/dvalue, for a g whose mean over the last dimension is 0: then the term that the mean's own gradient
 * brings is 0 too, and with it two passes over memory.
 */
export function normalizeBackward(g: Tensor, { value, inverseDeviation }: Normalized): Tensor {
  const along = tf.mean(tf.mul(g, value), -1, true)
  return tf.mul(tf.sub(g, tf.mul(value, along)), inverseDeviation)
}

/** With that gradient: only for what is multiplied by centered rows next, so that its mean is indeed 0. */
export const normalizeInto = (x: Tensor, epsilon: number): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, epsilon)
      return { value, saved: [value, inverseDeviation] }
    },
    backward: (dy, _, [value, inverseDeviation]) => [
      normalizeBackward(dy, { value: value!, inverseDeviation: inverseDeviation! })
    ]
  })
