/**
 * log C_p(κ) − log C_p(0) in tensors, by the order-3 uniform expansion (DLMF 10.41.3) in a form without cancellation,
 * so that float32 holds 3e-7 of max(1, |value|) for p ≥ 64. The constant cancels in every softmax. math/vmf.ts has the
 * same in float64 for any p.
 */
import { invariant } from '../base/errors.ts'
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'

/** Coefficients in q of the three terms r^m P_m(q), r = 1/s, q = ν²/s², s = √(ν² + κ²). */
const TERMS = [
  [3 / 24, -5 / 24],
  [81 / 1152, -462 / 1152, 385 / 1152],
  [30375 / 414720, -369603 / 414720, 765765 / 414720, -425425 / 414720]
] as const

/** Below, three terms are off by more than 1e-5. */
const SMALLEST_DIMENSION = 16

/** Σ c_i qⁱ. */
function polynomial(coefficients: readonly number[], q: Tensor): Tensor {
  const highest = tf.mul(q, coefficients.at(-1)!)
  const inner = coefficients.slice(1, -1).reduceRight((sum, c) => tf.mul(tf.add(sum, c), q), highest)
  return tf.add(inner, coefficients[0]!)
}

// ONNX has no log1p; 2 atanh(x / (2 + x)) is the same and exact near 0.
const log1p = (x: Tensor): Tensor => tf.mul(tf.atanh(tf.div(x, tf.add(x, 2))), 2)

interface Expansion {
  readonly r: Tensor
  readonly q: Tensor
  readonly s: Tensor
  /** T1 + T2 + T3. */
  readonly correction: Tensor
}

function expand(kappa: Tensor, nu: number): Expansion {
  const s = tf.sqrt(tf.add(tf.square(kappa), nu * nu))
  const r = tf.div(1, s)
  const q = tf.square(tf.mul(r, nu))
  const [p1, p2, p3] = TERMS.map((term) => polynomial(term, q))
  const correction = tf.mul(r, tf.add(p1!, tf.mul(r, tf.add(p2!, tf.mul(r, p3!)))))
  return { r, q, s, correction }
}

/** A_p(κ) = I_{p/2}(κ) / I_{p/2−1}(κ), the mean resultant length: minus the derivative of log C_p. No gradient. */
export function meanResultantLength(kappa: Tensor, p: number): Tensor {
  const nu = p / 2 - 1
  const { r, q, s, correction } = expand(kappa, nu)
  const kr2 = tf.mul(kappa, tf.square(r))
  const slopes = TERMS.map((term, i) => {
    // m P_m + 2 q P_m', coefficient by coefficient.
    const m = i + 1
    return polynomial(
      term.map((c, power) => (m + 2 * power) * c),
      q
    )
  })
  const inner = tf.mul(r, tf.add(slopes[0]!, tf.mul(r, tf.add(slopes[1]!, tf.mul(r, slopes[2]!)))))
  const tail = tf.div(tf.mul(kr2, inner), tf.add(correction, 1))
  return tf.sub(tf.sub(tf.div(kappa, tf.add(s, nu)), tf.mul(kr2, 0.5)), tail)
}

/** κ ≥ 0 → log C_p(κ) − log C_p(0), elementwise; the gradient is −A_p(κ). */
export function deltaLogNormalizer(kappa: Tensor, p: number): Tensor {
  invariant(p >= SMALLEST_DIMENSION, `the expansion of log C_p needs p ≥ ${SMALLEST_DIMENSION}, got ${p}`)
  const nu = p / 2 - 1
  const atZero = TERMS.reduce((sum, term, i) => sum + term.reduce((a, b) => a + b, 0) / nu ** (i + 1), 0)
  return withGradient({
    inputs: [kappa] as const,
    forward: () => {
      const { s, correction } = expand(kappa, nu)
      const d = tf.div(tf.square(kappa), tf.add(s, nu))
      const leading = tf.sub(tf.mul(log1p(tf.mul(d, 0.5 / nu)), nu), d)
      const next = tf.sub(tf.mul(log1p(tf.mul(d, 1 / nu)), 0.5), log1p(correction))
      return { value: tf.add(tf.add(leading, next), Math.log1p(atZero)) }
    },
    backward: (dy, [k]) => [tf.neg(tf.mul(dy, meanResultantLength(k, p)))]
  })
}
