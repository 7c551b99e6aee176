/**
 * The von Mises–Fisher density on the unit sphere of R^p,  f(y; μ, κ) = C_p(κ) exp(κ μᵀy),  ν = p/2 − 1:
 *
 *   log C_p(κ) = ν log κ − (p/2) log 2π − log I_ν(κ)        d/dκ log C_p(κ) = −A_p(κ) = −I_{ν+1}(κ)/I_ν(κ)
 *
 * In DINO-vMF (arXiv 2405.10939) prototype k with weight w has κ = ‖w‖/τ, with the temperature τ of whoever asks:
 * student and teacher have different κ, hence different log C_p, for the same prototype. Everything here is float64.
 */
import { invariant } from '../base/errors.ts'
import { besselRatio, logBesselDeficit, logGamma } from './bessel.ts'

/** Order from which the expansion alone is used: 6.5e-11 in log C_p, 1.4e-12 in A_p. */
const EXPANSION_ORDER = 127

const orderOf = (p: number): number => p / 2 - 1

function checkArguments(p: number, kappa: number): void {
  invariant(Number.isInteger(p) && p >= 2, `vMF needs an integer dimension p ≥ 2, got ${p}`)
  invariant(kappa >= 0, `vMF needs kappa ≥ 0, got ${kappa}`)
}

/**
 * Ratios ρ_j = I_{ν+j+1}/I_{ν+j} for j = steps … 0, by ρ_j = 1/(2(ν+j+1)/κ + ρ_{j+1}), which is stable downwards.
 * `visit` gets each j < steps with κ ρ_{j+1} / (2(ν+j+1)). Returns ρ_0.
 */
function recurDown(order: number, kappa: number, visit: (ratioTerm: number) => void): number {
  const steps = Math.max(0, Math.ceil(EXPANSION_ORDER - order))
  let ratio = besselRatio(order + steps, kappa)
  for (let j = steps - 1; j >= 0; j--) {
    const twice = 2 * (order + j + 1)
    visit((kappa * ratio) / twice)
    ratio = kappa / (twice + kappa * ratio)
  }
  return ratio
}

/** log C_p(κ) − log C_p(0): what the logits need, because the constant cancels in every softmax. Never positive. */
export function deltaLogNormalizer(p: number, kappa: number): number {
  checkArguments(p, kappa)
  const order = orderOf(p)
  const steps = Math.max(0, Math.ceil(EXPANSION_ORDER - order))
  let delta = logBesselDeficit(order + steps, kappa)
  recurDown(order, kappa, (term) => {
    delta -= Math.log1p(term)
  })
  return delta
}

/** log C_p(κ) with respect to the sphere's surface measure. */
export function logNormalizer(p: number, kappa: number): number {
  const uniform = logGamma(p / 2) - Math.LN2 - (p / 2) * Math.log(Math.PI)
  return uniform + deltaLogNormalizer(p, kappa)
}

/** A_p(κ) ∈ [0, 1): the expected cosine between a draw and its mean direction. */
export function meanResultantLength(p: number, kappa: number): number {
  checkArguments(p, kappa)
  return recurDown(orderOf(p), kappa, () => {})
}
