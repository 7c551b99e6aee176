/** Small things done to weights once, so that they need not be done to wide tensors in every pass. */
import { type Tensor, tf } from '../engine/tf.ts'
import { LAYER_NORM_EPS } from '../recipe/network.ts'

/** Of a linear layer y = x Wᵀ + b. */
export interface Affine {
  readonly weight: Tensor
  readonly bias: Tensor
}

export interface LayerNorm extends Affine {
  /** DINO's, unless it is given. */
  readonly epsilon?: number
}

/** A linear layer for tokens that are yet to be normalized. */
export interface FoldedNorm extends Affine {
  readonly epsilon: number
}

/**
 * A layer normalization's own weight and bias, folded into the linear layer behind it: then the wide tensors are only
 * normalized. The rows of the folded weight are centered, which changes nothing for inputs of mean 0 and spares the
 * backward pass the gradient through the mean (see normalizeBackward).
 */
export function foldNorm(norm: LayerNorm, { weight, bias }: Affine): FoldedNorm {
  const scaled = tf.mul(weight, norm.weight)
  const shift = tf.reshape(tf.matMul(weight, tf.reshape(norm.bias, [-1, 1]) as tf.Tensor2D), [-1])
  const epsilon = norm.epsilon ?? LAYER_NORM_EPS
  return { weight: tf.sub(scaled, tf.mean(scaled, 1, true)), bias: tf.add(bias, shift), epsilon }
}

/** Queries, keys and values of one block, ready to be applied to normalized tokens. */
export interface FoldedAttention {
  /** [3D, D]; the queries' part carries 1/√d. */
  readonly weight: Tensor
  /** [D], of the queries alone, with the same factor; [2D] where keys turn with their place and have one too. */
  readonly bias: Tensor
  /** Of the projection behind. */
  readonly projection: Affine
  /** Of the normalization in front. */
  readonly epsilon: number
}

/**
 * Moves what need not happen on wide tensors into the weights. A bias of the keys adds the same to all scores of a query
 * and the softmax does not see it, unless keys turn with their place: then what the normalization adds to them counts, and a bias
 * of their own there is none, as in DINOv3. A bias of the values passes through weights that sum to 1, straight into the
 * projection's bias.
 */
export function foldAttention(
  norm: LayerNorm,
  qkv: Affine,
  { projection, heads, keysTurn = false }: { projection: Affine; heads: number; keysTurn?: boolean }
): FoldedAttention {
  const dim = projection.bias.shape[0]!
  const own = keysTurn ? tf.mul(qkv.bias, withoutKeys(dim)) : qkv.bias
  const { weight, bias, epsilon } = foldNorm(norm, { weight: qkv.weight, bias: own })
  const scale = (dim / heads) ** -0.5
  const rows = Float32Array.from({ length: 3 * dim }, (_, row) => (row < dim ? scale : 1))
  const valueBias = tf.reshape(tf.slice(bias, [2 * dim], [dim]), [dim, 1]) as tf.Tensor2D
  const ofQueries = tf.mul(tf.slice(bias, [0], [dim]), scale)
  const passed = tf.reshape(tf.matMul(projection.weight as tf.Tensor2D, valueBias), [dim])
  return {
    weight: tf.mul(weight, tf.tensor2d(rows, [3 * dim, 1])),
    bias: keysTurn ? tf.concat([ofQueries, tf.slice(bias, [dim], [dim])]) : ofQueries,
    projection: { weight: projection.weight, bias: tf.add(projection.bias, passed) },
    epsilon
  }
}

/** 1 for each bias of queries and values, 0 for those of keys: [3D]. */
export const withoutKeys = (dim: number): Tensor =>
  tf.tensor1d(Float32Array.from({ length: 3 * dim }, (_, i) => (i >= dim && i < 2 * dim ? 0 : 1)))
