/**
 * Row-wise work on wide tensors goes faster in pieces: a chain of elementwise ops runs at the speed of the memory that
 * holds its operands, and a piece stays in the second-level cache between them.
 */
import { type Tensor, tf } from '../tf.ts'
import { isFused } from '../trace/backend.ts'
import { dependsOnBatch } from '../trace/graph.ts'

/** Floats of a piece at its widest. Measured on 2 MB of cache a core: from 0.2 to 1.2 million alike, and fewer are less to load. */
const WIDEST = 800_000

/**
 * Rows of each piece of [rows, …] when the work is `width` wide. With a free batch, and where a compiler
 * fuses the chain by itself, there is one piece; `limit` bounds their number where the graph would grow too long.
 */
export function pieceSizes(rows: number, width: number, limit = Number.POSITIVE_INFINITY): number[] {
  const isWhole = isFused() || dependsOnBatch(rows)
  const count = isWhole ? 1 : Math.min(limit, Math.max(1, Math.round((rows * width) / WIDEST)))
  const most = Math.ceil(rows / count)
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most))
}

export const split = (x: Tensor, sizes: readonly number[]): Tensor[] =>
  sizes.length === 1 ? [x] : tf.split(x, [...sizes], 0)

export const join = (pieces: readonly Tensor[]): Tensor =>
  pieces.length === 1 ? pieces[0]! : tf.concat([...pieces], 0)

export const total = (parts: readonly Tensor[]): Tensor => parts.reduce((sum, part) => tf.add(sum, part))
