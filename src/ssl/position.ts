/**
 * Position embeddings at another size than they are stored for, as DINO does it: bicubic (a = −0.75), half-pixel centers,
 * edges repeated, and a scale of (n + 0.1) / stored size that also places the samples. The 0.1 began as a guard against
 * rounding (facebookresearch/dino#8); weights trained with it need it. Hugging Face's models sample at the plain size: an
 * offset of 0.
 */
import { type Tensor, tf } from '../engine/tf.ts'

/** Rows and columns of patches. */
export type Grid = readonly [height: number, width: number]

export const squareOf = (patches: number): Grid => [Math.sqrt(patches), Math.sqrt(patches)]

const A = -0.75
export const POSITION_OFFSET = 0.1

function cubic(distance: number): number {
  const t = Math.abs(distance)
  if (t <= 1) return ((A + 2) * t - (A + 3)) * t * t + 1
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * A : 0
}

/** [to, from] rows of weights that resample one axis of a grid. */
export function bicubicWeights(from: number, to: number, offset = POSITION_OFFSET): number[][] {
  const scale = (to + offset) / from
  return Array.from({ length: to }, (_, i) => {
    const row = new Array<number>(from).fill(0)
    const source = (i + 0.5) / scale - 0.5
    const first = Math.floor(source) - 1
    for (let tap = first; tap < first + 4; tap++) {
      const inside = Math.min(from - 1, Math.max(0, tap))
      row[inside]! += cubic(source - tap)
    }
    return row
  })
}

/**
 * The whole change of grid as one matrix [1 + h·w, 1 + from·from], which depends on sizes alone; the class token keeps
 * its own row.
 */
export function positionMatrix(from: number, [height, width]: Grid): Float32Array {
  const rows = bicubicWeights(from, height)
  const columns = bicubicWeights(from, width)
  const stored = 1 + from * from
  const matrix = new Float32Array((1 + height * width) * stored)
  matrix[0] = 1
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let j = 0; j < from; j++)
        for (let i = 0; i < from; i++)
          matrix[(1 + y * width + x) * stored + 1 + j * from + i] = rows[y]![j]! * columns[x]![i]!
  return matrix
}

/** positions [1, 1 + from², dim] → [1 + height · width, dim]. */
export function positionsAt(positions: Tensor, from: number, [height, width]: Grid): Tensor {
  const table = tf.reshape(positions, [1 + from * from, positions.shape[2]!])
  if (from === height && from === width) return table
  const matrix = positionMatrix(from, [height, width])
  return tf.matMul(tf.tensor2d(matrix, [1 + height * width, 1 + from * from]), table)
}
