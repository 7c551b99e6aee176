/**
 * What keeps the teacher from giving everything to one prototype. `logit` is DINO's: the mean of raw ⟨w, y⟩, before the
 * temperature. `probability` is DINO-vMF's: the log of the mean probability, so the teacher's responsibilities are divided
 * by an average of how often each component is used.
 */
import { exactly } from '../engine/ops/exactly.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import type { Centering } from '../recipe/schema.ts'
import { logMeanExp } from './log-mean-exp.ts'
import { logits, logNormalizers, type Prototypes } from './prototypes.ts'

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
}

/** y [rows, p] unit rows. */
export function teacherView(y: Tensor, prototypes: Prototypes, options: TeacherOptions): TeacherView {
  const { centering, vmf, inverseTemperature, center } = options
  const normalizers = vmf ? logNormalizers(prototypes, inverseTemperature) : undefined
  if (centering === 'logit') {
    const shift = tf.mul(center, inverseTemperature)
    const offset = normalizers ? tf.sub(normalizers, shift) : tf.neg(shift)
    // The mean of ⟨w, y⟩ is ⟨w, mean y⟩: one row of products instead of a pass over all logits.
    const mean = exactly(() => tf.matMul(tf.mean(y, 0, true), prototypes.weight as tf.Tensor2D, false, true))
    const centered = logits(y, prototypes, { inverseTemperature, offset })
    return {
      logProbabilities: tf.logSoftmax(centered),
      batchCenter: tf.reshape(mean, [-1]),
      assignments: largest(tf.add(centered, shift))
    }
  }
  const plain = logits(
    y,
    prototypes,
    normalizers ? { inverseTemperature, offset: normalizers } : { inverseTemperature }
  )
  return {
    logProbabilities: tf.logSoftmax(tf.sub(plain, center)),
    batchCenter: logMeanExp(tf.logSoftmax(plain)),
    assignments: largest(plain)
  }
}

/** Index of the largest of each row. */
const largest = (rows: Tensor): Tensor => tf.cast(tf.argMax(rows, 1), 'float32')

/** c ← m c + (1 − m) batch. */
export const nextCenter = (center: Tensor, batchCenter: Tensor, momentum: number): Tensor =>
  tf.add(tf.mul(center, momentum), tf.mul(batchCenter, 1 - momentum))
