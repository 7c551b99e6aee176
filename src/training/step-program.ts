/**
 * The whole training step as one program: teacher (step-teacher), student and loss (step-student), clipping, AdamW and
 * moving average (step-update), center. Nothing in it changes from step to step but its inputs.
 */
import { sumSquares } from '../engine/ops/sum-squares.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { nextCenter } from '../ssl/center.ts'
import { pixelPatches } from '../ssl/patches.ts'
import { type StepPatches, stepInputs, subset } from './step-inputs.ts'
import { metricNames, stepMetrics } from './step-metrics.ts'
import { changedState, isTrained, type StepPlan } from './step-plan.ts'
import { scalingMetrics, scalingOf } from './step-scaling.ts'
import { studentLoss } from './step-student.ts'
import { type TeacherPass, teacherPass } from './step-teacher.ts'
import { update } from './step-update.ts'

export function trainStepProgram(plan: StepPlan): Program {
  const { patchSize, imageSize, channels } = plan.network
  const crops = (name: string, count: number, size: number): TensorSpec[] =>
    count === 0 ? [] : [{ name, shape: [count * plan.batchSize, size, size, channels], dtype: 'uint8' }]
  return {
    name: 'train-step',
    inputs: [
      ...stepInputs(plan),
      ...crops('globalCrops', plan.globalCrops, imageSize),
      ...crops('localCrops', plan.localCrops, plan.localSize)
    ],
    outputs: [...changedState(plan), ...metricNames(plan), 'features', 'assignments'],
    build: (inputs) => {
      const patches = (name: string) => pixelPatches(inputs[name]!, patchSize, plan.pixels)
      const local = plan.localCrops > 0 ? { local: patches('localCrops') } : {}
      return buildStep(plan, inputs, { global: patches('globalCrops'), ...local })
    }
  }
}

/** The step on patches; `inputs` are those of `stepInputs`. */
export function buildStep(plan: StepPlan, inputs: Tensors, patches: StepPatches): Tensors {
  const names = plan.parameters.map(({ name }) => name)
  const student = subset(inputs, 'student', names)
  const trained = plan.parameters.filter((parameter) => isTrained(plan, parameter))
  const teacher = tf.tidy(() => ({ ...teacherPass(plan, inputs, patches) }))

  const scaling = scalingOf(plan, inputs)
  const metrics: Record<string, Tensor> = {}
  const objective = (...values: Tensor[]): tf.Scalar => {
    const parameters = { ...student, ...Object.fromEntries(trained.map(({ name }, i) => [name, values[i]!])) }
    const { loss, metrics: measured } = studentLoss(plan, { parameters, inputs, patches, teacher })
    for (const [name, value] of Object.entries(measured)) metrics[name] = tf.keep(value)
    return scaling.up(loss) as tf.Scalar
  }
  const { value, grads: scaled } = tf.valueAndGrads(objective)(trained.map(({ name }) => student[name]!))
  const loss = scaling.down(value)
  const grads = scaled.map(scaling.down)

  // ONNX Runtime runs leaves last to first and each with all it needs: the norm over every gradient is written down
  // first so that it comes last, when it keeps nothing alive, and the head's update is written down last.
  const squares = grads.map(sumSquares).reduce((a, b) => tf.add(a, b))
  const usable = scaling.usable(squares)
  const ofGradients = scalingMetrics(tf.sqrt(squares), usable)
  const gradients = Object.fromEntries(trained.map(({ name }, i) => [name, grads[i]!]))
  const state = update(plan, inputs, { of: gradients, usable })
  return {
    ...state,
    features: teacher.features,
    assignments: teacher.assignments,
    ...centers(plan, inputs, teacher),
    ...stepMetrics(plan, { inputs, teacher, measured: { ...metrics, loss } }),
    ...ofGradients
  }
}

function centers(
  { centering, centerMomentum, masked }: StepPlan,
  inputs: Tensors,
  { cls, patch }: TeacherPass
): Record<string, Tensor> {
  const next = (name: string, batchCenter: Tensor, momentum: number) => ({
    [name]: nextCenter(inputs[name]!, batchCenter, { centering, momentum })
  })
  return {
    ...next('center.cls', cls.batchCenter, centerMomentum),
    ...(masked && patch ? next('center.patch', patch.batchCenter, masked.centerMomentum) : {})
  }
}
