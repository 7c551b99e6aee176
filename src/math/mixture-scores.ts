/** What a mixture of von Mises–Fisher components says about one unit vector, in float64. */
import { dotsWithRows } from './knn.ts'
import { logSumExp } from './log-sum-exp.ts'
import { logNormalizer } from './vmf.ts'

/** C components. */
export interface VmfMixture {
  readonly dim: number
  /** [C] the row of the start that each one began at, ascending. */
  readonly origins: readonly number[]
  /** [C] π, sum 1. */
  readonly weights: Float64Array
  /** [C] */
  readonly kappa: Float64Array
  /** [C, p] unit rows. */
  readonly directions: Float64Array
}

/** Of one vector y; the arrays are the scorer's own and last until its next call. */
export interface MixtureScores {
  /** [C] μᵀy */
  readonly cosines: Float64Array
  /** [C] */
  readonly posterior: Float64Array
  /** log Σ_k π_k C_p(κ_k) exp(κ_k μ_kᵀy), surface measure. */
  readonly logDensity: number
}

export type Scorer = (y: Float64Array) => MixtureScores

/** The component constants log π + log C_p(κ) are made once, here. */
export function createScorer({ dim, weights, kappa, directions }: VmfMixture): Scorer {
  const offsets = kappa.map((value, k) => Math.log(weights[k]!) + logNormalizer(dim, value))
  const cosines = new Float64Array(kappa.length)
  const posterior = new Float64Array(kappa.length)
  return (y) => {
    dotsWithRows(directions, y, { from: 0, to: cosines.length, out: cosines })
    for (let k = 0; k < kappa.length; k++) posterior[k] = offsets[k]! + kappa[k]! * cosines[k]!
    const logDensity = logSumExp(posterior)
    for (let k = 0; k < kappa.length; k++) posterior[k] = Math.exp(posterior[k]! - logDensity)
    return { cosines, posterior, logDensity }
  }
}
