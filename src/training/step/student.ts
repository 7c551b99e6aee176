/** The student's half of the step: every crop through the backbone, one head, the losses against the teacher. */
import { takeRows } from '../../engine/ops/take-rows.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import {
  type Backbone,
  type BranchKeeps,
  backboneOf,
  classToken,
  normalizeRows,
  tokenRows
} from '../../ssl/backbone.ts'
import { dinoLoss } from '../../ssl/dino-loss.ts'
import { bottleneck } from '../../ssl/head.ts'
import { patchLoss } from '../../ssl/patch-loss.ts'
import {
  type LastLayer,
  type LogitOptions,
  logits,
  logNormalizers,
  type Prototypes,
  prototypesOf
} from '../../ssl/prototypes.ts'
import { type Hidden, hiddenOf, type StepPatches } from './inputs.ts'
import { dropRate, type StepPlan, tokenLayers } from './plan.ts'
import { spreadTerms } from './spread.ts'
import { splitTokens, type TeacherPass } from './teacher.ts'

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

export function studentLoss(plan: StepPlan, pass: StudentPass): StudentLoss {
  const { masked } = plan
  const hidden = hiddenOf(plan, pass.inputs)
  const features = studentFeatures(plan, pass, hidden)
  const y = bottleneck(pass.parameters, features)
  const layers = tokenLayers(plan)
  const ofClass = mixtureOf(plan, pass.parameters, layers.cls)
  const { loss: clsLoss, studentEntropy } = clsPart(plan, {
    y,
    teacher: pass.teacher.cls.probabilities,
    mixture: ofClass
  })
  const spread = spreadTerms(plan, features, pass.parameters)
  const metrics = { student_entropy: studentEntropy, cls_loss: clsLoss, ...spread.metrics }
  if (!masked || !hidden || !pass.teacher.patch) return { loss: spread.addTo(clsLoss), metrics }

  const rows = tf.slice(y, [y.shape[0]! - masked.slots, 0], [masked.slots, -1])
  const { prototypes, at } = layers.patch === layers.cls ? ofClass : mixtureOf(plan, pass.parameters, layers.patch)
  const ofPatches = patchLoss({
    logits: logits(rows, prototypes, at),
    teacher: pass.teacher.patch.probabilities,
    weights: hidden.weights
  })
  const loss = tf.add(tf.mul(clsLoss, masked.clsLossWeight), tf.mul(ofPatches, masked.patchLossWeight))
  return { loss: spread.addTo(loss), metrics: { ...metrics, patch_loss: ofPatches } }
}

/** Rows for the head: class tokens of the global crops, of the local crops, then the hidden patches. */
function studentFeatures(
  plan: StepPlan,
  { parameters, inputs, patches }: StudentPass,
  hidden: Hidden | undefined
): Tensor {
  const { batchSize, globalCrops, localCrops, network } = plan
  const backbone = backboneOf(network, parameters)
  const keeps = branchKeeps(plan, inputs, [0, globalCrops * batchSize])
  const [ofClass, ...ofPatches] = hidden
    ? maskedFeatures(plan, { backbone, patches, keeps, hidden })
    : [classToken(backbone, patches.global, keeps)]
  const features = [ofClass!]
  if (patches.local) {
    const local = branchKeeps(plan, inputs, [globalCrops * batchSize, localCrops * batchSize])
    features.push(classToken(backbone, patches.local, local))
  }
  features.push(...ofPatches)
  return features.length === 1 ? features[0]! : tf.concat(features)
}

interface MaskedCrops {
  readonly backbone: Backbone
  readonly patches: StepPatches
  readonly keeps: BranchKeeps
  readonly hidden: Hidden
}

/** Class tokens and hidden patches of the global crops, which the student sees with holes. */
function maskedFeatures(
  plan: StepPlan,
  { backbone, patches, keeps, hidden }: MaskedCrops
): [ofClass: Tensor, ofPatches: Tensor] {
  const { slots } = plan.masked!
  const [count, crops] = patches.global.shape as [number, number]
  const isHidden = tf.minimum(tf.sub(slots, tf.cast(hidden.places, 'float32')), 1)
  const rows = tokenRows(backbone, patches.global, { keeps, hidden: tf.reshape(isHidden, [count, crops]) })
  const [ofClass, ofPatches] = splitTokens(plan, rows)
  // Normalized after the choice: the other patches go nowhere.
  return [normalizeRows(backbone, ofClass), normalizeRows(backbone, takeRows(ofPatches, hidden))]
}

interface Mixture {
  readonly prototypes: Prototypes
  readonly at: LogitOptions
}

function mixtureOf(plan: StepPlan, parameters: Tensors, layer: LastLayer): Mixture {
  const prototypes = prototypesOf(parameters, layer)
  const inverseTemperature = tf.scalar(1 / plan.studentTemperature)
  const offset = plan.vmf ? { offset: logNormalizers(prototypes, inverseTemperature) } : {}
  return { prototypes, at: { inverseTemperature, ...offset } }
}

interface ClsPart {
  readonly y: Tensor
  /** [G · batch, K]. */
  readonly teacher: Tensor
  readonly mixture: Mixture
}

function clsPart(plan: StepPlan, { y, teacher, mixture }: ClsPart): ReturnType<typeof dinoLoss> {
  const { batchSize, globalCrops, localCrops, network } = plan
  const crops = (from: number, count: number): Tensor => {
    const rows = tf.slice(y, [from * batchSize, 0], [count * batchSize, -1])
    const values = logits(rows, mixture.prototypes, mixture.at)
    return tf.reshape(values, [count, batchSize, network.prototypes])
  }
  return dinoLoss({
    global: crops(0, globalCrops),
    ...(localCrops > 0 ? { local: crops(globalCrops, localCrops) } : {}),
    teacher: tf.reshape(teacher, [globalCrops, batchSize, network.prototypes])
  })
}

function branchKeeps(plan: StepPlan, inputs: Tensors, [from, count]: [number, number]): BranchKeeps {
  const { network } = plan
  return Array.from({ length: 2 * network.depth }, (_, branch) =>
    dropRate(plan, branch) === 0
      ? undefined
      : tf.reshape(tf.slice(inputs['keeps']!, [branch, from], [1, count]), [count])
  )
}
