/**
 * DINO's loss: the mean cross-entropy −Σ P_q log P_v over all pairs of a teacher's global crop q and another student crop
 * v. Each student crop meets the sum of the teacher's other crops, so there are V cross-entropies instead of G·V.
 */
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'

interface Against {
  /** Σ_q P_q over the crops that this one is compared with: [crops, batch, K], or [1, batch, K] when all share it. */
  readonly target: Tensor
  /** How many they are. */
  readonly mass: number
}

/** student logits [crops, batch, K] → [2]: Σ −T log P, and the student's entropy Σ −P log P, which has no gradient. */
const crossEntropy = (logits: Tensor, { target, mass }: Against): Tensor =>
  withGradient({
    inputs: [logits] as const,
    forward: () => {
      const logP = tf.logSoftmax(logits)
      const p = tf.exp(logP)
      const sums = [target, p].map((weights) => tf.reshape(tf.sum(tf.mul(weights, logP)), [1]))
      return { value: tf.neg(tf.concat(sums)), saved: [p, target] }
    },
    backward: (dy, _, [p, t]) => {
      const upstream = tf.slice(dy, [0], [1])
      return [tf.sub(tf.mul(p!, tf.mul(upstream, mass)), tf.mul(t!, upstream))]
    }
  })

export interface Views {
  /** Student logits [G, batch, K] and [L, batch, K]; the latter is left out when there are no local crops. */
  readonly global: Tensor
  readonly local?: Tensor
  /** Teacher probabilities [G, batch, K], without gradient. */
  readonly teacher: Tensor
}

export interface DinoLoss {
  /** Scalar. */
  readonly loss: Tensor
  /** Mean entropy of the student's assignments, scalar, without gradient. */
  readonly studentEntropy: Tensor
}

export function dinoLoss({ global, local, teacher }: Views): DinoLoss {
  const [globals, batch] = teacher.shape as [number, number]
  const locals = local?.shape[0] ?? 0
  const all = tf.sum(teacher, 0, true)
  const parts = [crossEntropy(global, { target: tf.sub(all, teacher), mass: globals - 1 })]
  if (local) parts.push(crossEntropy(local, { target: all, mass: globals }))
  const sums = parts.reduce((a, b) => tf.add(a, b))
  const [cross, entropy] = tf.split(sums, 2)
  const pairs = globals * (globals + locals - 1)
  return {
    loss: tf.reshape(tf.mul(cross!, 1 / (pairs * batch)), []),
    studentEntropy: tf.reshape(tf.mul(entropy!, 1 / ((globals + locals) * batch)), [])
  }
}
