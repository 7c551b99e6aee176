/**
 * κ of a von Mises–Fisher component from what is seen of it: the root of A_p(κ) = R̄, where R̄ is the length of the mean of
 * its unit vectors. Banerjee et al. 2005 (JMLR 6, eq. 4.4) give a first estimate, Newton's method the root. Float64.
 */
import { invariant } from '../base/errors.ts'
import { meanResultantLength } from './vmf.ts'

/**
 * Where κ is held: equal images have none that is finite, and the density of one point alone would outweigh all others.
 * At p = 64 this is an angle of half a degree, far closer than two photographs are.
 */
export const LARGEST_KAPPA = 1e6

const STEPS = 20
/** Relative to κ. A_p is good to 1e-12, which κ repeats 1/(1 − A) times as large. */
const CLOSE_ENOUGH = 1e-11

/** dA_p/dκ = 1 − A² − (p − 1) A/κ, the variance of the cosine to the mean direction; 1/p at κ = 0. */
export function cosineVariance(p: number, kappa: number): number {
  if (kappa === 0) return 1 / p
  const a = meanResultantLength(p, kappa)
  return 1 - a * a - ((p - 1) * a) / kappa
}

/** κ = R̄ (p − R̄²) / (1 − R̄²): the first estimate. */
const banerjee = (p: number, resultant: number): number => (resultant * (p - resultant ** 2)) / (1 - resultant ** 2)

/** The maximum-likelihood κ ∈ [0, LARGEST_KAPPA] of a mean resultant length R̄ ∈ [0, 1]. */
export function concentrationOf(p: number, resultant: number): number {
  invariant(resultant >= 0, `a mean resultant length is at least 0, got ${resultant}`)
  if (resultant >= meanResultantLength(p, LARGEST_KAPPA)) return LARGEST_KAPPA
  let kappa = banerjee(p, resultant)
  for (let i = 0; i < STEPS && kappa > 0; i++) {
    const step = (meanResultantLength(p, kappa) - resultant) / cosineVariance(p, kappa)
    // A_p is concave: a step from above the root may jump below 0, and half the way there never does.
    const next = step < kappa ? kappa - step : kappa / 2
    const isDone = Math.abs(next - kappa) <= CLOSE_ENOUGH * kappa
    kappa = next
    if (isDone) break
  }
  return Math.min(kappa, LARGEST_KAPPA)
}

/** What is seen of a component: n unit vectors, soft ones counted by Kish's (Σγ)²/Σγ². */
export interface ComponentSample {
  readonly p: number
  readonly images: number
  /** R̄, also the mean of the cosines to the fitted direction. */
  readonly resultant: number
  /** Of those cosines. */
  readonly variance: number
}

/** Of an interval; the terms of Student's t below need four degrees of freedom. */
const FEWEST_IMAGES = 5

/** The 0.975 quantile of the normal distribution. */
const NORMAL = 1.959963984540054

/** That of Student's t with so many degrees of freedom: Cornish–Fisher's first terms, 2 % short at 4 (A&S 26.7.5). */
function deviations(degrees: number): number {
  const cubed = NORMAL ** 3
  const first = (cubed + NORMAL) / (4 * degrees)
  return NORMAL + first + (5 * NORMAL ** 5 + 16 * cubed + 3 * NORMAL) / (96 * degrees ** 2)
}

/**
 * 95 % interval of κ. The direction was fitted to the same n vectors, which makes R̄ too long: E[n R̄²] = 1 + (n − 1) A²
 * exactly, so that the center is the κ of A = √((n R̄² − 1)/(n − 1)), below the maximum-likelihood κ, far below for few
 * images. The width is that of the delta method on the scatter of the cosines that was seen (not the one that a vMF density
 * would have: clusters of images are not round), with n − 1 for n and Student's t, in log κ. Null for fewer than five images, or where
 * the vectors are no closer to each other than uniform ones.
 */
export function concentrationInterval({ p, images, resultant, variance }: ComponentSample): [number, number] | null {
  const squared = (images * resultant ** 2 - 1) / (images - 1)
  if (images < FEWEST_IMAGES || !(squared > 0)) return null
  const kappa = concentrationOf(p, Math.sqrt(Math.min(1, squared)))
  if (kappa === 0 || kappa === LARGEST_KAPPA) return null
  const deviation = Math.sqrt(variance / (images - 1)) / (kappa * cosineVariance(p, kappa))
  const factor = Math.exp(deviations(images - 1) * deviation)
  return Number.isFinite(factor) ? [kappa / factor, kappa * factor] : null
}
