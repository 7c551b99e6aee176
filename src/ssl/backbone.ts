/** The vision transformer of DINO and iBOT: pre-norm blocks, exact GELU, learned positions, a token for hidden patches. */
import { layerNorm } from '../engine/ops/layer-norm.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { isFused } from '../engine/trace/backend.ts'
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import { affineOf, type Blocks, type BranchKeeps } from './blocks.ts'
import { embedPatches, type NetworkParameters, type Patches } from './embed.ts'
import { foldedBlocks } from './folded-blocks.ts'
import { plainBlocks } from './plain-blocks.ts'

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
export interface View {
  readonly patches: Patches
  /** Without them no branch is dropped. */
  readonly keeps?: BranchKeeps
  /** [patches, batch]: 1 where the mask token stands in for a patch. */
  readonly hidden?: Tensor
  /** The class token alone, or every token: class tokens of the batch first, then patch by patch. */
  readonly leaving: 'class' | 'all'
}

/** → for each view [batch, dim] or [(patches + 1) · batch, dim], token-major, before the final normalization. */
export function leavingRows(backbone: Backbone, views: readonly View[]): Tensor[] {
  const { network } = backbone
  return backbone.blocks.through(
    views.map(({ patches, keeps = [], hidden, leaving }) => {
      const tokens = patches.shape[0]! + 1
      const batch = patches.shape[1]!
      const rows = tf.reshape(embedPatches(backbone, patches, hidden), [tokens * batch, network.dim])
      return { rows, tokens, batch, keeps, leaving }
    })
  )
}

/** The final normalization, of rows [rows, dim]. */
export const normalizeRows = ({ network, parameters }: Backbone, rows: Tensor): Tensor =>
  layerNorm(rows, { ...affineOf(parameters, 'backbone.norm'), epsilon: network.layerNormEps ?? LAYER_NORM_EPS })

/** → [batch, dim]: the class token after the final normalization. */
export const classToken = (backbone: Backbone, patches: Patches): Tensor =>
  normalizeRows(backbone, leavingRows(backbone, [{ patches, leaving: 'class' }])[0]!)
