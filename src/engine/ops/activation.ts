/** What stands between the two linear layers of a feed-forward: GELU, or SwiGLU's gate (arXiv 2002.05202), as DINOv2's ViT-g has it. */
import { type Tensor, tf } from '../tf.ts'
import { withGradient } from './fused.ts'
import { geluAgain, geluForward } from './gelu.ts'

export interface Activation {
  /** Without a gradient. */
  readonly forward: (x: Tensor) => Tensor
  /** For the backward pass, which then needs to keep x alone. */
  readonly again: (x: Tensor) => Again
}

export interface Again {
  readonly value: Tensor
  /** From the gradient of the value to that of x. */
  readonly gradient: (dy: Tensor) => Tensor
}

export const GELU: Activation = {
  forward: geluForward,
  again: (x) => {
    const { value, slope } = geluAgain(x)
    return { value, gradient: (dy) => tf.mul(dy, slope) }
  }
}

/** silu(a) ∘ b of rows [a b]: [N, 2h] → [N, h], with silu(a) = a σ(a) and its slope σ + silu · (1 − σ). */
export const SWIGLU: Activation = {
  forward: (x) => {
    const [gate, value] = tf.split(x, 2, 1) as [Tensor, Tensor]
    return tf.mul(tf.mul(gate, tf.sigmoid(gate)), value)
  },
  again: (x) => {
    const [gate, value] = tf.split(x, 2, 1) as [Tensor, Tensor]
    const sigmoid = tf.sigmoid(gate)
    const silu = tf.mul(gate, sigmoid)
    const slope = tf.add(sigmoid, tf.mul(silu, tf.sub(1, sigmoid)))
    const gradient = (dy: Tensor) => tf.concat([tf.mul(tf.mul(dy, value), slope), tf.mul(dy, silu)], 1)
    return { value: tf.mul(silu, value), gradient }
  }
}

export const activate = ({ forward, again }: Activation, x: Tensor): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => ({ value: forward(x) }),
    backward: (dy, [z]) => [again(z).gradient(dy)]
  })
