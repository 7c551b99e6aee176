/**
 * The whole training step as one program: what a batch gives (step-batch: teacher, student, loss, gradients), then what is
 * made of it: clipping, AdamW and moving average (step-update), centers, metrics. Nothing in it changes from step to step
 * but its inputs.
 */
import { sumSquares } from '../../engine/ops/sum-squares.ts'
import type { Program } from '../../engine/program.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { nextCenter } from '../../ssl/center.ts'
import { type Measures, measureBatch } from './batch.ts'
import { cropInputs, patchesOf, type StepPatches, stepInputs } from './inputs.ts'
import { metricNames, stepMetrics } from './metrics.ts'
import { centersOf, changedState, type StepPlan } from './plan.ts'
import { scalingMetrics, scalingOf } from './scaling.ts'
import { update } from './update.ts'

export function trainStepProgram(plan: StepPlan): Program {
  return {
    name: 'train-step',
    inputs: [...stepInputs(plan), ...cropInputs(plan)],
    outputs: [...changedState(plan), ...metricNames(plan), 'features', 'assignments'],
    build: (inputs) => buildStep(plan, inputs, patchesOf(plan, inputs))
  }
}

/** The step on patches; `inputs` are those of `stepInputs`. */
export function buildStep(plan: StepPlan, inputs: Tensors, patches: StepPatches): Tensors {
  const { features, assignments, ...measures } = measureBatch(plan, inputs, patches)
  return { ...applyMeasures(plan, inputs, measures), features, assignments }
}

/** What a step does with what its batch gave. */
export function applyMeasures(
  plan: StepPlan,
  inputs: Tensors,
  { gradients, batchCenters, tally }: Measures
): Record<string, Tensor> {
  const { centering } = plan
  const scaling = scalingOf(plan, inputs)
  // ONNX Runtime runs leaves last to first and each with all it needs: the norm over every gradient is written down
  // first so that it comes last, when it keeps nothing alive, and the head's update is written down last.
  const squares = Object.values(gradients)
    .map(sumSquares)
    .reduce((a, b) => tf.add(a, b))
  const usable = scaling.usable(squares)
  const ofGradients = scalingMetrics(tf.sqrt(squares), usable)
  const state = update(plan, inputs, { of: gradients, usable })
  const centers = centersOf(plan).map(({ name, momentum }) => {
    return [name, nextCenter(inputs[name]!, batchCenters[name]!, { centering, momentum })] as const
  })
  return { ...state, ...Object.fromEntries(centers), ...stepMetrics(plan, inputs, tally), ...ofGradients }
}
