import { type Tensor, tf } from '../engine/tf.ts'

export interface Momentum {
  readonly momentum: Tensor
  readonly oneMinusMomentum: Tensor
}

/** The teacher's parameter after a step: m t + (1 − m) s. Also for weight_g and weight_v, each by itself, as in DINO. */
export const nextTeacher = (teacher: Tensor, student: Tensor, { momentum, oneMinusMomentum }: Momentum): Tensor =>
  tf.add(tf.mul(teacher, momentum), tf.mul(student, oneMinusMomentum))
