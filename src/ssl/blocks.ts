/** What goes through the blocks of a transformer, whichever way they are computed. */
import { type Activation, GELU, SWIGLU } from '../engine/ops/activation.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import type { Network } from '../recipe/network.ts'
import type { Affine } from './fold.ts'
import type { Grid } from './position.ts'

/**
 * Factors of the residual branches, two for each block (attention, then feed-forward), each [batch]: 0 drops the
 * branch of that image, 1 / (1 − rate) keeps it. A branch without factors is always kept.
 */
export type BranchKeeps = readonly (Tensor | undefined)[]

/** Images of one size. Rows are token-major, t · batch + b: the class tokens of the batch come first. */
export interface TokenView {
  /** [tokens · batch, dim]. */
  readonly rows: Tensor
  readonly tokens: number
  /** Of the patches; a square when it is left out. */
  readonly grid?: Grid
  readonly batch: number
  readonly keeps: BranchKeeps
  /** Which tokens leave the last block; only they ask, are projected and fed forward there. */
  readonly leaving: 'class' | 'all'
  /** Is given the rows as they leave each block, from 0. */
  readonly observe?: (block: number, rows: Tensor) => void
}

export interface Blocks {
  /** → for each view [batch, dim] or [tokens · batch, dim], as it leaves the last block, not yet normalized. */
  through(views: readonly TokenView[]): Tensor[]
}

export const activationOf = ({ gatedDim }: Network): Activation => (gatedDim === undefined ? GELU : SWIGLU)

/** Weight and bias of the layer `name`. */
export const affineOf = (parameters: Tensors, name: string): Affine => ({
  weight: parameters[`${name}.weight`]!,
  bias: parameters[`${name}.bias`]!
})

/** The class tokens of token-major rows: [T·B, D] → [B, D]. */
export function classRows(rows: Tensor, tokens: number): Tensor {
  const [count, dim] = rows.shape as [number, number]
  const grid = tf.reshape(rows, [tokens, count / tokens, dim])
  return tf.reshape(tf.slice(grid, [0, 0, 0], [1, -1, -1]), [count / tokens, dim])
}
