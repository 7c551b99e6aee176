/** From patches to the tokens that the first block sees. */
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { leadingTokens, type Network } from '../recipe/network.ts'
import { type Grid, positionsAt, squareOf } from './position.ts'

/** Pixels of patches, float, normalized: [patches, batch, channels · patch²], patches in reading order. */
export type Patches = Tensor

export interface EmbeddedPatches {
  readonly patches: Patches
  /** [patches, batch]: 1 where the mask token stands in for a patch, before positions are added. */
  readonly hidden?: Tensor
  /** Of the patches; a square when it is left out. */
  readonly grid?: Grid
}

export interface NetworkParameters {
  readonly network: Network
  /** By their names in the state dict, `backbone.…`. */
  readonly parameters: Tensors
}

/**
 * [leading tokens + patches, batch, dim]: the class token with its position, registers, then the patches, each with its own.
 */
export function embedPatches({ network, parameters }: NetworkParameters, of: EmbeddedPatches): Tensor {
  const { patches, hidden } = of
  const { dim } = network
  const [count, batch, pixels] = patches.shape as [number, number, number]
  const positions = positionTable({ network, parameters }, of.grid ?? squareOf(count))
  const first = tf.add(tf.slice(positions, [0, 0], [1, dim]), tf.reshape(parameters['backbone.cls_token']!, [1, dim]))
  const others = tf.add(tf.slice(positions, [1, 0], [count, dim]), parameters['backbone.patch_embed.proj.bias']!)
  const leading = leadingTokens(network)
  const registers = leading > 1 ? [tf.reshape(parameters['backbone.register_tokens']!, [leading - 1, dim])] : []
  const table = tf.reshape(tf.concat([first, ...registers, others]), [leading + count, 1, dim])

  const weight = tf.reshape(parameters['backbone.patch_embed.proj.weight']!, [dim, pixels])
  const seen = hidden ? hidePatches(parameters, { patches, weight, hidden }) : { patches, weight }
  const columns = seen.weight.shape[1]!
  // Empty patches make room for the tokens in front while rows are still narrow.
  const rows = tf.reshape(
    tf.pad(seen.patches, [
      [leading, 0],
      [0, 0],
      [0, 0]
    ]),
    [(leading + count) * batch, columns]
  )
  const embedded = tf.matMul(rows as tf.Tensor2D, seen.weight as tf.Tensor2D, false, true)
  return tf.add(tf.reshape(embedded, [leading + count, batch, dim]), table)
}

/** [1 + patches, dim]; of rotary positions nothing is added, as queries and keys have them. */
function positionTable({ network, parameters }: NetworkParameters, grid: Grid): Tensor {
  const { dim, imageSize, patchSize, positions } = network
  if (positions === 'rotary') return tf.zeros([1 + grid[0] * grid[1], dim])
  return positionsAt(parameters['backbone.pos_embed']!, imageSize / patchSize, grid)
}

interface Embedding {
  readonly patches: Patches
  /** [dim, pixels]. */
  readonly weight: Tensor
}

/**
 * A hidden patch has no pixels but a 1 in one more column, and that column's weight is the mask token without the bias that
 * the table adds: so hiding costs no pass over wide rows.
 */
function hidePatches(parameters: Tensors, { patches, weight, hidden }: Embedding & { hidden: Tensor }): Embedding {
  const [count, batch] = patches.shape as [number, number]
  const column = tf.reshape(hidden, [count, batch, 1])
  const visible = tf.mul(patches, tf.sub(1, column))
  const token = tf.reshape(parameters['backbone.masked_embed']!, [-1])
  const shift = tf.reshape(tf.sub(token, parameters['backbone.patch_embed.proj.bias']!), [-1, 1])
  return { patches: tf.concat([visible, column], 2), weight: tf.concat([weight, shift], 1) }
}
