/** The exact GELU, x Φ(x), with the error function: DINO's, not the tanh approximation. */

import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused, withGradient } from './fused.ts'

const GELU: FusedOp<null> = {
  trace: ([x]) => [trace.emit('Gelu', [trace.name(x!)], x!.shape, { domain: 'com.microsoft' })],
  eager: ([x]) => [tf.mul(x!, tf.mul(tf.add(tf.erf(tf.mul(x!, Math.SQRT1_2)), 1), 0.5))]
}

/** Without a gradient: for code that writes its backward pass itself. */
export const geluForward = (x: Tensor): Tensor => runFused(GELU, [x], null)[0]!

/**
 * 2 · dGELU/dx = 1 + erf(a) + 2/√π · a · exp(−a²) with a = x/√2. Whoever multiplies by it puts the missing half where it
 * costs no pass over memory. The constant 2/√π sits in the exponent for the same reason.
 */
export function twiceGeluDerivative(x: Tensor): Tensor {
  const a = tf.mul(x, Math.SQRT1_2)
  const density = tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(a)))
  return tf.add(tf.add(tf.mul(a, density), tf.erf(a)), 1)
}

export const gelu = (x: Tensor): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => ({ value: geluForward(x) }),
    backward: (dy, [z]) => [tf.mul(tf.mul(dy, 0.5), twiceGeluDerivative(z))]
  })
