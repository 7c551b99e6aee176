/** The student's half of the step: every crop through the backbone, one head, the losses against the teacher. */
import { takeRows } from '../../engine/ops/take-rows.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { backboneOf, leavingRows, normalizeRows, type View } from '../../ssl/backbone.ts'
import type { BranchKeeps } from '../../ssl/blocks.ts'
import { dinoLoss } from '../../ssl/dino-loss.ts'
import type { Patches } from '../../ssl/embed.ts'
import { patchLoss } from '../../ssl/patch-loss.ts'
import {
  type LastLayer,
  type LogitOptions,
  logits,
  logNormalizers,
  type Prototypes,
  prototypesOf
} from '../../ssl/prototypes.ts'
import { anchoring } from './anchoring.ts'
import { type Hidden, hiddenOf, type StepPatches } from './inputs.ts'
import { bottlenecks, joinNested } from './nested.ts'
import { dropRate, type StepPlan, tokenLayers } from './plan.ts'
import { spreadTerms } from './spread.ts'
import type { TeacherPass } from './teacher.ts'
import { splitTokens } from './tokens.ts'

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
  const { features, patches } = studentFeatures(plan, pass, hidden)
  const { y, nested } = bottlenecks(plan, pass.parameters, features)
  const layers = tokenLayers(plan)
  const ofClass = mixtureOf(plan, pass.parameters, layers.cls)
  const { loss: clsLoss, studentEntropy } = clsPart(plan, {
    y,
    teacher: pass.teacher.cls.probabilities,
    mixture: ofClass
  })
  const spread = spreadTerms(plan, features, pass.parameters)
  const held = anchoring(plan, { student: patches, anchor: pass.teacher.anchor })
  const withTerms = (loss: Tensor) => held.addTo(spread.addTo(loss))
  const losses = nested.map(
    (own) => clsPart(plan, { y: own, teacher: pass.teacher.cls.probabilities, mixture: ofClass }).loss
  )
  const { loss: ofAll, metrics: ofNested } = joinNested(clsLoss, losses)
  const metrics = {
    student_entropy: studentEntropy,
    cls_loss: clsLoss,
    ...ofNested,
    ...spread.metrics,
    ...held.metrics
  }
  if (!masked || !hidden || !pass.teacher.patch) return { loss: withTerms(ofAll), metrics }

  const rows = tf.slice(y, [y.shape[0]! - masked.slots, 0], [masked.slots, -1])
  const { prototypes, at } = layers.patch === layers.cls ? ofClass : mixtureOf(plan, pass.parameters, layers.patch)
  const ofPatches = patchLoss({
    logits: logits(rows, prototypes, at),
    teacher: pass.teacher.patch.probabilities,
    weights: hidden.weights
  })
  const loss = tf.add(tf.mul(ofAll, masked.clsLossWeight), tf.mul(ofPatches, masked.patchLossWeight))
  return { loss: withTerms(loss), metrics: { ...metrics, patch_loss: ofPatches } }
}

interface StudentFeatures {
  /** Rows for the head: class tokens of the global crops, of the local crops, then the hidden patches. */
  readonly features: Tensor
  /** All patches of the global crops, patch by patch; only where Gram anchoring wants them. */
  readonly patches?: Tensor
}

function studentFeatures(
  plan: StepPlan,
  { parameters, inputs, patches }: StudentPass,
  hidden: Hidden | undefined
): StudentFeatures {
  const { batchSize, gram, globalCrops, localCrops, network } = plan
  const backbone = backboneOf(network, parameters)
  const global = { patches: patches.global, keeps: branchKeeps(plan, inputs, [0, globalCrops * batchSize]) }
  const views: View[] = [
    hidden
      ? { ...global, hidden: hiddenPatches(plan, global.patches, hidden), leaving: 'all' }
      : { ...global, leaving: gram ? 'all' : 'class' }
  ]
  if (patches.local) {
    const keeps = branchKeeps(plan, inputs, [globalCrops * batchSize, localCrops * batchSize])
    views.push({ patches: patches.local, keeps, leaving: 'class' })
  }
  const [ofGlobal, ...ofLocal] = leavingRows(backbone, views)
  if (!hidden && !gram) return { features: normalizeRows(backbone, concat([ofGlobal!, ...ofLocal])) }
  const [ofClass, ofPatches] = splitTokens(plan, ofGlobal!)
  // Normalized after the choice: without anchoring the other patches go nowhere.
  const chosen = hidden ? [takeRows(ofPatches, hidden)] : []
  const features = normalizeRows(backbone, concat([ofClass, ...ofLocal, ...chosen]))
  return gram ? { features, patches: normalizeRows(backbone, ofPatches) } : { features }
}

const concat = (rows: readonly Tensor[]): Tensor => (rows.length === 1 ? rows[0]! : tf.concat([...rows]))

/** [patches, crops]: 1 where the student sees a hole. */
function hiddenPatches({ masked }: StepPlan, patches: Patches, { places }: Hidden): Tensor {
  const isHidden = tf.minimum(tf.sub(masked!.slots, tf.cast(places, 'float32')), 1)
  return tf.reshape(isHidden, patches.shape.slice(0, 2))
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
  const crops = globalCrops + localCrops
  const rows = y.shape[0] === crops * batchSize ? y : tf.slice(y, [0, 0], [crops * batchSize, -1])
  return dinoLoss({
    student: tf.reshape(logits(rows, mixture.prototypes, mixture.at), [crops, batchSize, network.prototypes]),
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
