/**
 * The blocks for engines that run op by op: what can be done to weights once is not done to wide tensors in every pass
 * (fold.ts), and each size of crops goes through by itself.
 */
import { linear } from '../engine/ops/linear.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import { attend, attendClass } from './attention.ts'
import { activationOf, affineOf, type Blocks, classRows, type TokenView } from './blocks.ts'
import type { NetworkParameters } from './embed.ts'
import { type FoldedAttention, foldAttention, foldNorm } from './fold.ts'
import { type FeedForward, feedForward } from './mlp.ts'
import { feedForwardNames } from './parameters.ts'
import { rotationOf } from './rotary.ts'

interface FoldedBlock {
  readonly attention: FoldedAttention
  readonly layers: FeedForward
}

/** Folds the parameters, once for all sizes of crops. */
export function foldedBlocks({ network, parameters }: NetworkParameters): Blocks {
  const epsilon = network.layerNormEps ?? LAYER_NORM_EPS
  const { widen, narrow } = feedForwardNames(network)
  const activation = activationOf(network)
  const blocks = Array.from({ length: network.depth }, (_, i): FoldedBlock => {
    const part = (name: string) => affineOf(parameters, `backbone.blocks.${i}.${name}`)
    return {
      attention: foldAttention({ ...part('norm1'), epsilon }, part('attn.qkv'), {
        projection: part('attn.proj'),
        heads: network.heads,
        keysTurn: network.positions === 'rotary'
      }),
      layers: { widen: foldNorm({ ...part('norm2'), epsilon }, part(widen)), narrow: part(narrow), activation }
    }
  })
  return { through: (views) => views.map((view) => blockRows(blocks, network, view)) }
}

function blockRows(blocks: readonly FoldedBlock[], network: Network, view: TokenView): Tensor {
  const { tokens, keeps, leaving, observe } = view
  const grid = { tokens, heads: network.heads, rotation: rotationOf(network, view) }
  // Under an eager engine, what a block computes on its way and no gradient needs goes with its end.
  const through = (x: Tensor, i: number, { attention, layers }: FoldedBlock): Tensor => {
    const classOnly = leaving === 'class' && i === blocks.length - 1
    const mixed = classOnly ? attendClass(x, attention, grid) : attend(x, attention, grid)
    const projected = linear(mixed, attention.projection.weight, attention.projection.bias)
    const attended = addBranch(classOnly ? classRows(x, tokens) : x, projected, keeps[2 * i])
    return addBranch(attended, feedForward(attended, layers), keeps[2 * i + 1])
  }
  return blocks.reduce((x, block, i) => {
    const next = tf.tidy(() => through(x, i, block))
    observe?.(i, next)
    return next
  }, view.rows)
}

function addBranch(x: Tensor, branch: Tensor, keep: Tensor | undefined): Tensor {
  if (!keep) return tf.add(x, branch)
  const [rows, dim] = branch.shape as [number, number]
  const batch = keep.shape[0]!
  const kept = tf.mul(tf.reshape(branch, [rows / batch, batch, dim]), tf.reshape(keep, [1, batch, 1]))
  return tf.add(x, tf.reshape(kept, [rows, dim]))
}
