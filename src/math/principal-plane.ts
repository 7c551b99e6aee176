/**
 * The two directions in which points spread most (principal components): the leading eigenvectors of their covariance, which is counted
 * exactly and then multiplied, by orthogonal iteration with a Rayleigh–Ritz step (Golub & Van Loan §8.2.4), into a few vectors until
 * these stay. All eigenvectors of 1,024 dimensions would be some seconds of work, of which two are wanted.
 */
import { invariant } from '../base/errors.ts'
import { symmetricEigenvectors } from './eigen.ts'
import { prng } from './prng.ts'

/** Vectors that are iterated: what lies beyond them fades by the ratio of the ninth to the second eigenvalue. */
const ITERATED = 8
const RITZ_EVERY = 5
const MOST_ROUNDS = 400
/** Of the two eigenvalues, from one look to the next. */
const STEADY = 1e-10

export interface PrincipalPlane {
  readonly mean: Float64Array
  /** Unit vectors at right angles to each other; their largest number is positive, or a map would be mirrored from time to time. */
  readonly axes: readonly [Float64Array, Float64Array]
}

/** Counts points [dimensions], one after the other, and gives their plane. */
export function createPlaneFinder(dimensions: number) {
  const sums = new Float64Array(dimensions)
  const products = new Float64Array(dimensions * dimensions)
  let points = 0
  return {
    add(point: ArrayLike<number>): void {
      points++
      for (let i = 0; i < dimensions; i++) {
        const value = point[i]!
        sums[i]! += value
        const row = i * dimensions
        for (let j = 0; j <= i; j++) products[row + j]! += value * point[j]!
      }
    },
    find(): PrincipalPlane {
      invariant(points > 0, 'no points have no plane')
      const mean = sums.map((sum) => sum / points)
      const covariance = new Float64Array(dimensions * dimensions)
      for (let i = 0; i < dimensions; i++) {
        for (let j = 0; j <= i; j++) {
          const value = products[i * dimensions + j]! / points - mean[i]! * mean[j]!
          covariance[i * dimensions + j] = value
          covariance[j * dimensions + i] = value
        }
      }
      return { mean, axes: leadingTwo(covariance, dimensions) }
    }
  }
}

/** Where a point lies on the plane. */
export function onPlane(point: ArrayLike<number>, { mean, axes: [first, second] }: PrincipalPlane): [number, number] {
  let [x, y] = [0, 0]
  for (let i = 0; i < mean.length; i++) {
    const from = point[i]! - mean[i]!
    x += from * first[i]!
    y += from * second[i]!
  }
  return [x, y]
}

function leadingTwo(matrix: Float64Array, n: number): [Float64Array, Float64Array] {
  const count = Math.min(ITERATED, n)
  const { normal } = prng(1)
  let basis = orthonormal(Array.from({ length: count }, () => Float64Array.from({ length: n }, () => normal())))
  let known = Number.NaN
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const images = basis.map((vector) => times(matrix, vector))
    if (round % RITZ_EVERY !== 0) {
      basis = orthonormal(images)
      continue
    }
    const { vectors, leading } = ritz(basis, images)
    basis = orthonormal(vectors)
    if (Math.abs(leading - known) <= STEADY * leading) break
    known = leading
  }
  const [first = unit(n, 0), second = new Float64Array(n)] = basis
  return [upright(first), upright(second)]
}

/** The best eigenvectors that a space holds, and the sum of its two largest eigenvalues. */
function ritz(basis: readonly Float64Array[], images: readonly Float64Array[]) {
  const count = basis.length
  const small = Float64Array.from({ length: count * count }, (_, at) =>
    dot(basis[Math.floor(at / count)]!, images[at % count]!)
  )
  const { values, vectors: mixes } = symmetricEigenvectors(small, count)
  const vectors = basis.map((_, row) => {
    const mixed = new Float64Array(basis[0]!.length)
    for (const [k, vector] of basis.entries()) addTimes(mixed, vector, mixes[row * count + k]!)
    return mixed
  })
  return { vectors, leading: values[0]! + (values[1] ?? 0) }
}

/** By Gram–Schmidt, twice, which keeps right angles to rounding; what is nothing but a sum of those before becomes zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = []
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector))
    const left = vector.slice()
    for (let pass = 0; pass < 2; pass++) for (const other of done) addTimes(left, other, -dot(left, other))
    const length = Math.sqrt(dot(left, left))
    done.push(length > before * 1e-12 ? left.map((value) => value / length) : left.fill(0))
  }
  return done
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length
  const product = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const row = i * n
    let sum = 0
    for (let j = 0; j < n; j++) sum += matrix[row + j]! * vector[j]!
    product[i] = sum
  }
  return product
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0
  for (let i = 0; i < one.length; i++) sum += one[i]! * other[i]!
  return sum
}

function addTimes(to: Float64Array, vector: Float64Array, by: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += by * vector[i]!
}

const unit = (n: number, at: number): Float64Array => {
  const vector = new Float64Array(n)
  vector[at] = 1
  return vector
}

function upright(axis: Float64Array): Float64Array {
  let largest = 0
  for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
  return largest < 0 ? axis.map((value) => -value) : axis
}
