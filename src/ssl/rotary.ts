/**
 * Positions as rotations of queries and keys, as DINOv3 has them (facebookresearch/dinov3, rope_position_encoding.py): the
 * centers of patches lie in [−1, 1] whatever their number, so that crops of all sizes need no table. Of a head's d numbers a
 * quarter turn with the row and a quarter with the column, by 2π · coordinate / 100^(4j/d), each together with the number half
 * a head further on. Class token and registers do not turn. The random shifts and scales of DINOv3's training are not made here.
 */
import { type Tensor, tf } from '../engine/tf.ts'
import { leadingTokens, type Network, ROTARY_BASE } from '../recipe/network.ts'
import { type Grid, squareOf } from './position.ts'

/** Of one number of tokens, [tokens, d] each. */
export interface Rotation {
  readonly cos: Tensor
  /** Of the numbers half a head further on, negative in the first half. */
  readonly sin: Tensor
}

export interface TurnedTokens {
  readonly tokens: number
  /** Of the patches; a square when it is left out. */
  readonly grid?: Grid | undefined
}

/**
 * Undefined where positions are a table.
 * @param rows of the result, not below `tokens`; those behind do not turn
 */
export function rotationOf(network: Network, { tokens, grid }: TurnedTokens, rows = tokens): Rotation | undefined {
  if (network.positions !== 'rotary') return undefined
  const size = network.dim / network.heads
  const leading = leadingTokens(network)
  const [height, width] = grid ?? squareOf(tokens - leading)
  const cos = new Float32Array(rows * size).fill(1)
  const sin = new Float32Array(rows * size)
  const quarter = size / 4
  for (let patch = 0; patch < height * width; patch++) {
    const centers = [centerOf(Math.floor(patch / width), height), centerOf(patch % width, width)]
    for (let i = 0; i < size; i++) {
      const within = i % (size / 2)
      const center = centers[Math.floor(within / quarter)]!
      const angle = 2 * Math.PI * center * ROTARY_BASE ** (-(within % quarter) / quarter)
      const at = (leading + patch) * size + i
      cos[at] = Math.cos(angle)
      sin[at] = i < size / 2 ? -Math.sin(angle) : Math.sin(angle)
    }
  }
  return { cos: tf.tensor2d(cos, [rows, size]), sin: tf.tensor2d(sin, [rows, size]) }
}

const centerOf = (at: number, of: number): number => (2 * (at + 0.5)) / of - 1

/** x [batch, heads, tokens, d]. */
export function rotate(x: Tensor, { cos, sin }: Rotation): Tensor {
  const [first, second] = tf.split(x, 2, 3) as [Tensor, Tensor]
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([second, first], 3), sin))
}

/** Its inverse, and so the way of gradients. */
export function rotateBack(x: Tensor, { cos, sin }: Rotation): Tensor {
  const [first, second] = tf.split(x, 2, 3) as [Tensor, Tensor]
  return tf.sub(tf.mul(x, cos), tf.mul(tf.concat([second, first], 3), sin))
}
