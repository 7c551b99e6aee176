/** Multi-head self-attention on normalized tokens, up to the projection. */
import { withGradient } from '../engine/ops/fused.ts'
import { product } from '../engine/ops/linear.ts'
import { normalizeBackward, normalizeForward } from '../engine/ops/normalize.ts'
import { type Tensor, tf } from '../engine/tf.ts'

/** Of every layer normalization in DINO's ViT; PyTorch's default would be 1e-5. */
export const EPSILON = 1e-6

export interface TokenGrid {
  /** T, class token included. */
  readonly tokens: number
  readonly heads: number
  /** T, or 1 when only the class token asks: in the last block nobody reads the others. */
  readonly queries: number
}

/**
 * Rows are token-major, t · batch + b, so that the class tokens of a batch lie together and heads are batched products
 * with strides instead of copies: [T·B, D] → [B, H, T, D/H] is one transposition that the runtime folds into the product.
 */
function toHeads(rows: Tensor, tokens: number, heads: number): Tensor {
  const [count, dim] = rows.shape as [number, number]
  return tf.transpose(tf.reshape(rows, [tokens, count / tokens, heads, dim / heads]), [1, 2, 0, 3])
}

function toRows(perHead: Tensor): Tensor {
  const [batch, heads, tokens, size] = perHead.shape as [number, number, number, number]
  return tf.reshape(tf.transpose(perHead, [2, 0, 1, 3]), [tokens * batch, heads * size])
}

/** The first `kept` tokens of token-major rows. */
export function firstTokens(rows: Tensor, tokens: number, kept: number): Tensor {
  if (kept === tokens) return rows
  const [count, dim] = rows.shape as [number, number]
  const batch = count / tokens
  const grid = tf.reshape(rows, [tokens, batch, dim])
  return tf.reshape(tf.slice(grid, [0, 0, 0], [kept, -1, -1]), [kept * batch, dim])
}

/** Adds rows for the first tokens to rows for all. */
function addToFirst(rows: Tensor, first: Tensor): Tensor {
  const missing = rows.shape[0]! - first.shape[0]!
  return tf.add(
    rows,
    missing === 0
      ? first
      : tf.pad2d(first as tf.Tensor2D, [
          [0, missing],
          [0, 0]
        ])
  )
}

/** softmax(q kᵀ / √d) v over normalized x: x [T·B, D] → [queries·B, D]. Weights [3D, D] come from `foldNorm`. */
export function attend(x: Tensor, folded: { weight: Tensor; bias: Tensor }, grid: TokenGrid): Tensor {
  const { tokens, heads, queries } = grid
  const dim = x.shape[1]!
  const scale = (dim / heads) ** -0.5

  return withGradient({
    inputs: [x, folded.weight, folded.bias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, EPSILON)
      const [wq, wk, wv] = tf.split(folded.weight, 3, 0)
      const [bq, bk, bv] = tf.split(folded.bias, 3, 0)
      const asking = firstTokens(value, tokens, queries)
      const q = product(asking, wq!, { scale, transposeB: true, added: tf.mul(bq!, scale) })
      const k = product(value, wk!, { transposeB: true, added: bk! })
      const v = product(value, wv!, { transposeB: true, added: bv! })
      const scores = tf.matMul(toHeads(q, queries, heads), toHeads(k, tokens, heads), false, true)
      const weights = tf.softmax(scores)
      const mixed = toRows(tf.matMul(weights, toHeads(v, tokens, heads)))
      return { value: mixed, saved: [value, inverseDeviation, q, k, v, weights] }
    },
    backward: (dy, [, weight], saved) => {
      const [value, inverseDeviation, q, k, v, weights] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
      const [wq, wk, wv] = tf.split(weight, 3, 0)
      const dMixed = toHeads(dy, queries, heads)
      const dWeights = tf.matMul(dMixed, toHeads(v, tokens, heads), false, true)
      const dScores = softmaxBackward(dWeights, weights)
      const dq = toRows(tf.matMul(dScores, toHeads(k, tokens, heads)))
      const dk = toRows(tf.matMul(dScores, toHeads(q, queries, heads), true, false))
      const dv = toRows(tf.matMul(weights, dMixed, true, false))

      const dValue = addToFirst(product(dk, wk!, { added: product(dv, wv!) }), product(dq, wq!, { scale }))
      const dx = normalizeBackward(dValue, { value, inverseDeviation })
      const asking = firstTokens(value, tokens, queries)
      const dWq = tf.mul(tf.matMul(dq, asking, true, false), scale)
      const dWeight = tf.concat([dWq, tf.matMul(dk, value, true, false), tf.matMul(dv, value, true, false)])
      return [dx, dWeight, tf.concat([tf.mul(tf.sum(dq, 0), scale), tf.sum(dk, 0), tf.sum(dv, 0)])]
    }
  })
}

const softmaxBackward = (dy: Tensor, y: Tensor): Tensor => tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true)))
