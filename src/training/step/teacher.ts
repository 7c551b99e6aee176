/** The teacher's half of the step: it sees whole global crops, has no gradient and is read before it moves. */
import { takeRows } from '../../engine/ops/take-rows.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { type Backbone, backboneOf, classToken, leavingRows, normalizeRows } from '../../ssl/backbone.ts'
import { type TeacherView, teacherView } from '../../ssl/center.ts'
import { bottleneck } from '../../ssl/head.ts'
import { prototypesOf } from '../../ssl/prototypes.ts'
import { startPatches } from './anchoring.ts'
import { hiddenOf, parametersOf, type StepPatches } from './inputs.ts'
import { type StepPlan, tokenLayers } from './plan.ts'
import { splitTokens } from './tokens.ts'

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
  /** What Gram anchoring holds the student's patches to, see anchoring.ts. */
  readonly anchor?: Tensor
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
    const all = plan.gram?.anchor === 'teacher' ? splitTokens(plan, allTokens(backbone, patches)) : null
    const features = all ? all[0] : classToken(backbone, patches.global)
    const y = bottleneck(parameters, features)
    const view = teacherView(y, prototypesOf(parameters, layers.cls), cls)
    const anchor = anchorOf(plan, { inputs, patches, ofPatches: all?.[1] })
    return { features, assignments: view.assignments, y, cls: targetsOf(view), ...anchor }
  }
  const tokens = allTokens(backbone, patches)
  const [features, patchFeatures] = splitTokens(plan, tokens)
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
    features,
    assignments: view.assignments,
    y: ofClass,
    cls: targetsOf(view),
    patch: targetsOf(patchView),
    ...anchorOf(plan, { inputs, patches, ofPatches: patchFeatures })
  }
}

function allTokens(backbone: Backbone, { global }: StepPatches): Tensor {
  const [rows] = leavingRows(backbone, [{ patches: global, leaving: 'all' }])
  return normalizeRows(backbone, rows!)
}

interface Seen {
  readonly inputs: Tensors
  readonly patches: StepPatches
  /** As the teacher sees them, where it is the anchor. */
  readonly ofPatches: Tensor | undefined
}

function anchorOf(plan: StepPlan, { inputs, patches, ofPatches }: Seen): Pick<TeacherPass, 'anchor'> {
  if (plan.gram?.anchor === 'start') return { anchor: startPatches(plan, inputs, patches.global) }
  return plan.gram && ofPatches ? { anchor: ofPatches } : {}
}

function targetsOf({ logProbabilities, batchCenter }: TeacherView): Targets {
  const probabilities = tf.exp(logProbabilities)
  return { probabilities, entropies: tf.neg(tf.sum(tf.mul(probabilities, logProbabilities), 1)), batchCenter }
}
