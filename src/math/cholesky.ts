/** Symmetric positive definite systems, in float64: A = L Lᵀ (Golub & Van Loan §4.2), row-major. */
import { invariant } from '../base/errors.ts'

/** L in the lower half of a new array. @param matrix [n, n]; its lower half is read */
export function choleskyFactor(matrix: Float64Array, n: number): Float64Array {
  const l = matrix.slice()
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = l[i * n + j]!
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!
      if (i === j) {
        invariant(sum > 0, `row ${j} of ${n} makes the matrix not positive definite`)
        l[j * n + j] = Math.sqrt(sum)
      } else l[i * n + j] = sum / l[j * n + j]!
    }
  }
  return l
}

/** A x = b; x replaces b. */
export function choleskySolve(l: Float64Array, b: Float64Array): void {
  const n = b.length
  for (let i = 0; i < n; i++) {
    let sum = b[i]!
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * b[k]!
    b[i] = sum / l[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i]! / l[i * n + i]!
    b[i] = x
    for (let k = 0; k < i; k++) b[k]! -= l[i * n + k]! * x
  }
}
