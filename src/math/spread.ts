/**
 * Few rows that stand for many, by Euclidean distance between rows of unit length: cosine 1 − d²/2. Distances are given up as soon as
 * they are too large to matter, which of 384 numbers leaves a few dozen; nothing is approximated by that.
 */
import { invariant } from '../base/errors.ts'
import { rowCount } from './vectors.ts'

interface Rows {
  /** [N, dim] */
  readonly rows: Float32Array
  readonly dim: number
}

/** Numbers between two looks at how far it is by now. */
const STRIDE = 32

/** Squared distance of two rows, or some number ≥ `enough` where it is that or more. Four sums, so that none waits for the one before. */
function distanceBelow({ rows, dim }: Rows, one: number, other: number, enough: number): number {
  let a = one * dim
  let b = other * dim
  const end = a + dim
  const fours = end - (dim % 4)
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  while (a < fours && s0 + s1 + s2 + s3 < enough) {
    for (const stop = Math.min(a + STRIDE, fours); a < stop; a += 4, b += 4) {
      const d0 = rows[a]! - rows[b]!
      const d1 = rows[a + 1]! - rows[b + 1]!
      const d2 = rows[a + 2]! - rows[b + 2]!
      const d3 = rows[a + 3]! - rows[b + 3]!
      s0 += d0 * d0
      s1 += d1 * d1
      s2 += d2 * d2
      s3 += d3 * d3
    }
  }
  if (a === fours) for (; a < end; a++, b++) s0 += (rows[a]! - rows[b]!) ** 2
  return s0 + s1 + s2 + s3
}

/**
 * Farthest-first traversal (Gonzalez 1985): each row is the one that is furthest from all before it. No choice of as many rows covers all
 * others within less than half the distance that this one does. Of equal ones the first. A row is compared with those that were taken
 * meanwhile when it could be the next one, and no sooner.
 *
 * @returns rows in the order in which they were taken; fewer than `count` where all others are equal to one of them
 */
export function farthestFirst(
  matrix: Rows,
  { first, count }: { readonly first: number; readonly count: number }
): Uint32Array {
  const all = rowCount(matrix.rows, matrix.dim)
  invariant(first < all && count >= 1 && count <= all, `${count} of ${all} rows, from row ${first}`)
  /** To those that were taken, as far as the row was compared: the first `seen` of them. */
  const nearest = new Float64Array(all).fill(Infinity)
  const seen = new Uint32Array(all)
  const taken = new Uint32Array(count)
  taken[0] = first
  for (let n = 1; n < count; n++) {
    let furthest = 0
    for (let row = 0; row < all; row++) {
      while (nearest[row]! > furthest && seen[row]! < n) {
        const distance = distanceBelow(matrix, row, taken[seen[row]!]!, nearest[row]!)
        if (distance < nearest[row]!) nearest[row] = distance
        seen[row]!++
      }
      if (nearest[row]! <= furthest) continue
      furthest = nearest[row]!
      taken[n] = row
    }
    if (furthest === 0) return taken.slice(0, n)
  }
  return taken
}

/** In order, each row whose cosine with all that were taken before is below `maxSimilarity`. */
export function apart(matrix: Rows, maxSimilarity: number): Uint32Array {
  const all = rowCount(matrix.rows, matrix.dim)
  const enough = 2 - 2 * maxSimilarity
  const taken = new Uint32Array(all)
  let n = 0
  for (let row = 0; row < all; row++) {
    let i = 0
    while (i < n && distanceBelow(matrix, row, taken[i]!, enough) >= enough) i++
    if (i === n) taken[n++] = row
  }
  return taken.slice(0, n)
}
