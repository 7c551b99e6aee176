/**
 * iBOT's loss over hidden patches: the cross-entropy −Σ P_t log P_s between the teacher, which sees the patch, and the
 * student, which does not; the mean over the hidden patches of a crop, then over all global crops, those without a mask
 * included with 0 (bytedance/ibot da316d8, iBOTLoss).
 */
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'

export interface HiddenPatches {
  /** Student logits [M, K]. */
  readonly logits: Tensor
  /** Teacher probabilities [M, K], without gradient. */
  readonly teacher: Tensor
  /** [M]: 1 / (hidden patches of the crop · crops); 0 for rows that only fill up. */
  readonly weights: Tensor
}

/** → scalar. */
export const patchLoss = ({ logits, teacher, weights }: HiddenPatches): Tensor =>
  withGradient({
    inputs: [logits] as const,
    forward: () => {
      const logP = tf.logSoftmax(logits)
      const each = tf.neg(tf.sum(tf.mul(teacher, logP), 1))
      return { value: tf.sum(tf.mul(each, weights)), saved: [tf.exp(logP), teacher, weights] }
    },
    backward: (dy, _, [p, t, w]) => [tf.mul(tf.sub(p!, t!), tf.reshape(tf.mul(w!, dy), [-1, 1]))]
  })
