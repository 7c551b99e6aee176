/**
 * Eigenvalues of a symmetric matrix, and its eigenvectors where they are asked for: Householder reduction to a tridiagonal one,
 * then the implicit QL method (Golub & Van Loan §8.3; the classic tred2/tql2 pair of EISPACK). O(4/3 n³) without vectors.
 */
import { invariant } from '../base/errors.ts'

const MAXIMUM_SWEEPS = 60

/** Reduces `a` [n, n] in place; returns its diagonal and, at index 1 … n − 1, its subdiagonal. */
function tridiagonalize(a: Float64Array, n: number): { diagonal: Float64Array; below: Float64Array } {
  const diagonal = new Float64Array(n)
  const below = new Float64Array(n)
  for (let i = n - 1; i > 0; i--) {
    const row = i * n
    let squared = 0
    for (let k = 0; k < i; k++) squared += a[row + k]! * a[row + k]!
    const pivot = a[row + i - 1]!
    const length = pivot >= 0 ? -Math.sqrt(squared) : Math.sqrt(squared)
    below[i] = length
    const h = squared - pivot * length
    if (h === 0) continue
    a[row + i - 1] = pivot - length
    applyReflection(a, { n, i, h, product: diagonal })
  }
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i]!
  return { diagonal, below }
}

/** A ← (I − uuᵀ/h) A (I − uuᵀ/h) on the leading i × i block (its lower half), with u in row i. */
function applyReflection(a: Float64Array, step: { n: number; i: number; h: number; product: Float64Array }): void {
  const { n, i, h, product } = step
  const u = a.subarray(i * n, i * n + i)
  product.fill(0, 0, i)
  for (let j = 0; j < i; j++) {
    const uj = u[j]!
    let sum = a[j * n + j]! * uj
    for (let k = 0; k < j; k++) {
      sum += a[j * n + k]! * u[k]!
      product[k]! += a[j * n + k]! * uj
    }
    product[j]! += sum
  }
  let scale = 0
  for (let j = 0; j < i; j++) {
    product[j]! /= h
    scale += product[j]! * u[j]!
  }
  scale /= 2 * h
  for (let j = 0; j < i; j++) product[j]! -= scale * u[j]!
  for (let j = 0; j < i; j++) {
    for (let k = 0; k <= j; k++) a[j * n + k]! -= u[j]! * product[k]! + product[j]! * u[k]!
  }
}

/** The rotation of planes i and i + 1 by the angle of this cosine and sine. */
type Rotate = (i: number, c: number, s: number) => void

/** One implicit QL sweep on rows low … high with a Wilkinson shift; `rotate` hears of each of its rotations. */
function sweep(d: Float64Array, e: Float64Array, range: { low: number; high: number }, rotate: Rotate): void {
  const { low, high } = range
  let g = (d[low + 1]! - d[low]!) / (2 * e[low]!)
  let r = Math.hypot(g, 1)
  g = d[high]! - d[low]! + e[low]! / (g + (g >= 0 ? r : -r))
  let s = 1
  let c = 1
  let p = 0
  for (let i = high - 1; i >= low; i--) {
    const f = s * e[i]!
    const b = c * e[i]!
    r = Math.hypot(f, g)
    e[i + 1] = r
    if (r === 0) {
      d[i + 1]! -= p
      e[high] = 0
      return
    }
    s = f / r
    c = g / r
    g = d[i + 1]! - p
    r = (d[i]! - g) * s + 2 * c * b
    p = s * r
    d[i + 1] = g + p
    g = c * r - b
    rotate(i, c, s)
  }
  d[low]! -= p
  e[low] = g
  e[high] = 0
}

/** Eigenvalues, largest first, of the symmetric [n, n] matrix whose lower half is in `matrix`. */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, below } = tridiagonalize(copyOf(matrix, n), n)
  iterate(diagonal, below, () => {})
  return diagonal.sort().reverse()
}

/**
 * With unit eigenvectors, one a row of `vectors` [n, n], in the order of `values`, largest first. O(16/3 n³): some seconds for
 * n of 768.
 */
export function symmetricEigenvectors(
  matrix: Float64Array,
  n: number
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const reduced = copyOf(matrix, n)
  const { diagonal, below } = tridiagonalize(reduced, n)
  const vectors = new Float64Array(n * n)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  iterate(diagonal, below, (i, c, s) => {
    const [one, next] = [i * n, i * n + n]
    for (let k = 0; k < n; k++) {
      const moved = vectors[next + k]!
      vectors[next + k] = s * vectors[one + k]! + c * moved
      vectors[one + k] = c * vectors[one + k]! - s * moved
    }
  })
  for (let row = 0; row < n; row++) reflectBack(reduced, n, vectors.subarray(row * n, (row + 1) * n))
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!)
  const sorted = new Float64Array(n * n)
  for (const [row, from] of order.entries()) sorted.set(vectors.subarray(from * n, (from + 1) * n), row * n)
  return { values: Float64Array.from(order, (from) => diagonal[from]!), vectors: sorted }
}

function copyOf(matrix: Float64Array, n: number): Float64Array {
  invariant(matrix.length === n * n, `${matrix.length} numbers are no ${n} × ${n} matrix`)
  return matrix.slice()
}

/** From an eigenvector of the tridiagonal matrix to one of the whole: the reflections that reduced it, last one first. */
function reflectBack(reduced: Float64Array, n: number, vector: Float64Array): void {
  for (let i = 1; i < n; i++) {
    const u = reduced.subarray(i * n, i * n + i)
    let squared = 0
    let along = 0
    for (let k = 0; k < i; k++) {
      squared += u[k]! * u[k]!
      along += u[k]! * vector[k]!
    }
    if (squared === 0) continue
    const scale = (2 * along) / squared
    for (let k = 0; k < i; k++) vector[k]! -= scale * u[k]!
  }
}

/** Implicit QL until nothing is left below the diagonal, which then holds the eigenvalues in no order. */
function iterate(diagonal: Float64Array, below: Float64Array, rotate: Rotate): void {
  const n = diagonal.length
  const e = new Float64Array(n)
  e.set(below.subarray(1))
  for (let low = 0; low < n; low++) {
    for (let round = 0; ; round++) {
      let high = low
      while (high < n - 1) {
        const size = Math.abs(diagonal[high]!) + Math.abs(diagonal[high + 1]!)
        if (Math.abs(e[high]!) <= Number.EPSILON * size) break
        high++
      }
      if (high === low) break
      invariant(round < MAXIMUM_SWEEPS, `QL did not converge at row ${low} of ${n}`)
      sweep(diagonal, e, { low, high }, rotate)
    }
  }
}
