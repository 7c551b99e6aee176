/**
 * The vision transformer of DINO and iBOT: pre-norm blocks, exact GELU, learned positions, a token for hidden patches; with
 * DINOv2's registers where the network has them.
 */
import { layerNorm } from '../engine/ops/layer-norm.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { isFused } from '../engine/trace/backend.ts'
import { LAYER_NORM_EPS, leadingTokens, type Network } from '../recipe/network.ts'
import { affineOf, type Blocks, type BranchKeeps, classRows, type TokenView } from './blocks.ts'
import { type EmbeddedPatches, embedPatches, type NetworkParameters, type Patches } from './embed.ts'
import { foldedBlocks } from './folded-blocks.ts'
import { plainBlocks } from './plain-blocks.ts'
import type { Grid } from './position.ts'

/** Parameters as the passes use them, made once for all crop sizes. */
export interface Backbone extends NetworkParameters {
  readonly blocks: Blocks
}

/** @param parameters by their names in the state dict, `backbone.…` */
export function backboneOf(network: Network, parameters: Tensors): Backbone {
  const of = { network, parameters }
  return { ...of, blocks: isFused() ? plainBlocks(of) : foldedBlocks(of) }
}

/** Images of one size. */
export interface View extends EmbeddedPatches {
  /** Without them no branch is dropped. */
  readonly keeps?: BranchKeeps
  /** The class token alone, or every token: class tokens of the batch first, then registers, then patch by patch. */
  readonly leaving: 'class' | 'all'
  readonly observe?: TokenView['observe']
}

/** → for each view [batch, dim] or [(leading tokens + patches) · batch, dim], token-major, before the final normalization. */
export function leavingRows(backbone: Backbone, views: readonly View[]): Tensor[] {
  const { network } = backbone
  return backbone.blocks.through(
    views.map(({ keeps = [], leaving, observe, ...embedded }) => {
      const tokens = leadingTokens(network) + embedded.patches.shape[0]!
      const batch = embedded.patches.shape[1]!
      const rows = tf.reshape(embedPatches(backbone, embedded), [tokens * batch, network.dim])
      const { grid } = embedded
      return { rows, tokens, batch, keeps, leaving, ...(grid && { grid }), ...(observe && { observe }) }
    })
  )
}

/** The final normalization, of rows [rows, dim]. */
export const normalizeRows = ({ network, parameters }: Backbone, rows: Tensor): Tensor =>
  layerNorm(rows, { ...affineOf(parameters, 'backbone.norm'), epsilon: network.layerNormEps ?? LAYER_NORM_EPS })

/** → [batch, dim]: the class token after the final normalization. @param grid of the patches, where it is no square */
export const classToken = (backbone: Backbone, patches: Patches, grid?: Grid): Tensor =>
  normalizeRows(backbone, leavingRows(backbone, [{ patches, leaving: 'class', ...(grid && { grid }) }])[0]!)

/**
 * What linear probes read (facebookresearch/dino, eval_linear.py): the class tokens as they leave each of the last `blocks`
 * blocks, first block first, and with `averagesPatches` the mean of the last block's patches, all through the final
 * normalization and side by side: [batch, (blocks + 1) · dim].
 */
export function probedTokens(
  backbone: Backbone,
  patches: Patches,
  { blocks, averagesPatches }: { readonly blocks: number; readonly averagesPatches: boolean }
): Tensor {
  const { depth, dim } = backbone.network
  const leading = leadingTokens(backbone.network)
  const tokens = leading + patches.shape[0]!
  const parts: Tensor[] = []
  const observe = (block: number, rows: Tensor) => {
    if (block >= depth - blocks) parts.push(normalizeRows(backbone, classRows(rows, tokens)))
  }
  const [rows] = leavingRows(backbone, [{ patches, leaving: 'all', observe }])
  if (averagesPatches) {
    const all = tf.reshape(normalizeRows(backbone, rows!), [tokens, -1, dim])
    parts.push(tf.mean(tf.slice(all, [leading, 0, 0], [-1, -1, -1]), 0))
  }
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1)
}

/** Class token and patches of the last block after the final normalization, registers left out: [1 + patches, batch, dim]. */
export function classAndPatches(backbone: Backbone, patches: Patches): Tensor {
  const leading = leadingTokens(backbone.network)
  const [rows] = leavingRows(backbone, [{ patches, leaving: 'all' }])
  const all = tf.reshape(normalizeRows(backbone, rows!), [leading + patches.shape[0]!, -1, backbone.network.dim])
  if (leading === 1) return all
  return tf.concat([tf.slice(all, [0, 0, 0], [1, -1, -1]), tf.slice(all, [leading, 0, 0], [-1, -1, -1])], 0)
}

/** Features are not negative on the way to a power mean; the original's floor. */
const SMALLEST = 1e-6

/**
 * What copy detection compares (facebookresearch/dino, eval_copy_detection.py): the class token beside the power mean of the
 * patches, (1/P Σ max(x, 1e-6)⁴)^¼ for each dimension, both of the last block through the final normalization:
 * [batch, 2 · dim].
 */
export function classAndPooledPatches(backbone: Backbone, patches: Patches): Tensor {
  const { dim } = backbone.network
  const leading = leadingTokens(backbone.network)
  const [rows] = leavingRows(backbone, [{ patches, leaving: 'all' }])
  const all = tf.reshape(normalizeRows(backbone, rows!), [leading + patches.shape[0]!, -1, dim])
  const classTokens = tf.reshape(tf.slice(all, [0, 0, 0], [1, -1, -1]), [-1, dim])
  const seen = tf.maximum(tf.slice(all, [leading, 0, 0], [-1, -1, -1]), SMALLEST)
  const mean = tf.mean(tf.square(tf.square(seen)), 0)
  return tf.concat([classTokens, tf.sqrt(tf.sqrt(mean))], 1)
}
