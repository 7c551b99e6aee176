/** Rows of float32 matrices stored flat, row-major. Sums run in float64. */
import { invariant } from '../base/errors.ts'

export function dot(a: Float32Array, b: Float32Array): number {
  invariant(a.length === b.length, `dot of ${a.length} and ${b.length} numbers`)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

export const norm = (a: Float32Array): number => Math.sqrt(dot(a, a))

/** Rows of a flat [N, dim] matrix. */
export function rowCount(matrix: Float32Array, dim: number): number {
  invariant(dim > 0 && matrix.length % dim === 0, `${matrix.length} numbers are no rows of ${dim}`)
  return matrix.length / dim
}

/** Every row [dim] scaled to unit length, in a new array; a zero row stays zero. */
export function normalizeRows(matrix: Float32Array, dim: number): Float32Array {
  const out = new Float32Array(matrix.length)
  const rows = rowCount(matrix, dim)
  for (let row = 0; row < rows; row++) {
    const from = row * dim
    let squared = 0
    for (let i = 0; i < dim; i++) squared += matrix[from + i]! * matrix[from + i]!
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0
    for (let i = 0; i < dim; i++) out[from + i] = matrix[from + i]! * scale
  }
  return out
}

/** Where weights g v/‖v‖ point, v [K, dim] and g [K]: of negative g to −v. Rows keep their length. */
export function signedRows(v: Float32Array, g: Float32Array): Float32Array {
  const dim = v.length / g.length
  return v.map((value, i) => (g[Math.floor(i / dim)]! < 0 ? -value : value))
}

/** Linear interpolation between order statistics, as numpy and torch do; `values` need not be sorted. */
export function quantiles(values: ArrayLike<number>, shares: readonly number[]): number[] {
  invariant(values.length > 0, 'quantiles of nothing')
  const sorted = Float64Array.from(values).sort()
  return shares.map((share) => {
    const at = share * (sorted.length - 1)
    const low = Math.floor(at)
    const high = Math.min(low + 1, sorted.length - 1)
    return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!)
  })
}

/** @param features [N, dim]; returns [N, kept], unit rows, and zeros where nothing is left of a row, as serving has it */
export function firstDimensions(features: Float32Array, dim: number, kept: number): Float32Array {
  invariant(kept >= 1 && kept <= dim, `the first ${kept} of ${dim} dimensions`)
  const rows = rowCount(features, dim)
  const cut = new Float32Array(rows * kept)
  for (let row = 0; row < rows; row++) cut.set(features.subarray(row * dim, row * dim + kept), row * kept)
  return normalizeRows(cut, kept)
}
