/**
 * Prototypes by online expectation-maximization instead of by gradients, the extension that DINO-vMF's authors suggest.
 * The E-step is the teacher's own: its centered assignments γ of its bottleneck vectors y. What an M-step needs is averaged
 * over steps (Cappé & Moulines 2009, "On-line EM for latent data models", eq. 8; ρ the rate, B the batch's rows):
 *
 *   S_k ← (1 − ρ) S_k + ρ Σ_b γ_bk y_b / B        N_k ← (1 − ρ) N_k + ρ Σ_b γ_bk / B
 *
 * The M-step of a movMF (Banerjee et al. 2005) gives direction and concentration of each prototype:
 *
 *   μ_k = (S_k + α w_k/‖w_k‖) / ‖·‖        R_k = ‖S_k‖ / N_k        κ̂_k = R_k (p − R_k²) / (1 − R_k²)
 *
 * with α = 1/(10 K), a prior at the prototype itself: one that no image is given to stays where it is. Assignments are
 * made at the teacher's temperature, not at κ̂, which is in the thousands where training assigns with 40 (docs/method.md, 7): as in deterministic annealing (Ueda &
 * Nakano 1998) the temperature sets the scale of all concentrations together, and the M-step their ratios.
 */
import { exactly } from '../engine/ops/exactly.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { unitRows } from './head.ts'

/** Means over rows, or their average over steps. */
export interface Expectations {
  /** S [K, p]. */
  readonly vectors: Tensor
  /** N [K]. */
  readonly mass: Tensor
}

/** Share of a fair 1/K that the prior counts for. */
const PRIOR = 0.1
/** Fitted norms are within this factor of 1, their geometric mean: rare images cannot blow up one prototype's κ. */
const WIDEST_NORM = 3
/** A prototype's images are never told to be one point: κ̂ of 64 dimensions stays near 1e5 at most. */
const LARGEST_RESULTANT = 0.9997

/** γ [rows, K], y [rows, p] unit rows. */
export function expectationsOf(assignments: Tensor, y: Tensor): Expectations {
  const rows = y.shape[0]!
  const sums = exactly(() => tf.matMul(assignments as tf.Tensor2D, y as tf.Tensor2D, true, false))
  return { vectors: tf.div(sums, rows), mass: tf.mean(assignments, 0) }
}

/** @param rate ρ; 1 forgets all before */
export function averaged(before: Expectations, batch: Expectations, rate: Tensor): Expectations {
  const average = (a: Tensor, b: Tensor) => tf.add(a, tf.mul(tf.sub(b, a), rate))
  return { vectors: average(before.vectors, batch.vectors), mass: average(before.mass, batch.mass) }
}

/** v [K, p] moved towards μ by the share `pull`, 1 for all the way; its length stays, which is no part of the network. */
export function pulledDirections(v: Tensor, { vectors }: Expectations, pull: Tensor): Tensor {
  const prototypes = v.shape[0]!
  const length = tf.sqrt(tf.sum(tf.square(v), 1, true))
  const mean = unitRows(tf.add(vectors, tf.mul(unitRows(v), PRIOR / prototypes)))
  return tf.add(v, tf.mul(tf.sub(tf.mul(mean, length), v), pull))
}

/** g [K, 1] moved towards κ̂ over its geometric mean. */
export function pulledNorms(g: Tensor, { vectors, mass }: Expectations, pull: Tensor): Tensor {
  const p = vectors.shape[1]!
  const prior = PRIOR / g.shape[0]!
  const length = tf.sqrt(tf.sum(tf.square(vectors), 1, true))
  const resultant = tf.minimum(tf.div(length, tf.add(tf.reshape(mass, [-1, 1]), 1e-30)), LARGEST_RESULTANT)
  const squared = tf.square(resultant)
  const kappa = tf.div(tf.mul(resultant, tf.sub(p, squared)), tf.sub(1, squared))
  const logs = tf.log(tf.maximum(kappa, 1e-6))
  const limit = Math.log(WIDEST_NORM)
  const fitted = tf.exp(tf.maximum(tf.minimum(tf.sub(logs, tf.mean(logs)), limit), -limit))
  // Of few images κ̂ says little: they move the norm by their share of what the prior counts for.
  const trust = tf.div(tf.reshape(mass, [-1, 1]), tf.add(tf.reshape(mass, [-1, 1]), prior))
  return tf.add(g, tf.mul(tf.mul(tf.sub(fitted, g), trust), pull))
}
