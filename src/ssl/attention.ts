/** Multi-head self-attention on normalized tokens, up to the projection. */
import { withGradient } from '../engine/ops/fused.ts'
import { columnSums, linear, product } from '../engine/ops/linear.ts'
import { normalizeBackward, normalizeForward, normalizeInto } from '../engine/ops/normalize.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { classRows } from './blocks.ts'
import type { FoldedAttention } from './fold.ts'
import { type Rotation, rotate, rotateBack } from './rotary.ts'

export interface TokenGrid {
  /** T, class token included. */
  readonly tokens: number
  readonly heads: number
  /** Of queries and keys, where positions are rotary. */
  readonly rotation?: Rotation | undefined
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
  { weight: folded, bias, epsilon }: FoldedAttention,
  { tokens, heads, rotation }: TokenGrid
): Tensor {
  const dim = x.shape[1]!
  return withGradient({
    inputs: [x, folded, bias] as const,
    forward: () => {
      const { value, inverseDeviation } = normalizeForward(x, epsilon)
      const [wq, wk, wv] = tf.split(folded, 3, 0) as [Tensor, Tensor, Tensor]
      const [bq, bk] = rotation ? tf.split(bias, 2, 0) : [bias]
      const of = (part: Tensor, own?: Tensor) => {
        const rows = product(value, part, { transposeB: true })
        return toHeads(own ? tf.add(rows, own) : rows, tokens, heads)
      }
      const turn = (perHead: Tensor) => (rotation ? rotate(perHead, rotation) : perHead)
      const [q, k, v] = [turn(of(wq, bq)), turn(of(wk, bk)), of(wv)]
      const weights = tf.softmax(tf.matMul(q, k, false, true))
      const turned = rotation ? [rotation.cos, rotation.sin] : []
      return { value: toRows(tf.matMul(weights, v)), saved: [value, inverseDeviation, q, k, v, weights, ...turned] }
    },
    backward: (dy, [, weight], saved) => {
      const [value, inverseDeviation, q, k, v, weights] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
      const [cos, sin] = saved.slice(6)
      const turnBack = (perHead: Tensor) => (cos && sin ? rotateBack(perHead, { cos, sin }) : perHead)
      const dMixed = toHeads(dy, tokens, heads)
      const dScores = softmaxBackward(tf.matMul(dMixed, v, false, true), weights)
      const dq = turnBack(tf.matMul(dScores, k))
      const dk = turnBack(tf.matMul(dScores, q, true, false))
      const dv = tf.matMul(weights, dMixed, true, false)
      const all = threeToRows([dq, dk, dv])
      const dx = normalizeBackward(product(all, weight), { value, inverseDeviation })
      const dBias = tf.slice(columnSums(all), [0], [rotation ? 2 * dim : dim])
      return [dx, tf.matMul(all, value, true, false), dBias]
    }
  })
}

/**
 * The same for the class token alone, which is all that leaves the last block: [T·B, D] → [B, D]. With one query per head,
 * (q Wk) xᵀ and (p x) Wvᵀ spare the keys and values of every token, the larger part of a block's work on them. Keys that turn
 * with their place have to be made.
 */
export function attendClass(
  x: Tensor,
  { weight, bias, epsilon }: FoldedAttention,
  { tokens, heads, rotation }: TokenGrid
): Tensor {
  const [count, dim] = x.shape as [number, number]
  const [batch, size] = [count / tokens, dim / heads]
  const value = normalizeInto(x, epsilon)
  const [wq, wk, wv] = tf.split(weight, 3, 0)
  if (rotation) {
    const [bq, bk] = tf.split(bias, 2, 0) as [Tensor, Tensor]
    const q = toHeads(linear(classRows(value, tokens), wq!, bq), 1, heads)
    const k = rotate(toHeads(linear(value, wk!, bk), tokens, heads), rotation)
    const v = toHeads(tf.matMul(value, wv!, false, true), tokens, heads)
    return toRows(tf.matMul(tf.softmax(tf.matMul(q, k, false, true)), v))
  }
  const perHead = (part: Tensor) => tf.reshape(part, [heads, size, dim])
  const swap = (a: Tensor) => tf.transpose(a, [1, 0, 2])

  const q = swap(tf.reshape(linear(classRows(value, tokens), wq!, bias), [batch, heads, size]))
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
