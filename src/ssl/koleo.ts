/**
 * KoLeo: the Kozachenko–Leonenko estimate of differential entropy as a loss, −mean log min_{j≠i} ‖x_i − x_j‖ over unit
 * rows (Sablayrolles et al. 2019, arXiv 1806.03198). On the features of a batch it spreads images (DINOv2), on prototypes
 * it undoes their partial collapse (arXiv 2410.14060). O(N² D): a few milliseconds for a batch, seconds for 65,536
 * prototypes.
 */
import { invariant } from '../base/errors.ts'
import { exactly } from '../engine/ops/exactly.ts'
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { unitRows } from './head.ts'

/** DINOv2's: a duplicate costs 18 nats instead of infinity. */
const SMALLEST_DISTANCE = 1e-8
/** 64 MB. */
const LARGEST_PIECE = 2 ** 24

interface Piece {
  readonly from: number
  readonly count: number
}

/** The rows of a [rows, rows] matrix in pieces of at most `numbers`. */
function piecesOf(rows: number, numbers: number): Piece[] {
  const size = Math.max(1, Math.floor(numbers / rows))
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    from: i * size,
    count: Math.min(size, rows - i * size)
  }))
}

const range = (from: number, count: number): Tensor =>
  tf.tensor1d(Float32Array.from({ length: count }, (_, i) => from + i))

const column = (values: Tensor): Tensor => tf.reshape(tf.cast(values, 'float32'), [-1, 1])

/** [count, columns]: 1 where the column is the one that `chosen` [count, 1] names, else 0. */
const oneHot = (chosen: Tensor, columns: number): Tensor =>
  tf.maximum(tf.sub(1, tf.abs(tf.sub(range(0, columns), chosen))), 0)

/** For each row of `unit` [N, D] the row with the largest cosine besides itself, int32 [N]. */
function nearestRows(unit: Tensor, pieces: readonly Piece[]): Tensor {
  const rows = unit.shape[0]!
  const parts = pieces.map(({ from, count }) => {
    const some = tf.slice(unit, [from, 0], [count, -1])
    const cosines = exactly(() => tf.matMul(some as tf.Tensor2D, unit as tf.Tensor2D, false, true))
    const itself = oneHot(column(range(from, count)), rows)
    return tf.argMax(tf.sub(cosines, tf.mul(itself, 4)), 1) as Tensor
  })
  return parts.length === 1 ? parts[0]! : tf.concat(parts)
}

/** Σ over the rows i that chose row j of `values` [N, D], for every j. */
function sumByChoice(values: Tensor, nearest: Tensor, pieces: readonly Piece[]): Tensor {
  const rows = values.shape[0]!
  const parts = pieces.map(({ from, count }) => {
    const chosen = oneHot(column(tf.slice(nearest, [from], [count])), rows)
    const some = tf.slice(values, [from, 0], [count, -1])
    return exactly(() => tf.matMul(chosen as tf.Tensor2D, some as tf.Tensor2D, true, false)) as Tensor
  })
  return parts.reduce((sum, part) => tf.add(sum, part))
}

/**
 * x [N, D] of any length, N ≥ 2 → scalar. The gradient goes to a row and to its nearest; which that is has none.
 * @param largestPiece numbers of the matrix of cosines that are in memory at once
 */
export function koleo(x: Tensor, largestPiece: number = LARGEST_PIECE): Tensor {
  const rows = x.shape[0]!
  const pieces = piecesOf(rows, largestPiece)
  invariant(rows >= 2, `KoLeo of ${rows} rows: there is no nearest other`)
  const unit = unitRows(x)
  return withGradient({
    inputs: [unit] as const,
    forward: () => {
      const nearest = nearestRows(unit, pieces)
      const difference = tf.sub(unit, tf.gather(unit, nearest as tf.Tensor1D))
      const distance = tf.sqrt(tf.sum(tf.square(difference), 1, true))
      const value = tf.neg(tf.mean(tf.log(tf.add(distance, SMALLEST_DISTANCE))))
      return { value, saved: [nearest, difference, distance] }
    },
    backward: (dy, _, [nearest, difference, distance]) => {
      // Of equal rows the direction is unknown: none, as in PyTorch.
      const slope = tf.mul(tf.add(distance!, SMALLEST_DISTANCE), tf.maximum(distance!, SMALLEST_DISTANCE))
      const pull = tf.mul(tf.div(difference!, slope), tf.div(dy, -rows))
      return [tf.sub(pull, sumByChoice(pull, nearest!, pieces))]
    }
  })
}
