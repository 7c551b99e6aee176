/** The exact GELU, x Φ(x), with the error function: DINO's, not the tanh approximation. */
import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused, withGradient } from './fused.ts'

const GELU: FusedOp<null> = {
  trace: ([x]) => [trace.emit('Gelu', [trace.name(x!)], x!.shape, { domain: 'com.microsoft' })],
  eager: ([x]) => [tf.mul(x!, tf.mul(tf.add(tf.erf(tf.mul(x!, Math.SQRT1_2)), 1), 0.5))]
}

/** One node, without a gradient. */
export const geluForward = (x: Tensor): Tensor => runFused(GELU, [x], null)[0]!

/** ½ (1 + x) for x in [−1, 1]: HardSigmoid is that in one pass over memory, and its limits are never met. */
const HALF_OF_ONE_PLUS: FusedOp<null> = {
  trace: ([x]) => {
    const attributes = { alpha: { float: 0.5 }, beta: { float: 0.5 } }
    return [trace.emit('HardSigmoid', [trace.name(x!)], x!.shape, { attributes })]
  },
  eager: ([x]) => [tf.mul(tf.add(x!, 1), 0.5)]
}

export interface GeluAgain {
  /** x Φ(x), as `geluForward` gave it. */
  readonly value: Tensor
  /** Φ(x) + x φ(x). */
  readonly slope: Tensor
}

/**
 * Value and slope for the backward pass, which then needs to keep x alone: making the value again costs one product, less
 * than writing it to cold memory and reading it back. The constant of φ sits in the exponent, where it costs no pass.
 */
export function geluAgain(x: Tensor): GeluAgain {
  const a = tf.mul(x, Math.SQRT1_2)
  const phi = runFused(HALF_OF_ONE_PLUS, [tf.erf(a)], null)[0]!
  const density = tf.exp(tf.sub(-0.5 * Math.log(2 * Math.PI), tf.square(a)))
  return { value: tf.mul(x, phi), slope: tf.add(tf.mul(x, density), phi) }
}

export const gelu = (x: Tensor): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => ({ value: geluForward(x) }),
    backward: (dy, [z]) => [tf.mul(dy, geluAgain(z).slope)]
  })
