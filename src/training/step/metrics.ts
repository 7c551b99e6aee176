/** What a step reports besides the next state; nothing here has a gradient. */
import { choose, isFiniteScalar } from '../../engine/ops/choose.ts'
import { exactly } from '../../engine/ops/exactly.ts'
import { sumSquares } from '../../engine/ops/sum-squares.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { gramNames } from './anchoring.ts'
import { type Hidden, hiddenOf } from './inputs.ts'
import { nestedNames } from './nested.ts'
import type { StepPlan } from './plan.ts'
import { spreadNames } from './spread.ts'
import type { Targets, TeacherPass } from './teacher.ts'

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
  'patch_loss',
  'patch_teacher_entropy',
  'patch_kl',
  'patch_mean_assignment_entropy',
  'patch_center_norm',
  'masked_share'
] as const

/** `skipped` is 1 in a step whose gradients could not be used. */
export const metricNames = ({ masked, nested, koleo, gram, scalesLoss }: StepPlan): readonly string[] => [
  ...METRICS,
  ...(masked || nested.length > 0 ? ['cls_loss'] : []),
  ...nestedNames(nested),
  ...(masked ? PATCH_METRICS : []),
  ...spreadNames(koleo),
  ...gramNames(gram),
  ...(scalesLoss ? ['skipped'] : [])
]

/** The output that is 1 where all metrics of a step are finite numbers, else 0. It is no metric. */
export const FINITE = 'finite'

/** Whether the sum of their absolute values is finite: of metrics that reach 1e38 none is worth a distinction. */
export function finiteness(plan: StepPlan, metrics: Tensors): Tensor {
  const sum = metricNames(plan)
    .map((name) => tf.abs(metrics[name]!))
    .reduce((a, b) => tf.add(a, b))
  return choose(isFiniteScalar(sum), tf.scalar(1), tf.scalar(0))
}

export interface Measured {
  readonly inputs: Tensors
  readonly teacher: TeacherPass
  /** By the student's pass, and the loss itself. */
  readonly measured: Tensors
}

/** Means over the images of a batch, so that the means of equal parts of a batch have the batch's as their mean. */
export function tallyOf(plan: StepPlan, { inputs, teacher, measured }: Measured): Record<string, Tensor> {
  const { probabilities, entropies } = teacher.cls
  const tally = { ...measured, teacher_entropy: tf.mean(entropies), shares: tf.mean(probabilities, 0) }
  const hidden = hiddenOf(plan, inputs)
  if (!hidden || !teacher.patch) return tally
  return { ...tally, ...patchTally(teacher.patch, hidden) }
}

/** Hidden patches, each with its weight in the loss; all 0 in a batch without any. */
function patchTally({ probabilities, entropies }: Targets, { weights }: Hidden): Record<string, Tensor> {
  const row = tf.reshape(weights, [1, -1])
  return {
    masked_share: tf.sum(weights),
    patch_entropy: tf.sum(tf.mul(entropies, weights)),
    patch_shares: tf.reshape(
      exactly(() => tf.matMul(row as tf.Tensor2D, probabilities as tf.Tensor2D)),
      [-1]
    )
  }
}

/** What `tallyOf` gives, by name and shape. */
export function tallyShapes({ masked, nested, koleo, gram, network }: StepPlan): Record<string, readonly number[]> {
  const scalars = [
    'loss',
    'cls_loss',
    'student_entropy',
    'teacher_entropy',
    ...nestedNames(nested),
    ...spreadNames(koleo),
    ...gramNames(gram)
  ]
  const ofPatches = masked ? ['patch_loss', 'masked_share', 'patch_entropy'] : []
  const { prototypes, patchPrototypes = prototypes } = network
  return {
    ...Object.fromEntries([...scalars, ...ofPatches].map((name) => [name, []])),
    shares: [prototypes],
    ...(masked ? { patch_shares: [patchPrototypes] } : {})
  }
}

/** The metrics of a step but those of its gradients. */
export function stepMetrics({ masked }: StepPlan, inputs: Tensors, tally: Tensors): Record<string, Tensor> {
  const norm = (name: string) => tf.sqrt(sumSquares(inputs[name]!))
  const shares = tally['shares']!
  const metrics = {
    ...tally,
    // The share of each prototype among the class tokens, as the centered teacher assigns them: its entropy, its largest.
    mean_assignment_entropy: entropyOf(shares),
    top_assignment: tf.max(shares),
    kl: tf.sub(tally['cls_loss']!, tally['teacher_entropy']!),
    center_norm: norm('center.cls')
  }
  if (!masked) return metrics
  const inverse = tf.div(1, tf.maximum(tally['masked_share']!, 1e-12))
  const patchEntropy = tf.mul(tally['patch_entropy']!, inverse)
  return {
    ...metrics,
    patch_teacher_entropy: patchEntropy,
    patch_mean_assignment_entropy: entropyOf(tf.mul(tally['patch_shares']!, inverse)),
    patch_kl: tf.sub(tf.mul(tally['patch_loss']!, inverse), patchEntropy),
    patch_center_norm: norm('center.patch')
  }
}

/** A share of 0 has no entropy, and its logarithm no value: the smallest normal float32 stands in. */
const entropyOf = (shares: Tensor): Tensor => tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1.1754944e-38)))))
