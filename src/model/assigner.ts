/**
 * Soft assignments from cosines, in float64. Component k of the mixture has mean direction ŵ_k and κ_k = ‖w_k‖/τ:
 *
 *   l_k = κ_k cos_k + log C_p(κ_k)        posterior = softmax(l)        log density = log Σ_k (1/K) exp(l_k)
 *
 * (arXiv 2405.10939.) Methods without vMF have no log C_p in their posterior; their density is that of the same mixture.
 */
import { entropy } from '../math/collapse.ts'
import { logSumExp } from '../math/log-sum-exp.ts'
import { deltaLogNormalizer, logNormalizer, meanResultantLength } from '../math/vmf.ts'
import type { ImageAssignments, PrototypeAssignment } from '../protocol/inference-messages.ts'
import { METHOD_PARTS } from '../recipe/methods.ts'
import type { Method } from '../recipe/schema.ts'

/** What differs between prototypes, at one temperature; arrays are [K]. */
export interface Mixture {
  readonly method: Method
  readonly temperature: number
  readonly kappa: Float64Array
  /** log C_p(κ) − log C_p(0). */
  readonly deltaLogNormalizer: Float64Array
  readonly expectedCosine: Float64Array
  /** log C_p(0): of the uniform density. */
  readonly uniformLogDensity: number
}

/** @param norms [K] prototype norms ‖w_k‖ = |g_k| */
export function mixtureAt(
  norms: ArrayLike<number>,
  { method, bottleneckDim, temperature }: { method: Method; bottleneckDim: number; temperature: number }
): Mixture {
  const kappa = Float64Array.from(norms, (norm) => Math.abs(norm) / temperature)
  return {
    method,
    temperature,
    kappa,
    deltaLogNormalizer: kappa.map((value) => deltaLogNormalizer(bottleneckDim, value)),
    expectedCosine: kappa.map((value) => meanResultantLength(bottleneckDim, value)),
    uniformLogDensity: logNormalizer(bottleneckDim, 0)
  }
}

export interface Posterior {
  /** [K] */
  readonly probabilities: Float64Array
  readonly logDensity: number
}

/** @param cosines [K] of one image */
export function posteriorOf(cosines: Float32Array, mixture: Mixture): Posterior {
  const { kappa, deltaLogNormalizer: delta, method } = mixture
  const prototypes = kappa.length
  const logits = new Float64Array(prototypes)
  for (let k = 0; k < prototypes; k++) logits[k] = kappa[k]! * cosines[k]! + delta[k]!
  const logDensity = logSumExp(logits) - Math.log(prototypes) + mixture.uniformLogDensity
  if (!METHOD_PARTS[method].vmf) for (let k = 0; k < prototypes; k++) logits[k]! -= delta[k]!
  const total = logSumExp(logits)
  for (let k = 0; k < prototypes; k++) logits[k] = Math.exp(logits[k]! - total)
  return { probabilities: logits, logDensity }
}

/** @param cosines [K] of one image; `topK` is cut to K */
export function assignImage(
  cosines: Float32Array,
  mixture: Mixture,
  { topK, logDensityQuantiles }: { topK: number; logDensityQuantiles: readonly number[] }
): ImageAssignments {
  const { probabilities, logDensity } = posteriorOf(cosines, mixture)
  const nats = entropy(probabilities)
  return {
    topK: largest(probabilities, topK).map(
      (prototype): PrototypeAssignment => ({
        prototype,
        probability: probabilities[prototype]!,
        cosine: cosines[prototype]!,
        kappa: mixture.kappa[prototype]!,
        expectedCosine: mixture.expectedCosine[prototype]!
      })
    ),
    entropy: nats,
    effectiveClusters: Math.exp(nats),
    logDensity,
    densityPercentile: logDensityQuantiles.length > 0 ? shareBelow(logDensityQuantiles, logDensity) : null
  }
}

export function indexOfLargest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}

/** Indices of the `count` largest values, largest first; equal values keep their order. */
function largest(values: Float64Array, count: number): number[] {
  const best: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (best.length === count && values[i]! <= values[best[count - 1]!]!) continue
    let at = best.length
    while (at > 0 && values[i]! > values[best[at - 1]!]!) at--
    best.splice(at, 0, i)
    if (best.length > count) best.pop()
  }
  return best
}

/** @param quantiles ascending, at evenly spaced shares 0 … 1; linear in between */
function shareBelow(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1
  const above = quantiles.findIndex((quantile) => quantile > value)
  if (above === -1) return 1
  if (above === 0) return 0
  const low = quantiles[above - 1]!
  return (above - 1 + (value - low) / (quantiles[above]! - low)) / last
}
