/** The vision transformer of DINO and iBOT: pre-norm blocks, exact GELU, learned positions, a token for hidden patches. */
import { layerNorm } from '../engine/ops/layer-norm.ts'
import { linear } from '../engine/ops/linear.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import { attend, attendClass, classRows } from './attention.ts'
import { type Affine, type FoldedAttention, type FoldedNorm, foldAttention, foldNorm } from './fold.ts'
import { feedForward } from './mlp.ts'
import { positionsAt } from './position.ts'

interface Block {
  readonly attention: FoldedAttention
  readonly widen: FoldedNorm
  readonly narrow: Affine
}

/** Parameters as the passes use them, made once for all crop sizes. */
export interface Backbone {
  readonly network: Network
  readonly blocks: readonly Block[]
  readonly parameters: Tensors
}

const affine = (parameters: Tensors, name: string): Affine => ({
  weight: parameters[`${name}.weight`]!,
  bias: parameters[`${name}.bias`]!
})

/** @param parameters by their names in the state dict, `backbone.…` */
export function backboneOf(network: Network, parameters: Tensors): Backbone {
  const epsilon = network.layerNormEps ?? LAYER_NORM_EPS
  const blocks = Array.from({ length: network.depth }, (_, i) => {
    const part = (name: string) => affine(parameters, `backbone.blocks.${i}.${name}`)
    return {
      attention: foldAttention({ ...part('norm1'), epsilon }, part('attn.qkv'), {
        projection: part('attn.proj'),
        heads: network.heads
      }),
      widen: foldNorm({ ...part('norm2'), epsilon }, part('mlp.fc1')),
      narrow: part('mlp.fc2')
    }
  })
  return { network, blocks, parameters }
}

/** Pixels of patches, float, normalized: [patches, batch, channels · patch²], patches in reading order. */
export type Patches = Tensor

/**
 * [patches + 1, batch, dim]: the class token, then the patches, each with its position.
 *
 * @param hidden [patches, batch]: 1 where the mask token stands in for a patch, before positions are added
 */
function embedPatches({ network, parameters }: Backbone, patches: Patches, hidden: Tensor | undefined): Tensor {
  const { dim, imageSize, patchSize } = network
  const [count, batch, pixels] = patches.shape as [number, number, number]
  const positions = positionsAt(parameters['backbone.pos_embed']!, imageSize / patchSize, Math.sqrt(count))
  const first = tf.add(tf.slice(positions, [0, 0], [1, dim]), tf.reshape(parameters['backbone.cls_token']!, [1, dim]))
  const others = tf.add(tf.slice(positions, [1, 0], [count, dim]), parameters['backbone.patch_embed.proj.bias']!)
  const table = tf.reshape(tf.concat([first, others]), [count + 1, 1, dim])

  const weight = tf.reshape(parameters['backbone.patch_embed.proj.weight']!, [dim, pixels])
  const seen = hidden ? hidePatches(parameters, { patches, weight, hidden }) : { patches, weight }
  const columns = seen.weight.shape[1]!
  // An empty patch makes room for the class token while rows are still narrow.
  const rows = tf.reshape(
    tf.pad(seen.patches, [
      [1, 0],
      [0, 0],
      [0, 0]
    ]),
    [(count + 1) * batch, columns]
  )
  const embedded = tf.matMul(rows as tf.Tensor2D, seen.weight as tf.Tensor2D, false, true)
  return tf.add(tf.reshape(embedded, [count + 1, batch, dim]), table)
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

/**
 * Factors of the residual branches, two for each block (attention, then feed-forward), each [batch]: 0 drops the
 * branch of that image, 1 / (1 − rate) keeps it. A branch without factors is always kept.
 */
export type BranchKeeps = readonly (Tensor | undefined)[]

function addBranch(x: Tensor, branch: Tensor, keep: Tensor | undefined): Tensor {
  if (!keep) return tf.add(x, branch)
  const [rows, dim] = branch.shape as [number, number]
  const batch = keep.shape[0]!
  const kept = tf.mul(tf.reshape(branch, [rows / batch, batch, dim]), tf.reshape(keep, [1, batch, 1]))
  return tf.add(x, tf.reshape(kept, [rows, dim]))
}

export interface PassOptions {
  /** Without them no branch is dropped. */
  readonly keeps?: BranchKeeps
  /** [patches, batch], see `embedPatches`. */
  readonly hidden?: Tensor
}

type Leaving = 'class' | 'all'

/** Through all blocks; only the tokens that leave the last one ask, are projected and fed forward there. */
function blockRows(
  backbone: Backbone,
  patches: Patches,
  { keeps = [], hidden, leaving }: PassOptions & { leaving: Leaving }
): Tensor {
  const { network, blocks } = backbone
  const tokens = patches.shape[0]! + 1
  const batch = patches.shape[1]!
  let x = tf.reshape(embedPatches(backbone, patches, hidden), [tokens * batch, network.dim])
  const grid = { tokens, heads: network.heads }
  // Under an eager engine, what a block computes on its way and no gradient needs goes with its end.
  const through = (i: number, { attention, widen, narrow }: Block): Tensor => {
    const classOnly = leaving === 'class' && i === blocks.length - 1
    const mixed = classOnly ? attendClass(x, attention, grid) : attend(x, attention, grid)
    const projected = linear(mixed, attention.projection.weight, attention.projection.bias)
    const attended = addBranch(classOnly ? classRows(x, tokens) : x, projected, keeps[2 * i])
    return addBranch(attended, feedForward(attended, widen, narrow), keeps[2 * i + 1])
  }
  for (const [i, block] of blocks.entries()) x = tf.tidy(() => through(i, block))
  return x
}

/** The final normalization, of rows [rows, dim]. */
export const normalizeRows = ({ network, parameters }: Backbone, rows: Tensor): Tensor =>
  layerNorm(rows, { ...affine(parameters, 'backbone.norm'), epsilon: network.layerNormEps ?? LAYER_NORM_EPS })

/** → [batch, dim]: the class token after the final normalization. */
export const classToken = (backbone: Backbone, patches: Patches, keeps: BranchKeeps = []): Tensor =>
  normalizeRows(backbone, blockRows(backbone, patches, { keeps, leaving: 'class' }))

/** → [(patches + 1) · batch, dim], token-major, before the final normalization: first the batch's class tokens. */
export const tokenRows = (backbone: Backbone, patches: Patches, options: PassOptions = {}): Tensor =>
  blockRows(backbone, patches, { ...options, leaving: 'all' })
