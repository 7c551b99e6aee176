/**
 * Is the network still telling images apart? Measures of prototype use and of the spread of features. All entropies are
 * in nats. N images, K prototypes, D dimensions; matrices are flat and row-major.
 */
import { invariant } from '../base/errors.ts'
import { symmetricEigenvalues } from './eigen.ts'
import { normalizeRows, rowCount } from './vectors.ts'

/** −Σ p log p, with 0 log 0 = 0. */
export function entropy(probabilities: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!
    if (p > 0) sum -= p * Math.log(p)
  }
  return sum
}

/** One prototype with this share of the images leaves the others little to tell apart. */
const MOST_OF_ALL = 0.74

/**
 * Do few prototypes take all images? By shares, so that it does not matter how many prototypes there are beyond a handful: one
 * has 74 % or more, or one has 35 % and all together spread over four (1.4 nats) in effect. Of a handful of prototypes 1.4 nats
 * would be all of them: then half of what they can have.
 */
export function takenByFew({ topShare, entropy, prototypes }: Shares): boolean {
  return topShare >= MOST_OF_ALL || (topShare > 0.35 && entropy < Math.min(1.4, Math.log(prototypes) / 2))
}

export interface Shares {
  /** The largest. */
  readonly topShare: number
  /** Nats. */
  readonly entropy: number
  /** How many there are. */
  readonly prototypes: number
}

export interface AssignmentMeans {
  /** Mean entropy of an assignment, in nats. */
  readonly teacherEntropy: number
  /** Entropy of the mean assignment, in nats. */
  readonly meanEntropy: number
  readonly topShare: number
}

/** What an assignment tells about its image, in nats. */
export const informationOf = ({ meanEntropy, teacherEntropy }: AssignmentMeans): number => meanEntropy - teacherEntropy

/** Which rules of training/health/health.ts hold of these means, whatever the step; it has the runs behind the numbers. */
export function collapseSigns(means: AssignmentMeans, prototypes: number) {
  const { teacherEntropy, meanEntropy, topShare } = means
  const most = Math.log(prototypes)
  const tellsNothing = informationOf(means) < 0.08
  const isUniform = tellsNothing && teacherEntropy > 0.95 * most
  const isFew = takenByFew({ topShare, entropy: meanEntropy, prototypes })
  return {
    collapse_uniform: isUniform,
    collapse_few: isFew,
    collapse_alike: tellsNothing && !isUniform && !isFew,
    plateau: informationOf(means) < 1.1 && teacherEntropy > 0.8 * most
  }
}

export interface AssignmentStats {
  /** Mean over images of the entropy of one image's probabilities: high means blunt. */
  readonly meanEntropy: number
  /** Entropy of the mean probabilities: low means few prototypes take everything. */
  readonly entropyOfMean: number
  /** entropyOfMean − meanEntropy: what an assignment tells about its image. */
  readonly mutualInformation: number
  /** Largest mean probability. */
  readonly topShare: number
  /** exp(entropyOfMean): how many equally used prototypes would have this entropy. */
  readonly perplexity: number
  /** [K] */
  readonly meanProbability: Float64Array
}

/** Of soft assignments [N, K]. */
export function assignmentStats(probabilities: Float32Array, prototypes: number): AssignmentStats {
  const rows = rowCount(probabilities, prototypes)
  invariant(rows > 0, 'assignment statistics of no image')
  const meanProbability = new Float64Array(prototypes)
  let total = 0
  for (let n = 0; n < rows; n++) {
    const row = probabilities.subarray(n * prototypes, (n + 1) * prototypes)
    total += entropy(row)
    for (let k = 0; k < prototypes; k++) meanProbability[k]! += row[k]! / rows
  }
  const meanEntropy = total / rows
  const entropyOfMean = entropy(meanProbability)
  return {
    meanEntropy,
    entropyOfMean,
    mutualInformation: entropyOfMean - meanEntropy,
    topShare: meanProbability.reduce((a, b) => Math.max(a, b), 0),
    perplexity: Math.exp(entropyOfMean),
    meanProbability
  }
}

/** Images per prototype, [K], from hard assignments (argmax of uncentered teacher probabilities). */
export function prototypeUsage(assignments: ArrayLike<number>, prototypes: number): Uint32Array {
  const counts = new Uint32Array(prototypes)
  for (let n = 0; n < assignments.length; n++) counts[assignments[n]!]!++
  return counts
}

/** Prototypes that are the argmax of at least one image. */
export const usedPrototypes = (usage: Uint32Array): number => usage.reduce((count, n) => count + (n > 0 ? 1 : 0), 0)

/**
 * Greedy de-duplication: a prototype is kept when its cosine distance to all kept ones is at least `epsilon`
 * (0.025 in arXiv 2510.20108). Returns for each prototype itself when kept, else the kept one it repeats. O(K² p).
 */
export function duplicatePrototypes(directions: Float32Array, dim: number, epsilon: number): Int32Array {
  const unit = normalizeRows(directions, dim)
  const rows = rowCount(unit, dim)
  const representative = new Int32Array(rows)
  const kept: number[] = []
  for (let k = 0; k < rows; k++) {
    const same = kept.find((other) => {
      let cosine = 0
      for (let i = 0; i < dim; i++) cosine += unit[k * dim + i]! * unit[other * dim + i]!
      return 1 - cosine < epsilon
    })
    representative[k] = same ?? k
    if (same === undefined) kept.push(k)
  }
  return representative
}

export const uniquePrototypes = (representative: Int32Array): number =>
  representative.reduce((count, kept, k) => count + (kept === k ? 1 : 0), 0)

/**
 * RankMe (Garrido et al. 2023, arXiv 2210.02885): exp of the entropy of the singular values of the features [N, D],
 * normalized to sum 1. Between 1 (all features on one line) and min(N, D).
 */
export function effectiveRank(features: Float32Array, dim: number): number {
  const rows = rowCount(features, dim)
  return rows === 0 ? 0 : rankOfSpectrum(gramEigenvalues(features, rows, dim))
}

/** RankMe from the eigenvalues of XᵀX, whose roots are the singular values. */
export function rankOfSpectrum(eigenvalues: Float64Array): number {
  // Rounding can leave tiny negative eigenvalues where the true one is 0.
  const singular = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)))
  const total = singular.reduce((a, b) => a + b, 0)
  return total > 0 ? Math.exp(entropy(singular.map((value) => value / total))) : 0
}

/** Of XᵀX [D, D] or X Xᵀ [N, N], whichever is smaller: those of the other are the same and zeros. */
function gramEigenvalues(features: Float32Array, rows: number, dim: number): Float64Array {
  const size = Math.min(rows, dim)
  const vectors = rows < dim ? Float64Array.from(features) : transposed(features, rows, dim)
  const length = vectors.length / size
  const gram = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    const a = vectors.subarray(i * length, (i + 1) * length)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0, from = j * length; k < length; k++) sum += a[k]! * vectors[from + k]!
      gram[i * size + j] = sum
    }
  }
  return symmetricEigenvalues(gram, size)
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!
  return out
}

/** √D × mean standard deviation per dimension of unit features [N, D]: 1 when isotropic, 0 when collapsed. */
export function featureSpread(features: Float32Array, dim: number): number {
  const unit = normalizeRows(features, dim)
  const rows = rowCount(unit, dim)
  invariant(rows > 1, `feature spread of ${rows} images`)
  let total = 0
  for (let i = 0; i < dim; i++) {
    let sum = 0
    let squared = 0
    for (let n = 0; n < rows; n++) {
      const value = unit[n * dim + i]!
      sum += value
      squared += value * value
    }
    total += Math.sqrt(Math.max(0, (squared - (sum * sum) / rows) / (rows - 1)))
  }
  return (Math.sqrt(dim) * total) / dim
}
