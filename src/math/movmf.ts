/**
 * Mixtures of von Mises–Fisher components by soft expectation-maximization (Banerjee et al. 2005, JMLR 6, "soft-movMF"), on
 * unit vectors y [N, p]:
 *
 *   E   γ_nk ∝ π_k C_p(κ_k) exp(κ_k μ_kᵀy_n), by log-sum-exp
 *   M   s_k = Σ_n γ_nk y_n    π_k = Σ_n γ_nk / N    μ_k = s_k/‖s_k‖    A_p(κ_k) = ‖s_k‖ / Σ_n γ_nk
 *
 * Float64, no randomness: the same start gives the same mixture. Cost O(N C p) an iteration.
 */
import { invariant } from '../base/errors.ts'
import { concentrationOf } from './concentration.ts'
import { dotsWithRows } from './knn.ts'
import { createScorer, type VmfMixture } from './mixture-scores.ts'

export interface MovmfStart {
  /** [N, p] unit rows, at least one. */
  readonly vectors: Float64Array
  readonly dim: number
  readonly from: Begin
}

/**
 * Where components begin: at directions [S, p], unit rows, with the images that are nearest to each; or at S sets of images,
 * `labels` [N] being the set of each, −1 for none. Directions far from all images hold few: the nearest of them wins all.
 */
export type Begin = { readonly directions: Float64Array } | { readonly labels: Int32Array; readonly starts: number }

export interface MovmfOptions {
  /** Σ_n γ_nk below which a component is dropped: a component of one image has an infinite κ. Default 5 images. */
  readonly smallest?: number
  /** Nats of the mean log-likelihood an iteration must gain to be followed by another. Default 1e-3. */
  readonly gain?: number
  /** Default 100. */
  readonly iterations?: number
}

export interface MovmfProgress {
  /** From 1. */
  readonly iteration: number
  /** Mean log density of the vectors, in nats, of the mixture before this iteration's M-step; rises unless one is dropped. */
  readonly logLikelihood: number
  /** Rows of the start that this iteration dropped. */
  readonly dropped: readonly number[]
}

export interface MovmfFit {
  readonly mixture: VmfMixture
  /** Of `mixture`. */
  readonly logLikelihood: number
  readonly iterations: number
  /** False when the iterations ran out. */
  readonly hasConverged: boolean
  /** Rows of the start that are no component: too few images. */
  readonly dropped: readonly number[]
}

/** Σγ and Σγy of every component; what an M-step needs. */
interface Sums {
  readonly mass: Float64Array
  /** [C, p] */
  readonly vectors: Float64Array
}

/** The smallest share that changes a float64 sum of them. */
const NEGLIGIBLE = 1e-17

/**
 * Yields after every iteration, so that whoever drives it can stop or let others have a turn.
 * @throws Error when no start has enough images
 */
export function* fitMovmf(start: MovmfStart, options: MovmfOptions = {}): Generator<MovmfProgress, MovmfFit> {
  const { smallest = 5, gain = 1e-3, iterations = 100 } = options
  const { dim, vectors } = start
  const images = vectors.length / dim
  const rows = Array.from({ length: startsOf(start) }, (_, row) => row)
  let mixture = maximized({ sums: firstSums(start), origins: rows, dim, images, smallest })
  const dropped = missing(rows, mixture.origins)
  let before = Number.NEGATIVE_INFINITY
  for (let iteration = 1; ; iteration++) {
    const { sums, logLikelihood } = expected(mixture, vectors)
    const hasConverged = logLikelihood - before < gain
    if (hasConverged || iteration > iterations)
      return { mixture, logLikelihood, iterations: iteration - 1, hasConverged, dropped }
    const next = maximized({ sums, origins: mixture.origins, dim, images, smallest })
    const lost = missing(mixture.origins, next.origins)
    dropped.push(...lost)
    // Without a component the likelihood may fall; the next iteration is compared with nothing.
    before = lost.length > 0 ? Number.NEGATIVE_INFINITY : logLikelihood
    mixture = next
    yield { iteration, logLikelihood, dropped: lost }
  }
}

const missing = (before: readonly number[], after: readonly number[]): number[] => {
  const kept = new Set(after)
  return before.filter((row) => !kept.has(row))
}

const startsOf = ({ from, dim }: MovmfStart): number => ('starts' in from ? from.starts : from.directions.length / dim)

/** Every image belongs to one start at most. */
function firstSums(start: MovmfStart): Sums {
  const { vectors, dim } = start
  const count = startsOf(start)
  const sums: Sums = { mass: new Float64Array(count), vectors: new Float64Array(count * dim) }
  const first = firstOf(start)
  for (let n = 0; n < vectors.length / dim; n++) {
    const y = vectors.subarray(n * dim, (n + 1) * dim)
    const k = first(y, n)
    if (k >= 0) addTo(sums, k, { share: 1, y })
  }
  return sums
}

/** The start of one image. */
function firstOf({ from, dim }: MovmfStart): (y: Float64Array, n: number) => number {
  if ('labels' in from) return (_, n) => from.labels[n]!
  const cosines = new Float64Array(from.directions.length / dim)
  return (y) => {
    dotsWithRows(from.directions, y, { from: 0, to: cosines.length, out: cosines })
    return cosines.indexOf(cosines.reduce((a, b) => Math.max(a, b)))
  }
}

function addTo({ mass, vectors }: Sums, k: number, { share, y }: { share: number; y: Float64Array }): void {
  mass[k]! += share
  const from = k * y.length
  for (let i = 0; i < y.length; i++) vectors[from + i]! += share * y[i]!
}

function expected(mixture: VmfMixture, vectors: Float64Array): { sums: Sums; logLikelihood: number } {
  const { dim } = mixture
  const count = mixture.origins.length
  const sums: Sums = { mass: new Float64Array(count), vectors: new Float64Array(count * dim) }
  const score = createScorer(mixture)
  const images = vectors.length / dim
  let total = 0
  for (let n = 0; n < images; n++) {
    const y = vectors.subarray(n * dim, (n + 1) * dim)
    const { logDensity, posterior } = score(y)
    total += logDensity
    for (let k = 0; k < count; k++) {
      const share = posterior[k]!
      if (share > NEGLIGIBLE) addTo(sums, k, { share, y })
    }
  }
  return { sums, logLikelihood: total / images }
}

interface Maximization {
  readonly sums: Sums
  readonly origins: readonly number[]
  readonly dim: number
  readonly images: number
  readonly smallest: number
}

function maximized({ sums, origins, dim, images, smallest }: Maximization): VmfMixture {
  const kept = origins.flatMap((_, k) => (sums.mass[k]! >= smallest ? [k] : []))
  invariant(kept.length > 0, `no component of a mixture has ${smallest} of ${images} images`)
  const total = kept.reduce((sum, k) => sum + sums.mass[k]!, 0)
  const directions = new Float64Array(kept.length * dim)
  const kappa = new Float64Array(kept.length)
  for (const [at, k] of kept.entries()) {
    const sum = sums.vectors.subarray(k * dim, (k + 1) * dim)
    const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0))
    for (let i = 0; i < dim; i++) directions[at * dim + i] = length > 0 ? sum[i]! / length : i === 0 ? 1 : 0
    kappa[at] = concentrationOf(dim, Math.min(1, length / sums.mass[k]!))
  }
  return {
    dim,
    origins: kept.map((k) => origins[k]!),
    weights: Float64Array.from(kept, (k) => sums.mass[k]! / total),
    kappa,
    directions
  }
}
