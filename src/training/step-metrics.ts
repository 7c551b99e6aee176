/** What a step reports besides the next state; nothing here has a gradient. */
import { exactly } from '../engine/ops/exactly.ts'
import { sumSquares } from '../engine/ops/sum-squares.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { type Hidden, hiddenOf } from './step-inputs.ts'
import type { StepPlan } from './step-plan.ts'
import { spreadNames } from './step-spread.ts'
import type { Targets, TeacherPass } from './step-teacher.ts'

const METRICS = [
  'loss',
  'teacher_entropy',
  'student_entropy',
  'kl',
  'mean_assignment_entropy',
  'top_assignment',
  'grad_norm',
  'center_norm'
] as const

const PATCH_METRICS = [
  'cls_loss',
  'patch_loss',
  'patch_teacher_entropy',
  'patch_kl',
  'patch_mean_assignment_entropy',
  'patch_center_norm',
  'masked_share'
] as const

/** `skipped` is 1 in a step whose gradients could not be used. */
export const metricNames = ({ masked, koleo, scalesLoss }: StepPlan): readonly string[] => [
  ...METRICS,
  ...(masked ? PATCH_METRICS : []),
  ...spreadNames(koleo),
  ...(scalesLoss ? ['skipped'] : [])
]

export interface Measured {
  readonly inputs: Tensors
  readonly teacher: TeacherPass
  /** By the student's pass, and the loss itself. */
  readonly measured: Tensors
}

export function stepMetrics(plan: StepPlan, { inputs, teacher, measured }: Measured): Record<string, Tensor> {
  const ofCls = clsMetrics(teacher.cls)
  const hidden = hiddenOf(plan, inputs)
  const norm = (name: string) => tf.sqrt(sumSquares(inputs[name]!))
  const metrics = {
    ...measured,
    ...ofCls,
    kl: tf.sub(measured['cls_loss']!, ofCls['teacher_entropy']!),
    center_norm: norm('center.cls')
  }
  if (!hidden || !teacher.patch) return metrics
  const ofPatches = patchMetrics(teacher.patch, hidden)
  const patchLoss = tf.div(measured['patch_loss']!, tf.maximum(ofPatches['masked_share']!, 1e-12))
  return {
    ...metrics,
    ...ofPatches,
    patch_kl: tf.sub(patchLoss, ofPatches['patch_teacher_entropy']!),
    patch_center_norm: norm('center.patch')
  }
}

/** The share of each prototype among the class tokens, as the centered teacher assigns them: its entropy and its largest. */
function clsMetrics({ probabilities, entropies }: Targets): Record<string, Tensor> {
  const shares = tf.mean(probabilities, 0)
  return {
    teacher_entropy: tf.mean(entropies),
    mean_assignment_entropy: entropyOf(shares),
    top_assignment: tf.max(shares)
  }
}

/** The same of hidden patches, each with its weight in the loss; all 0 in a batch without any. */
function patchMetrics({ probabilities, entropies }: Targets, { weights }: Hidden): Record<string, Tensor> {
  const total = tf.sum(weights)
  const inverse = tf.div(1, tf.maximum(total, 1e-12))
  const normalized = tf.mul(weights, inverse)
  const shares = exactly(() => tf.matMul(tf.reshape(normalized, [1, -1]), probabilities as tf.Tensor2D))
  return {
    patch_teacher_entropy: tf.sum(tf.mul(entropies, normalized)),
    patch_mean_assignment_entropy: entropyOf(shares),
    masked_share: total
  }
}

/** A share of 0 has no entropy, and its logarithm no value: the smallest normal float32 stands in. */
const entropyOf = (shares: Tensor): Tensor => tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1.1754944e-38)))))
