/**
 * DINO's loss: the mean cross-entropy −Σ P_q log P_v over all pairs of a teacher's global crop q and another student crop
 * v. Each student crop meets the sum of the teacher's other crops, so there are V cross-entropies instead of G·V.
 */
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'

/**
 * logits [V, batch, K] of the student, teacher probabilities [G, batch, K] → [2]: Σ −T log P, where T is the sum of the
 * teacher's crops but a crop's own, and the student's entropy Σ −P log P, which has no gradient.
 */
const crossEntropy = (logits: Tensor, teacher: Tensor): Tensor =>
  withGradient({
    inputs: [logits] as const,
    forward: () => {
      const logP = tf.logSoftmax(logits)
      const p = tf.exp(logP)
      const sums = [othersOf(teacher, logits.shape[0]!), p].map((weights) =>
        tf.reshape(tf.sum(tf.mul(weights, logP)), [1])
      )
      return { value: tf.neg(tf.concat(sums)), saved: [p, teacher] }
    },
    backward: (dy, [logits0], [p, teacher0]) => {
      const crops = logits0.shape[0]!
      const upstream = tf.slice(dy, [0], [1])
      const mass = tf.mul(massOf(crops, teacher0!.shape[0]!), upstream)
      const dLogits = tf.sub(tf.mul(p!, mass), tf.mul(othersOf(teacher0!, crops), upstream))
      return [dLogits]
    }
  })

/** [G, batch, K] → [crops, batch, K]: the sum of the teacher's crops, without the one that a student's crop is itself. */
function othersOf(teacher: Tensor, crops: number): Tensor {
  const own = tf.pad(teacher, [
    [0, crops - teacher.shape[0]!],
    [0, 0],
    [0, 0]
  ])
  return tf.sub(tf.sum(teacher, 0, true), own)
}

/** [crops, 1, 1]: what the probabilities of `othersOf` sum to. */
const massOf = (crops: number, globals: number): Tensor =>
  tf.tensor3d(
    Float32Array.from({ length: crops }, (_, i) => (i < globals ? globals - 1 : globals)),
    [crops, 1, 1]
  )

export interface Views {
  /** Student logits [V, batch, K]: the G global crops first. */
  readonly student: Tensor
  /** Teacher probabilities [G, batch, K], without gradient. */
  readonly teacher: Tensor
}

export interface DinoLoss {
  /** Scalar. */
  readonly loss: Tensor
  /** Mean entropy of the student's assignments, scalar, without gradient. */
  readonly studentEntropy: Tensor
}

export function dinoLoss({ student, teacher }: Views): DinoLoss {
  const [globals, batch] = teacher.shape as [number, number]
  const crops = student.shape[0]!
  const [cross, entropy] = tf.split(crossEntropy(student, teacher), 2)
  const pairs = globals * (crops - 1)
  return {
    loss: tf.reshape(tf.mul(cross!, 1 / (pairs * batch)), []),
    studentEntropy: tf.reshape(tf.mul(entropy!, 1 / (crops * batch)), [])
  }
}
