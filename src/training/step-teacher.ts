/** The teacher's half of the step: it sees whole global crops, has no gradient and is read before it moves. */
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { backboneOf, classToken } from '../ssl/backbone.ts'
import { teacherView } from '../ssl/center.ts'
import { bottleneck } from '../ssl/head.ts'
import { prototypesOf } from '../ssl/prototypes.ts'
import { type StepPatches, subset } from './step-inputs.ts'
import type { StepPlan } from './step-plan.ts'

export interface TeacherPass {
  /** Class tokens [G · batch, D]. */
  readonly features: Tensor
  /** [G · batch]: the most probable prototype before centering. */
  readonly assignments: Tensor
  /** [G · batch, K]. */
  readonly probabilities: Tensor
  readonly batchCenter: Tensor
  /** Mean over images. */
  readonly entropy: Tensor
}

export function teacherPass(plan: StepPlan, inputs: Tensors, patches: StepPatches): TeacherPass {
  const parameters = subset(
    inputs,
    'teacher',
    plan.parameters.map(({ name }) => name)
  )
  const features = classToken(backboneOf(plan.network, parameters), patches.global)
  const { logProbabilities, batchCenter, assignments } = teacherView(
    bottleneck(parameters, features),
    prototypesOf(parameters),
    {
      centering: plan.centering,
      vmf: plan.vmf,
      inverseTemperature: inputs['inverseTeacherTemperature']!,
      center: inputs['center.cls']!
    }
  )
  const probabilities = tf.exp(logProbabilities)
  const entropy = tf.div(tf.sum(tf.mul(probabilities, logProbabilities)), -probabilities.shape[0]!)
  return { features, assignments, probabilities, batchCenter, entropy }
}

/** The share of each prototype in this batch, as the centered teacher assigns it: its entropy and its largest. */
export function teacherMetrics({ probabilities, entropy }: TeacherPass): Record<string, Tensor> {
  const shares = tf.mean(probabilities, 0)
  // A share of 0 has no entropy, and its logarithm no value: the smallest normal float32 stands in.
  const logShares = tf.log(tf.maximum(shares, 1.1754944e-38))
  return {
    teacher_entropy: entropy,
    mean_assignment_entropy: tf.neg(tf.sum(tf.mul(shares, logShares))),
    top_assignment: tf.max(shares)
  }
}
