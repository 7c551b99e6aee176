/**
 * What keeps the teacher from giving everything to one prototype. `logit` is DINO's: the mean of raw ⟨w, y⟩, before the
 * temperature. `probability` is DINO-vMF's: the log of the mean probability, so the teacher's responsibilities are divided
 * by an average of how often each component is used. `probability-ema` averages the probabilities instead of their logs.
 * `sinkhorn` has no center: sinkhorn.ts.
 */
import { exactly } from '../engine/ops/exactly.ts'
import { join, pieceSizes, split } from '../engine/ops/pieces.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import type { Centering } from '../recipe/schema.ts'
import { logMeanExp, logWeightedSum } from './log-mean-exp.ts'
import { type LogitOptions, logits, logNormalizers, type Prototypes } from './prototypes.ts'
import { sinkhorn } from './sinkhorn.ts'

export interface TeacherView {
  /** log P of the centered teacher [rows, K]. */
  readonly logProbabilities: Tensor
  /** This batch's contribution to the center [K]. */
  readonly batchCenter: Tensor
  /** The most probable prototype of each row before centering, float32 [rows]. */
  readonly assignments: Tensor
}

export interface TeacherOptions {
  readonly centering: Centering
  /** Whether log C_p is part of the logits. */
  readonly vmf: boolean
  readonly inverseTemperature: Tensor
  /** [K], from the steps before this one. */
  readonly center: Tensor
  /** Devices that share the batch, 1 by default. */
  readonly replicas?: number
}

/** Where y's rows are only some of the batch's. */
export interface Chosen {
  /** Whose mean the center is, [more rows, p]. */
  readonly among?: Tensor
  /** [rows] of 1 and 0: rows with 0 only fill up. */
  readonly counted?: Tensor
}

/** y [rows, p] unit rows. */
export function teacherView(y: Tensor, prototypes: Prototypes, options: TeacherOptions & Chosen): TeacherView {
  const { centering, vmf, inverseTemperature, center, replicas, among, counted } = options
  const normalizers = vmf ? logNormalizers(prototypes, inverseTemperature) : undefined
  if (centering === 'logit') {
    const shift = tf.mul(center, inverseTemperature)
    const offset = normalizers ? tf.sub(normalizers, shift) : tf.neg(shift)
    const centered = logits(y, prototypes, { inverseTemperature, offset })
    return {
      logProbabilities: tf.logSoftmax(centered),
      batchCenter: meanLogits(among ?? y, prototypes),
      assignments: largest(tf.add(centered, shift))
    }
  }
  const at = normalizers ? { inverseTemperature, offset: normalizers } : { inverseTemperature }
  const plain = logits(y, prototypes, at)
  if (centering === 'sinkhorn') {
    return {
      logProbabilities: sinkhorn(plain, { counted, replicas }),
      batchCenter: center,
      assignments: largest(plain)
    }
  }
  return {
    logProbabilities: tf.logSoftmax(tf.sub(plain, center)),
    batchCenter: among ? logMeanProbabilities(among, prototypes, at) : logMeanExp(tf.logSoftmax(plain)),
    assignments: largest(plain)
  }
}

/** Index of the largest of each row. */
const largest = (rows: Tensor): Tensor => tf.cast(tf.argMax(rows, 1), 'float32')

/** The mean of ⟨w, y⟩ is ⟨w, mean y⟩: one row of products instead of a pass over all logits. */
function meanLogits(y: Tensor, { weight }: Prototypes): Tensor {
  return exactly(() => tf.reshape(tf.matMul(tf.mean(y, 0, true), weight as tf.Tensor2D, false, true), [-1]))
}

/** More would only make the graph longer: a piece is then as wide as a few of the others. */
const MOST_PIECES = 64

/** log of the mean over y's rows of their probabilities [K]; never more than a piece of the logits exists. */
function logMeanProbabilities(y: Tensor, prototypes: Prototypes, at: LogitOptions): Tensor {
  const rows = y.shape[0]!
  const pieces = split(y, pieceSizes(rows, prototypes.weight.shape[0]!, MOST_PIECES))
  // Each piece's mean counts by its share of the rows.
  const means = pieces.map((piece) => {
    const mean = logMeanExp(tf.logSoftmax(logits(piece, prototypes, at)))
    return tf.reshape(tf.add(mean, Math.log((piece.shape[0]! * pieces.length) / rows)), [1, -1])
  })
  return logMeanExp(join(means))
}

/** c ← m c + (1 − m) batch, for `probability-ema` of exp(c) and exp(batch). */
export function nextCenter(
  center: Tensor,
  batchCenter: Tensor,
  { centering, momentum }: { centering: Centering; momentum: number }
): Tensor {
  const weights = [momentum, 1 - momentum] as const
  if (centering === 'probability-ema') return logWeightedSum(center, batchCenter, weights)
  return tf.add(tf.mul(center, weights[0]), tf.mul(batchCenter, weights[1]))
}

/** Before the first step, K times: nothing is subtracted, or the same from all where the center is a probability. */
export const firstCenter = (centering: Centering, prototypes: number): number =>
  centering === 'probability-ema' ? -Math.log(prototypes) : 0
