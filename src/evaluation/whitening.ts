/** PCA whitening as facebookresearch/dino's utils.PCA has it, all dimensions kept, learned from images of neither side. */

import { symmetricEigenvectors } from '../math/eigen.ts'
import { rowCount } from '../math/vectors.ts'

export interface Whitening {
  readonly dim: number
  readonly mean: Float64Array
  /** [dim, dim]: an eigenvector a row, over the square root of its eigenvalue. */
  readonly rows: Float64Array
}

/** Eigenvalues below this share of the largest are taken for it: fewer images than dimensions leave many at 0. */
const SMALLEST_SHARE = 1e-5

/** @param features [N, dim]. The matrix is of second moments about 0 and not about the mean, as in the original. */
export function learnWhitening(features: Float32Array, dim: number): Whitening {
  const images = rowCount(features, dim)
  const mean = new Float64Array(dim)
  const moments = new Float64Array(dim * dim)
  for (let row = 0; row < images; row++) {
    const x = features.subarray(row * dim, (row + 1) * dim)
    for (let i = 0; i < dim; i++) {
      const xi = x[i]!
      mean[i]! += xi / images
      for (let j = 0; j <= i; j++) moments[i * dim + j]! += xi * x[j]!
    }
  }
  const { values, vectors } = symmetricEigenvectors(
    moments.map((sum) => sum / images),
    dim
  )
  const least = values[0]! * SMALLEST_SHARE
  return {
    dim,
    mean,
    rows: vectors.map((value, i) => value / Math.sqrt(Math.max(least, values[Math.floor(i / dim)]!)))
  }
}

/** [N, dim] → [N, dim]; the last dimensions are those in which the images that it was learned from differ least. */
export function whiten(features: Float32Array, { dim, mean, rows }: Whitening): Float32Array {
  const out = new Float32Array(features.length)
  const centered = new Float64Array(dim)
  for (let row = 0; row < rowCount(features, dim); row++) {
    for (let i = 0; i < dim; i++) centered[i] = features[row * dim + i]! - mean[i]!
    for (let k = 0; k < dim; k++) {
      let sum = 0
      for (let i = 0; i < dim; i++) sum += rows[k * dim + i]! * centered[i]!
      out[row * dim + k] = sum
    }
  }
  return out
}
