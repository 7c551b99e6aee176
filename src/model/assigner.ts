/**
 * Soft assignments in float64, of three kinds. With mean direction ŵ_k, κ_k = |g_k|/τ and log C_p in the methods that have it
 * (arXiv 2405.10939), component k has the logit l_k = κ_k cos_k + log C_p(κ_k):
 *
 *   model    softmax(l): equal weights
 *   teacher  softmax(l − shift), what the student was trained towards. The shift is the center: of probability centering
 *            the log of a mean probability, as it is; of DINO's the mean of ⟨w, y⟩, over τ. Sinkhorn–Knopp has none.
 *   fitted   π_k C_p(κ_k) exp(κ_k μ_kᵀy) of the mixture that was fitted to the training images (fitted-mixture.ts)
 *
 * A density is said of the fitted mixture alone: the other two were never fitted to where images lie.
 */
import { invariant } from '../base/errors.ts'
import { entropy } from '../math/collapse.ts'
import { logSumExp } from '../math/log-sum-exp.ts'
import type { Scorer } from '../math/mixture-scores.ts'
import { deltaLogNormalizer, logNormalizer } from '../math/vmf.ts'
import type { ImageAssignments, Posterior, PrototypeAssignment } from '../protocol/inference-messages.ts'
import type { HeadConfig } from '../protocol/model-folder.ts'
import { METHOD_PARTS } from '../recipe/methods.ts'
import type { Centering, Method } from '../recipe/schema.ts'

/** What differs between prototypes, at one temperature; arrays are [K]. */
export interface Mixture {
  readonly method: Method
  readonly temperature: number
  readonly kappa: Float64Array
  /** log C_p(κ) − log C_p(0). */
  readonly deltaLogNormalizer: Float64Array
  /** Subtracted from the logits; null when nothing is. */
  readonly shift: Float64Array | null
  /** log C_p(0): of the uniform density. */
  readonly uniformLogDensity: number
}

/** @param norms [K] prototype norms ‖w_k‖ = |g_k| */
export function mixtureAt(
  norms: ArrayLike<number>,
  { method, bottleneckDim, temperature }: Pick<HeadConfig, 'method' | 'bottleneckDim' | 'temperature'>
): Mixture {
  const kappa = Float64Array.from(norms, (norm) => Math.abs(norm) / temperature)
  return {
    method,
    temperature,
    kappa,
    deltaLogNormalizer: kappa.map((value) => deltaLogNormalizer(bottleneckDim, value)),
    shift: null,
    uniformLogDensity: logNormalizer(bottleneckDim, 0)
  }
}

/**
 * The same mixture as the teacher assigns; null when nobody knows how it was centered.
 * @param center [K] as the checkpoint has it; not read for `sinkhorn`
 */
export function teacherMixture(
  mixture: Mixture,
  { centering, center }: { readonly centering: Centering | null; readonly center: Float32Array | null }
): Mixture | null {
  if (centering === null) return null
  if (centering === 'sinkhorn') return mixture
  invariant(center?.length === mixture.kappa.length, `a center of ${center?.length} numbers`)
  const divisor = centering === 'logit' ? mixture.temperature : 1
  return { ...mixture, shift: Float64Array.from(center, (value) => value / divisor) }
}

/** @param cosines [K] of one image; returns probabilities [K] */
export function posteriorOf(cosines: Float32Array, mixture: Mixture): Float64Array {
  const { kappa, deltaLogNormalizer: delta, method, shift } = mixture
  const hasNormalizer = METHOD_PARTS[method].vmf
  const logits = new Float64Array(kappa.length)
  for (let k = 0; k < kappa.length; k++) {
    logits[k] = kappa[k]! * cosines[k]! + (hasNormalizer ? delta[k]! : 0) - (shift === null ? 0 : shift[k]!)
  }
  const total = logSumExp(logits)
  for (let k = 0; k < kappa.length; k++) logits[k] = Math.exp(logits[k]! - total)
  return logits
}

/** The fitted mixture of C components, as it is served. */
export interface FittedView {
  /** [C] the prototype that each component began at. */
  readonly origins: readonly number[]
  /** [C] */
  readonly kappa: Float64Array
  readonly score: Scorer
  /** Log densities of held-out images, ascending, at evenly spaced shares 0 … 1. */
  readonly logDensityQuantiles: readonly number[]
}

export interface Views {
  readonly model: Mixture
  /** Null where the center is not known. */
  readonly teacher: Mixture | null
  /** Null where no image was there to fit it to. */
  readonly fitted: FittedView | null
}

/** Of one image. */
export interface HeadOutputs {
  /** [K] to the prototypes' directions. */
  readonly cosines: Float32Array
  /** [p], unit length. */
  readonly bottleneck: Float32Array
}

interface Candidates {
  readonly probabilities: Float64Array
  readonly cosines: ArrayLike<number>
  readonly kappa: Float64Array
  /** Prototype of each; without them its place. */
  readonly origins?: readonly number[]
}

/** `topK` is cut to the number of components. @throws Error when the model has no such posterior */
export function assignImage(
  { cosines, bottleneck }: HeadOutputs,
  { model, teacher, fitted }: Views,
  { topK, posterior }: { topK: number; posterior: Posterior }
): ImageAssignments {
  const scores = fitted === null ? null : fitted.score(unitOf(bottleneck))
  const candidates = (): Candidates => {
    if (posterior === 'fitted') {
      invariant(fitted !== null && scores !== null, 'a fitted posterior of a model without images')
      const { origins, kappa } = fitted
      return { probabilities: scores.posterior, cosines: scores.cosines, kappa, origins }
    }
    const mixture = posterior === 'model' ? model : teacher
    invariant(mixture !== null, 'the posterior of a teacher whose center is not known')
    return { probabilities: posteriorOf(cosines, mixture), cosines, kappa: mixture.kappa }
  }
  const chosen = candidates()
  const nats = entropy(chosen.probabilities)
  return {
    topK: largest(chosen.probabilities, topK).map(
      (at): PrototypeAssignment => ({
        prototype: chosen.origins?.[at] ?? at,
        probability: chosen.probabilities[at]!,
        cosine: chosen.cosines[at]!,
        kappa: chosen.kappa[at]!
      })
    ),
    entropy: nats,
    effectiveClusters: Math.exp(nats),
    logDensity: scores?.logDensity ?? null,
    densityPercentile: fitted && scores ? shareBelow(fitted.logDensityQuantiles, scores.logDensity) : null
  }
}

/** Float32 rows are of unit length to 1e-7 only, which a κ of 10,000 would see. */
export function unitOf(row: Float32Array): Float64Array {
  const vector = Float64Array.from(row)
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return length > 0 ? vector.map((value) => value / length) : vector
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
