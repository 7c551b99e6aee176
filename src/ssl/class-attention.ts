/**
 * Where the class token looks: softmax(q kᵀ / √d) of its query in the last block, head by head, over the class token itself, registers and
 * patches. Computed from what enters that block, which is what leaves a network that is one block shorter.
 */
import { layerNorm } from '../engine/ops/layer-norm.ts'
import { linear, product } from '../engine/ops/linear.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { LAYER_NORM_EPS, leadingTokens } from '../recipe/network.ts'
import { backboneOf, leavingRows } from './backbone.ts'
import { affineOf, classRows } from './blocks.ts'
import type { NetworkParameters, Patches } from './embed.ts'
import { rotate, rotationOf } from './rotary.ts'

/** → [batch, heads, leading tokens + patches]; each row sums to 1. */
export function classAttention({ network, parameters }: NetworkParameters, patches: Patches): Tensor {
  const { dim, heads } = network
  const last = network.depth - 1
  const tokens = leadingTokens(network) + patches.shape[0]!
  const shorter = backboneOf({ ...network, depth: last }, parameters)
  const [rows] = leavingRows(shorter, [{ patches, leaving: 'all' }])
  const part = (name: string) => affineOf(parameters, `backbone.blocks.${last}.${name}`)
  const x = layerNorm(rows!, { ...part('norm1'), epsilon: network.layerNormEps ?? LAYER_NORM_EPS })
  const { weight, bias } = part('attn.qkv')
  const [wq, wk] = tf.split(weight, 3, 0) as [Tensor, Tensor, Tensor]
  const toHeads = (of: Tensor, count: number) =>
    tf.transpose(tf.reshape(of, [count, of.shape[0]! / count, heads, dim / heads]), [1, 2, 0, 3])
  const q = toHeads(linear(classRows(x, tokens), wq, tf.slice(bias, [0], [dim])), 1)
  // A bias of the keys adds the same to all scores of a query; keys that turn with their place have none.
  const k = toHeads(product(x, wk, { transposeB: true }), tokens)
  const rotation = rotationOf(network, { tokens })
  const scores = tf.matMul(q, rotation ? rotate(k, rotation) : k, false, true)
  const weights = tf.softmax(tf.mul(scores, (dim / heads) ** -0.5))
  return tf.reshape(weights, [weights.shape[0]!, heads, tokens])
}
