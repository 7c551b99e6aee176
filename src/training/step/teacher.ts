/** The teacher's half of the step: it sees whole global crops, has no gradient and is read before it moves. */
import { takeRows } from '../../engine/ops/take-rows.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { backboneOf, classToken, leavingRows, normalizeRows } from '../../ssl/backbone.ts'
import { type TeacherView, teacherView } from '../../ssl/center.ts'
import { bottleneck } from '../../ssl/head.ts'
import { prototypesOf } from '../../ssl/prototypes.ts'
import { hiddenOf, parametersOf, type StepPatches } from './inputs.ts'
import { type StepPlan, tokenLayers } from './plan.ts'

/** What the teacher says about one kind of token. A type, since tf.tidy takes no interface apart. */
export type Targets = {
  /** [rows, K]. */
  readonly probabilities: Tensor
  /** Of each row [rows], in nats. */
  readonly entropies: Tensor
  /** This batch's contribution to the center [K]. */
  readonly batchCenter: Tensor
}

export interface TeacherPass {
  /** Class tokens [G · batch, D]. */
  readonly features: Tensor
  /** [G · batch]: the most probable prototype of each class token before centering. */
  readonly assignments: Tensor
  /** Bottleneck vectors of class tokens [G · batch, p]. */
  readonly y: Tensor
  /** Of class tokens, [G · batch] rows. */
  readonly cls: Targets
  /** Of the hidden patches, [slots] rows; their center is that of all patches. */
  readonly patch?: Targets
}

export function teacherPass(plan: StepPlan, inputs: Tensors, patches: StepPatches): TeacherPass {
  const parameters = parametersOf(plan, inputs, 'teacher')
  const backbone = backboneOf(plan.network, parameters)
  const layers = tokenLayers(plan)
  const cls = {
    centering: plan.centering,
    vmf: plan.vmf,
    replicas: plan.replicas,
    inverseTemperature: inputs['inverseTeacherTemperature']!,
    center: inputs['center.cls']!
  }
  const hidden = hiddenOf(plan, inputs)
  if (!hidden) {
    const features = classToken(backbone, patches.global)
    const y = bottleneck(parameters, features)
    const view = teacherView(y, prototypesOf(parameters, layers.cls), cls)
    return { features, assignments: view.assignments, y, cls: targetsOf(view) }
  }
  const [rows] = leavingRows(backbone, [{ patches: patches.global, leaving: 'all' }])
  const tokens = normalizeRows(backbone, rows!)
  const [ofClass, ofPatches] = splitTokens(plan, bottleneck(parameters, tokens))
  const view = teacherView(ofClass, prototypesOf(parameters, layers.cls), cls)
  const patch = {
    ...cls,
    inverseTemperature: inputs['inversePatchTeacherTemperature']!,
    center: inputs['center.patch']!,
    among: ofPatches,
    counted: tf.sign(hidden.weights)
  }
  const patchView = teacherView(takeRows(ofPatches, hidden), prototypesOf(parameters, layers.patch), patch)
  return {
    features: splitTokens(plan, tokens)[0],
    assignments: view.assignments,
    y: ofClass,
    cls: targetsOf(view),
    patch: targetsOf(patchView)
  }
}

/** Token-major rows of the global crops: the class tokens come first. */
export function splitTokens({ globalCrops, batchSize }: StepPlan, rows: Tensor): [ofClass: Tensor, ofPatches: Tensor] {
  const crops = globalCrops * batchSize
  const [ofClass, ofPatches] = tf.split(rows, [crops, rows.shape[0]! - crops], 0)
  return [ofClass!, ofPatches!]
}

function targetsOf({ logProbabilities, batchCenter }: TeacherView): Targets {
  const probabilities = tf.exp(logProbabilities)
  return { probabilities, entropies: tf.neg(tf.sum(tf.mul(probabilities, logProbabilities), 1)), batchCenter }
}
