/**
 * What can be said without any label. Of the spectrum of the bank's features:
 *
 *   rankme  exp of the entropy of the singular values of the features, normalized to sum 1 (Garrido et al. 2023, arXiv
 *           2210.02885; its ε of 1e-7, which only guards log 0, is left out)
 *   alpha   α of λ_i ∝ i^−α for the eigenvalues of the covariance (α-ReQ, Agrawal et al. 2022), by the original's fit: least
 *           squares of log λ_i by log i with weights 1/i, over the ranks 4 to 100 or as many as are not 0 but for rounding
 *
 * Of the bank's embeddings, when they are stored in fewer numbers or bits (kept-neighbors.ts):
 *
 *   recall10_int8, recall10_half, …  how many of an image's ten nearest are still among its ten nearest
 *
 * Of the judged images' prototypes, where the model has them:
 *
 *   log_likelihood  mean log density of the bottleneck vectors under the fitted mixture, in nats above the uniform density
 *   same_prototype, ari_against  agreement with another model (agreement.ts)
 *
 * None is an accuracy: a high rank is necessary for good features and not sufficient, and vectors that all are one are the likeliest.
 */
import { type Evaluation, GROUPS } from '../base/evaluation.ts'
import { rankOfSpectrum } from '../math/collapse.ts'
import { symmetricEigenvalues } from '../math/eigen.ts'
import { agreementOf, type OtherAssignments } from './agreement.ts'
import { bootstrapMeans, JACKKNIFE, jackknife, RESAMPLES, randomGroups } from './intervals.ts'
import { keptNeighbors } from './kept-neighbors.ts'

export interface LabelFreeSettings {
  /** First and last eigenvalue that α is fitted to, counted from 1. */
  readonly ranks: readonly [first: number, last: number]
  readonly seed: number
}

export const LABEL_FREE_SETTINGS: LabelFreeSettings = { ranks: [4, 100], seed: 0 }

export interface JudgedWithoutLabels {
  /** Images. */
  readonly judged: number
  /** Null where the model has none, or none were read. */
  readonly prototypes: {
    readonly posterior: string
    /** [judged] */
    readonly assignments: Int32Array
    /** [judged] */
    readonly logDensities: readonly number[] | null
    readonly against: OtherAssignments | null
  } | null
}

/** Metrics: rankme, 1 … dim; alpha, left out where fewer than two eigenvalues are in the ranks; recalls; those of prototypes. O(images · dim²) + 40 spectra. */
export function evaluateLabelFree(
  features: Float32Array,
  dim: number,
  { ranks, seed }: LabelFreeSettings,
  { judged, prototypes }: JudgedWithoutLabels
): Evaluation {
  const images = features.length / dim
  const { logDensities = null, against = null } = prototypes ?? {}
  const kept = keptNeighbors(features, dim)
  const parts = momentsByGroup(features, dim, randomGroups(images, seed))
  const whole = parts.reduce((sum, part) => combined(sum, part, 1))
  const all = spectrumOf(whole, dim, ranks)
  const without = parts.map((part) => spectrumOf(combined(whole, part, -1), dim, ranks))
  const estimate = (read: (one: Spectrum) => number) => jackknife(read(all), without.map(read))
  return {
    protocol: 'label_free',
    settings: {
      ranks: [ranks[0], all.last],
      features: 'as embedded',
      ...JACKKNIFE,
      means: 'bootstrap',
      resamples: RESAMPLES,
      judged,
      ...kept.settings,
      ...(against && { posterior: prototypes!.posterior, against: against.model, againstPosterior: against.posterior }),
      seed
    },
    bank: null,
    queries: images,
    classes: null,
    metrics: {
      rankme: estimate(({ rankme }) => rankme),
      ...(Number.isFinite(all.alpha) && { alpha: estimate(({ alpha }) => alpha) }),
      ...bootstrapMeans(kept.shares, seed),
      ...(logDensities !== null && bootstrapMeans({ log_likelihood: logDensities }, seed)),
      ...(against !== null && agreementOf(prototypes!.assignments, against, seed))
    }
  }
}

/** Of a group of images: everything that spectra need, and adds up. */
interface Moments {
  readonly images: number
  /** [dim] */
  readonly sum: Float64Array
  /** XᵀX [dim, dim], the lower half. */
  readonly gram: Float64Array
}

function momentsByGroup(features: Float32Array, dim: number, group: Uint8Array): Moments[] {
  return Array.from({ length: GROUPS }, (_, g) => {
    const rows = [...group.keys()].filter((row) => group[row] === g)
    const sum = new Float64Array(dim)
    const gram = new Float64Array(dim * dim)
    for (const row of rows) {
      const x = Float64Array.from(features.subarray(row * dim, (row + 1) * dim))
      for (let i = 0; i < dim; i++) {
        const xi = x[i]!
        sum[i]! += xi
        for (let j = 0, at = i * dim; j <= i; j++, at++) gram[at]! += xi * x[j]!
      }
    }
    return { images: rows.length, sum, gram }
  })
}

const combined = (a: Moments, b: Moments, sign: 1 | -1): Moments => ({
  images: a.images + sign * b.images,
  sum: a.sum.map((value, i) => value + sign * b.sum[i]!),
  gram: a.gram.map((value, i) => value + sign * b.gram[i]!)
})

interface Spectrum {
  readonly rankme: number
  /** NaN where it cannot be fitted. */
  readonly alpha: number
  /** Rank of the last eigenvalue that it was fitted to. */
  readonly last: number
}

function spectrumOf({ images, sum, gram }: Moments, dim: number, ranks: readonly [number, number]): Spectrum {
  const covariance = gram.slice()
  for (let i = 0; i < dim; i++)
    for (let j = 0; j <= i; j++) covariance[i * dim + j] = (gram[i * dim + j]! - (sum[i]! * sum[j]!) / images) / images
  const rankme = rankOfSpectrum(withoutRounding(symmetricEigenvalues(gram, dim)))
  const positive = withoutRounding(symmetricEigenvalues(covariance, dim)).filter((value) => value > 0)
  const last = Math.min(ranks[1], positive.length)
  return { rankme, alpha: slopeOf(positive, ranks[0], last), last }
}

/**
 * What rounding leaves of eigenvalues that are 0, as NumPy's matrix_rank judges it, is 0. A last normalization layer takes a
 * direction away: kept, the one eigenvalue of 1e-15 raised α from 2.36 to 2.50 on the demo's images.
 */
function withoutRounding(eigenvalues: Float64Array): Float64Array {
  const least = eigenvalues[0]! * eigenvalues.length * Number.EPSILON
  return eigenvalues.map((value) => (value > least ? value : 0))
}

/** −slope of log λ by log rank, weighted by 1/rank. */
function slopeOf(eigenvalues: Float64Array, first: number, last: number): number {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0]
  for (let rank = first; rank <= last; rank++) {
    const [weight, x, y] = [1 / rank, Math.log(rank), Math.log(eigenvalues[rank - 1]!)]
    w += weight
    wx += weight * x
    wy += weight * y
    wxx += weight * x * x
    wxy += weight * x * y
  }
  return -(w * wxy - wx * wy) / (w * wxx - wx * wx)
}
