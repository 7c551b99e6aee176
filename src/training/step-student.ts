/** The student's half of the step: every crop through the backbone, one head, the loss against the teacher. */
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { type BranchKeeps, backboneOf, classToken } from '../ssl/backbone.ts'
import { dinoLoss } from '../ssl/dino-loss.ts'
import { bottleneck } from '../ssl/head.ts'
import { logits, logNormalizers, prototypesOf } from '../ssl/prototypes.ts'
import type { StepPatches } from './step-inputs.ts'
import { dropRate, type StepPlan } from './step-plan.ts'
import type { TeacherPass } from './step-teacher.ts'

export interface StudentPass {
  /** Of the student, by name; the gradient is taken with respect to them. */
  readonly parameters: Tensors
  readonly inputs: Tensors
  readonly patches: StepPatches
  readonly teacher: TeacherPass
}

export interface StudentLoss {
  /** Scalar: what is minimized. */
  readonly loss: Tensor
  /** Scalars without gradient, by the name of the metric. */
  readonly metrics: Readonly<Record<string, Tensor>>
}

export function studentLoss(plan: StepPlan, { parameters, inputs, patches, teacher }: StudentPass): StudentLoss {
  const { batchSize, globalCrops, localCrops, network } = plan
  const split = [globalCrops * batchSize, localCrops * batchSize] as const
  const backbone = backboneOf(network, parameters)
  const keeps = (from: number, count: number): BranchKeeps => branchKeeps(plan, inputs, [from, count])
  const features = [classToken(backbone, patches.global, keeps(0, split[0]))]
  if (patches.local) features.push(classToken(backbone, patches.local, keeps(split[0], split[1])))

  const y = bottleneck(parameters, features.length === 1 ? features[0]! : tf.concat(features))
  const prototypes = prototypesOf(parameters)
  const inverseTemperature = tf.scalar(1 / plan.studentTemperature)
  const offset = plan.vmf ? { offset: logNormalizers(prototypes, inverseTemperature) } : {}
  const crops = (from: number, count: number): Tensor => {
    const rows = tf.slice(y, [from, 0], [count * batchSize, -1])
    const values = logits(rows, prototypes, { inverseTemperature, ...offset })
    return tf.reshape(values, [count, batchSize, network.prototypes])
  }
  const { loss, studentEntropy } = dinoLoss({
    global: crops(0, globalCrops),
    ...(localCrops > 0 ? { local: crops(split[0], localCrops) } : {}),
    teacher: tf.reshape(teacher.probabilities, [globalCrops, batchSize, network.prototypes])
  })
  return { loss, metrics: { student_entropy: studentEntropy } }
}

function branchKeeps(plan: StepPlan, inputs: Tensors, [from, count]: [number, number]): BranchKeeps {
  const { network } = plan
  return Array.from({ length: 2 * network.depth }, (_, branch) =>
    dropRate(plan, branch) === 0
      ? undefined
      : tf.reshape(tf.slice(inputs['keeps']!, [branch, from], [1, count]), [count])
  )
}
