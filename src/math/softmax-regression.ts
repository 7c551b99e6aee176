/**
 * Multinomial logistic regression with an L2 penalty and no intercept, over all rows at once, in float64:
 *
 *   minimize  1/N Σ_n −log softmax(W x_n)[y_n] + λ/2 ‖W‖²
 *
 * λ is of the mean loss: scikit-learn's LogisticRegression(C = 1/(λ N), fit_intercept=False) has the same minimum for three
 * classes and more. For two it fits one vector where this has two.
 */
import { invariant } from '../base/errors.ts'
import { choleskyFactor, choleskySolve } from './cholesky.ts'
import { type Minimum, minimize, type Precondition, type Smooth, type Stopping } from './lbfgs.ts'

export interface Regression {
  /** [N, dim] */
  readonly features: Float32Array
  readonly dim: number
  /** [N], in 0 … classes − 1. */
  readonly labels: ArrayLike<number>
  readonly classes: number
}

export interface Penalty extends Stopping {
  /** λ ≥ 0, of the mean loss. */
  readonly lambda: number
  /** [classes, dim] to begin from; zeros by default. */
  readonly start?: Float64Array
}

/** Rows that share one pass over the weights: their four sums stay in registers. */
const BLOCK = 4

/** `x` of the minimum is W, [classes, dim]. O(N · dim · classes) an iteration. */
export function fitSoftmax(regression: Regression, { lambda, start, ...stopping }: Penalty): Minimum {
  const { dim, classes } = regression
  const first = start ?? new Float64Array(dim * classes)
  return minimize(objective(regression, lambda), first, stopping, hessianAtZero(regression, lambda))
}

/**
 * Solves with the Hessian at W = 0, which is (1/C − 1/C²) XᵀX/N + λ for each class but for what couples them. Features of one
 * model lie close together, so that the problem is ill-conditioned: on the demo's, with λ of 1e-6, scikit-learn's L-BFGS takes
 * 676 iterations and this 141.
 */
function hessianAtZero({ features, dim, labels, classes }: Regression, lambda: number): Precondition {
  const rows = labels.length
  const scale = (1 / classes - 1 / classes ** 2) / rows
  const hessian = new Float64Array(dim * dim)
  for (let n = 0; n < rows; n++) {
    const row = Float64Array.from(features.subarray(n * dim, (n + 1) * dim))
    for (let i = 0, at = 0; i < dim; i++, at = i * dim) {
      const x = scale * row[i]!
      for (let j = 0; j <= i; j++, at++) hessian[at]! += x * row[j]!
    }
  }
  let trace = 0
  for (let i = 0; i < dim; i++) trace += hessian[i * dim + i]!
  // Directions without any feature are left to the penalty, or to rounding where there is none.
  for (let i = 0; i < dim; i++) hessian[i * dim + i]! += lambda + 1e-12 * trace + Number.MIN_VALUE
  const factor = choleskyFactor(hessian, dim)
  return (gradient) => {
    for (let c = 0; c < classes; c++) choleskySolve(factor, gradient.subarray(c * dim, (c + 1) * dim))
  }
}

function objective({ features, dim, labels, classes }: Regression, lambda: number): Smooth {
  const rows = labels.length
  invariant(rows > 0 && features.length === rows * dim, `${features.length} numbers are no ${rows} rows of ${dim}`)
  const blocks = inBlocks(features, dim)
  const errors = new Float64Array(BLOCK * classes)
  return (weights, gradient) => {
    let loss = 0
    gradient.fill(0)
    for (let first = 0; first < rows; first += BLOCK) {
      logitsOfBlock(blocks, weights, { first, dim, logits: errors })
      for (let b = 0; b < BLOCK; b++) {
        const own = errors.subarray(b * classes, (b + 1) * classes)
        if (first + b >= rows) own.fill(0)
        else loss += lossOf(own, labels[first + b]!)
      }
      addToGradient(blocks, errors, { first, dim, gradient })
    }
    let squared = 0
    for (let i = 0; i < weights.length; i++) {
      squared += weights[i]! * weights[i]!
      gradient[i] = gradient[i]! / rows + lambda * weights[i]!
    }
    return loss / rows + (lambda / 2) * squared
  }
}

/** In float64, with rows of zeros up to a whole block. */
function inBlocks(features: Float32Array, dim: number): Float64Array {
  const rows = features.length / dim
  const blocks = new Float64Array(Math.ceil(rows / BLOCK) * BLOCK * dim)
  blocks.set(features)
  return blocks
}

interface Block {
  readonly first: number
  readonly dim: number
}

/** @param block with room for its logits, [BLOCK, classes] */
function logitsOfBlock(x: Float64Array, weights: Float64Array, block: Block & { readonly logits: Float64Array }): void {
  const { first, dim, logits } = block
  const classes = weights.length / dim
  const [a, b, c, d] = [first * dim, (first + 1) * dim, (first + 2) * dim, (first + 3) * dim]
  for (let k = 0; k < classes; k++) {
    let sa = 0
    let sb = 0
    let sc = 0
    let sd = 0
    for (let i = 0, at = k * dim; i < dim; i++, at++) {
      const w = weights[at]!
      sa += w * x[a + i]!
      sb += w * x[b + i]!
      sc += w * x[c + i]!
      sd += w * x[d + i]!
    }
    logits[k] = sa
    logits[classes + k] = sb
    logits[2 * classes + k] = sc
    logits[3 * classes + k] = sd
  }
}

/** @param errors [BLOCK, classes]: probabilities less the label's 1 */
function addToGradient(
  x: Float64Array,
  errors: Float64Array,
  block: Block & { readonly gradient: Float64Array }
): void {
  const { first, dim, gradient } = block
  const classes = gradient.length / dim
  const [a, b, c, d] = [first * dim, (first + 1) * dim, (first + 2) * dim, (first + 3) * dim]
  for (let k = 0; k < classes; k++) {
    const ea = errors[k]!
    const eb = errors[classes + k]!
    const ec = errors[2 * classes + k]!
    const ed = errors[3 * classes + k]!
    for (let i = 0, at = k * dim; i < dim; i++, at++)
      gradient[at]! += ea * x[a + i]! + eb * x[b + i]! + ec * x[c + i]! + ed * x[d + i]!
  }
}

/** −log softmax[label]; the logits become what its gradient by them is. */
function lossOf(logits: Float64Array, label: number): number {
  const right = logits[label]!
  let most = Number.NEGATIVE_INFINITY
  for (let k = 0; k < logits.length; k++) if (logits[k]! > most) most = logits[k]!
  let total = 0
  for (let k = 0; k < logits.length; k++) {
    logits[k] = Math.exp(logits[k]! - most)
    total += logits[k]!
  }
  for (let k = 0; k < logits.length; k++) logits[k]! /= total
  logits[label]! -= 1
  return most + Math.log(total) - right
}

/**
 * The class with the largest logit for each row, the first of equal ones; linear classifiers of any kind.
 *
 * @param weights [classes, dim]; a class whose weights are NaN is never the answer
 */
export function predictLinear(features: Float32Array, dim: number, weights: Float64Array): Int32Array {
  const classes = weights.length / dim
  const blocks = inBlocks(features, dim)
  const logits = new Float64Array(BLOCK * classes)
  const predicted = new Int32Array(features.length / dim)
  for (let first = 0; first < predicted.length; first += BLOCK) {
    logitsOfBlock(blocks, weights, { first, dim, logits })
    for (let n = first; n < Math.min(first + BLOCK, predicted.length); n++) {
      const own = logits.subarray((n - first) * classes, (n - first + 1) * classes)
      let most = Number.NEGATIVE_INFINITY
      for (let k = 0; k < classes; k++) {
        if (!(own[k]! > most)) continue
        most = own[k]!
        predicted[n] = k
      }
    }
  }
  return predicted
}
