/**
 * Eigenvalues of a symmetric matrix: Householder reduction to a tridiagonal one, then the implicit QL method
 * (Golub & Van Loan §8.3; the classic tred2/tql1 pair of EISPACK without vectors). O(4/3 n³).
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

/** One implicit QL sweep on rows low … high with a Wilkinson shift. */
function sweep(d: Float64Array, e: Float64Array, range: { low: number; high: number }): void {
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
  }
  d[low]! -= p
  e[low] = g
  e[high] = 0
}

/** Eigenvalues, largest first, of the symmetric [n, n] matrix whose lower half is in `matrix`. */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  invariant(matrix.length === n * n, `${matrix.length} numbers are no ${n} × ${n} matrix`)
  const { diagonal, below } = tridiagonalize(matrix.slice(), n)
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
      sweep(diagonal, e, { low, high })
    }
  }
  return diagonal.sort().reverse()
}
