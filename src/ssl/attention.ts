/** Multi-head self-attention on normalized tokens, up to the projection. */
import { withGradient } from '../engine/ops/fused.ts'
import { columnSums, linear, product } from '../engine/ops/linear.ts'
import { normalizeBackward, normalizeForward, normalizeInto } from '../engine/ops/normalize.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { classRows } from './blocks.ts'
import type { FoldedAttention } from './fold.ts'

export interface TokenGrid {
  /** T, class token included. */
  readonly tokens: number
  readonly heads: number
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

/** softmax(q kᵀ / √d) v over normalized x, before the projection: x [T·B, D] → [T·B, D]. */
export function attend(
  x: Tensor,
  { weight: folded, queryBias, epsilon }: FoldedAttention,
  { tokens, heads }: TokenGrid
): Tensor {
  return withGradient({
    inputs: [x, folded, queryBias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, epsilon)
      const [wq, wk, wv] = tf.split(folded, 3, 0)
      const q = toHeads(tf.add(product(value, wq!, { transposeB: true }), queryBias), tokens, heads)
      const k = toHeads(product(value, wk!, { transposeB: true }), tokens, heads)
      const v = toHeads(product(value, wv!, { transposeB: true }), tokens, heads)
      const weights = tf.softmax(tf.matMul(q, k, false, true))
      return { value: toRows(tf.matMul(weights, v)), saved: [value, inverseDeviation, q, k, v, weights] }
    },
    backward: (dy, [, weight], saved) => {
      const [value, inverseDeviation, q, k, v, weights] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
      const dMixed = toHeads(dy, tokens, heads)
      const dScores = softmaxBackward(tf.matMul(dMixed, v, false, true), weights)
      const dq = tf.matMul(dScores, k)
      const dk = tf.matMul(dScores, q, true, false)
      const dv = tf.matMul(weights, dMixed, true, false)
      const all = threeToRows([dq, dk, dv])
      const dx = normalizeBackward(product(all, weight), { value, inverseDeviation })
      const dBias = tf.slice(columnSums(all), [0], [x.shape[1]!])
      return [dx, tf.matMul(all, value, true, false), dBias]
    }
  })
}

/**
 * The same for the class token alone, which is all that leaves the last block: [T·B, D] → [B, D]. With one query per head,
 * (q Wk) xᵀ and (p x) Wvᵀ spare the keys and values of every token, the larger part of a block's work on them.
 */
export function attendClass(
  x: Tensor,
  { weight, queryBias, epsilon }: FoldedAttention,
  { tokens, heads }: TokenGrid
): Tensor {
  const [count, dim] = x.shape as [number, number]
  const [batch, size] = [count / tokens, dim / heads]
  const value = normalizeInto(x, epsilon)
  const [wq, wk, wv] = tf.split(weight, 3, 0)
  const perHead = (part: Tensor) => tf.reshape(part, [heads, size, dim])
  const swap = (a: Tensor) => tf.transpose(a, [1, 0, 2])

  const q = swap(tf.reshape(linear(classRows(value, tokens), wq!, queryBias), [batch, heads, size]))
  const asked = swap(tf.matMul(q, perHead(wk!)))
  const seen = swap(tf.reshape(value, [tokens, batch, dim]))
  const weights = tf.softmax(tf.matMul(asked, seen, false, true))
  const pooled = swap(tf.matMul(weights, seen))
  return tf.reshape(swap(tf.matMul(pooled, perHead(wv!), false, true)), [batch, dim])
}

/** Three of [B, H, T, d] → [T·B, 3·H·d], as the rows of `weight` are ordered. */
function threeToRows(parts: readonly [Tensor, Tensor, Tensor]): Tensor {
  const [batch, heads, tokens, size] = parts[0].shape as [number, number, number, number]
  const stacked = tf.concat(parts.map((part) => tf.reshape(part, [1, batch, heads, tokens, size])))
  return tf.reshape(tf.transpose(stacked, [3, 1, 0, 2, 4]), [tokens * batch, 3 * heads * size])
}

const softmaxBackward = (dy: Tensor, y: Tensor): Tensor => tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true)))
