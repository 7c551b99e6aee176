/**
 * The blocks for engines that fuse: as the method writes them, since what the folded ones spare costs no pass here, and
 * with all sizes of crops side by side in every layer but attention. At ViT-S/16 on an H100 that halves the launches.
 */
import { type Activation, activate } from '../engine/ops/activation.ts'
import { layerNorm } from '../engine/ops/layer-norm.ts'
import { linear } from '../engine/ops/linear.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { LAYER_NORM_EPS } from '../recipe/network.ts'
import { activationOf, affineOf, type Blocks, classRows, type TokenView } from './blocks.ts'
import type { NetworkParameters } from './embed.ts'
import { type Affine, withoutKeys } from './fold.ts'
import { feedForwardNames } from './parameters.ts'
import { type Rotation, rotate, rotationOf } from './rotary.ts'

interface PlainBlock {
  readonly norms: readonly [attention: (x: Tensor) => Tensor, feedForward: (x: Tensor) => Tensor]
  readonly qkv: Affine
  readonly projection: Affine
  readonly widen: Affine
  readonly narrow: Affine
  readonly activation: Activation
}

export function plainBlocks({ network, parameters }: NetworkParameters): Blocks {
  const epsilon = network.layerNormEps ?? LAYER_NORM_EPS
  const names = feedForwardNames(network)
  const blocks = Array.from({ length: network.depth }, (_, i): PlainBlock => {
    const part = (name: string) => affineOf(parameters, `backbone.blocks.${i}.${name}`)
    const norm = (name: string) => (x: Tensor) => layerNorm(x, { ...part(name), epsilon })
    return {
      norms: [norm('norm1'), norm('norm2')],
      qkv: part('attn.qkv'),
      projection: part('attn.proj'),
      widen: part(names.widen),
      narrow: part(names.narrow),
      activation: activationOf(network)
    }
  })
  return {
    through: (views) => {
      const rotations = views.map((view) => rotationOf(network, view, filledUp(view.tokens)))
      const x = blocks.reduce(
        (rows, block, i) => {
          const isLast = i === blocks.length - 1
          const next = throughBlock(rows, block, { views, rotations, heads: network.heads, index: i, isLast })
          const sizes = views.map((view) => rowsLeaving(view, isLast))
          if (views.some(({ observe }) => observe)) {
            for (const [v, part] of split(next, sizes).entries()) views[v]!.observe?.(i, part)
          }
          return next
        },
        concat(views.map(({ rows }) => rows))
      )
      return split(
        x,
        views.map((view) => rowsLeaving(view, true))
      )
    }
  }
}

interface Place {
  readonly views: readonly TokenView[]
  /** Of each view, over its rows filled up. */
  readonly rotations: readonly (Rotation | undefined)[]
  readonly heads: number
  readonly index: number
  readonly isLast: boolean
}

function throughBlock(x: Tensor, block: PlainBlock, place: Place): Tensor {
  const { norms, projection, widen, narrow, activation } = block
  const mixed = attend(norms[0](x), block.qkv, place)
  const attended = addBranch(leavingRows(x, place), apply(mixed, projection), keepColumn(place, 0))
  const fed = apply(activate(activation, apply(norms[1](attended), widen)), narrow)
  return addBranch(attended, fed, keepColumn(place, 1))
}

const apply = (x: Tensor, { weight, bias }: Affine): Tensor => linear(x, weight, bias)

const isClassOnly = ({ leaving }: TokenView, isLast: boolean): boolean => isLast && leaving === 'class'

const rowsLeaving = (view: TokenView, isLast: boolean): number =>
  isClassOnly(view, isLast) ? view.batch : view.tokens * view.batch

/** softmax(q kᵀ / √d) v, view by view: [rows of all tokens, D] → [rows that leave, D]. */
function attend(x: Tensor, qkv: Affine, place: Place): Tensor {
  const { views, rotations, heads, isLast } = place
  const dim = x.shape[1]!
  const everyoneAsks = views.every((view) => !isClassOnly(view, isLast))
  const all = views.map(({ tokens, batch }) => tokens * batch)
  const asking = views.map((view) => rowsLeaving(view, isLast))
  const parts = everyoneAsks ? [3 * dim] : [dim, 2 * dim]
  const weights = split(qkv.weight, parts)
  // A bias of the keys adds the same to all scores of a query and the softmax does not see it: its gradient would be rounding
  // alone, which Adam makes as large as any other. Keys that turn with their place have none either, as in DINOv3.
  const biases = split(tf.mul(qkv.bias, withoutKeys(dim)), parts)
  const [first, second] = weights.map((weight, i) => {
    const rows = i === 0 ? leavingRows(x, place) : x
    return split(apply(rows, { weight, bias: biases[i]! }), i === 0 ? asking : all)
  })
  const mixed = views.map((view, i) => {
    const { tokens, batch } = view
    const grid = { batch, heads, size: dim / heads }
    const askers = asking[i]! / batch
    const asked = toHeads(first![i]!, { ...grid, tokens: askers, parts: everyoneAsks ? 3 : 1 })
    const [q, k, v] = second ? [...asked, ...toHeads(second[i]!, { ...grid, tokens, parts: 2 })] : asked
    const rotation = rotations[i]
    // A class token that asks alone does not turn.
    const asks = rotation && askers === tokens ? rotate(q!, rotation) : q!
    const answers = rotation ? rotate(k!, rotation) : k!
    const scores = tf.mul(tf.matMul(asks, answers, false, true), grid.size ** -0.5)
    const values = tf.matMul(tf.softmax(withoutFilling(scores, tokens)), v!)
    const ofAskers = tf.slice(values, [0, 0, 0, 0], [-1, -1, askers, -1])
    return tf.reshape(tf.transpose(ofAskers, [2, 0, 1, 3]), [asking[i]!, dim])
  })
  return concat(mixed)
}

/**
 * Tensor cores take tokens by eights, and XLA would otherwise copy every operand into a larger one in a pass of its own;
 * filled up here, the padding is part of a transposition that happens anyway.
 */
const TOKENS_TOGETHER = 8
const filledUp = (tokens: number): number => Math.ceil(tokens / TOKENS_TOGETHER) * TOKENS_TOGETHER

/** Tokens that only fill up are seen by nobody: scores [B, H, askers, keys]. */
function withoutFilling(scores: Tensor, tokens: number): Tensor {
  const keys = scores.shape[3]!
  if (keys === tokens) return scores
  const offset = Float32Array.from({ length: keys }, (_, key) => (key < tokens ? 0 : -1e30))
  return tf.add(scores, tf.tensor1d(offset))
}

interface HeadGrid {
  readonly tokens: number
  readonly batch: number
  readonly heads: number
  readonly size: number
  /** How many of queries, keys and values lie in a row. */
  readonly parts: number
}

/** [T·B, parts·H·d] → parts of [B, H, T, d], with rows of 0 behind the T up to a multiple of 8 unless T is 1. */
function toHeads(rows: Tensor, { tokens, batch, heads, size, parts }: HeadGrid): Tensor[] {
  const grid = tf.reshape(rows, [tokens, batch, parts, heads, size])
  const filled = tokens === 1 ? 1 : filledUp(tokens)
  const wide =
    filled === tokens ? grid : tf.pad(grid, [[0, filled - tokens], ...new Array<[number, number]>(4).fill([0, 0])])
  const stacked = tf.transpose(wide, [2, 1, 3, 0, 4])
  return split(stacked, new Array<number>(parts).fill(1)).map((part) => tf.reshape(part, [batch, heads, filled, size]))
}

/** The rows that go on behind attention. */
function leavingRows(x: Tensor, { views, isLast }: Place): Tensor {
  if (!views.some((view) => isClassOnly(view, isLast))) return x
  const parts = split(
    x,
    views.map(({ tokens, batch }) => tokens * batch)
  )
  return concat(parts.map((part, i) => (isClassOnly(views[i]!, isLast) ? classRows(part, views[i]!.tokens) : part)))
}

/** The factor of each leaving row [rows, 1] in one of the two branches, where the branch may be dropped. */
function keepColumn({ views, index, isLast }: Place, branch: 0 | 1): Tensor | undefined {
  const columns = views.map((view) => {
    const keep = view.keeps[2 * index + branch]
    return keep && tf.tile(tf.reshape(keep, [view.batch, 1]), [rowsLeaving(view, isLast) / view.batch, 1])
  })
  return columns.every((column) => column !== undefined) ? concat(columns) : undefined
}

const addBranch = (x: Tensor, branch: Tensor, keep: Tensor | undefined): Tensor =>
  tf.add(x, keep ? tf.mul(branch, keep) : branch)

const concat = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : tf.concat([...parts], 0))

const split = (x: Tensor, sizes: readonly number[]): Tensor[] => (sizes.length === 1 ? [x] : tf.split(x, [...sizes], 0))
