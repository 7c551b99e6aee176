/**
 * The whole training step as one program: what a batch gives (step-batch: teacher, student, loss, gradients), then what is
 * made of it: clipping, AdamW and moving average (step-update), centers, metrics. Nothing in it changes from step to step
 * but its inputs.
 */
import type { Program } from '../../engine/program.ts'
import type { Tensor, Tensors } from '../../engine/tf.ts'
import { nextCenter } from '../../ssl/center.ts'
import { FLAT_GRADIENT, type Measures, measureBatch } from './batch.ts'
import { flatUpdate } from './flat-update.ts'
import { changedState } from './held-state.ts'
import { cropInputs, patchesOf, type StepPatches, stepInputs } from './inputs.ts'
import { maximized } from './maximization.ts'
import { FINITE, finiteness, metricNames, stepMetrics } from './metrics.ts'
import { centersOf, type StepPlan } from './plan.ts'
import { acrossReplicas } from './replicas.ts'
import { update } from './update.ts'

export function trainStepProgram(plan: StepPlan): Program {
  return {
    name: 'train-step',
    inputs: [...stepInputs(plan), ...cropInputs(plan)],
    outputs: [...changedState(plan), ...metricNames(plan), FINITE, 'features', 'assignments'],
    build: (inputs) => buildStep(plan, inputs, patchesOf(plan, inputs))
  }
}

/** The step on patches; `inputs` are those of `stepInputs`. */
export function buildStep(plan: StepPlan, inputs: Tensors, patches: StepPatches): Tensors {
  const { features, assignments, ...measures } = measureBatch(plan, inputs, patches)
  return { ...applyMeasures(plan, inputs, acrossReplicas(plan, measures)), features, assignments }
}

/** What a step does with what its batch gave. */
export function applyMeasures(
  plan: StepPlan,
  inputs: Tensors,
  { gradients, batchCenters, expectations, tally }: Measures
): Record<string, Tensor> {
  const { centering } = plan
  const { metrics: ofGradients, move } = plan.flat
    ? flatUpdate(plan, inputs, gradients[FLAT_GRADIENT]!)
    : update(plan, inputs, gradients)
  const metrics = { ...stepMetrics(plan, inputs, tally), ...ofGradients }
  // ONNX Runtime runs leaves last to first and each with all it needs: the norm over every gradient, and whether all is
  // finite, are written down first so that they come last, when they keep nothing alive, and the head's update last.
  const finite = finiteness(plan, metrics)
  const moved = move()
  const state = plan.em ? { ...moved, ...maximized(plan, inputs, { moved, expectations }) } : moved
  const centers = centersOf(plan).map(({ name, momentum }) => {
    return [name, nextCenter(inputs[name]!, batchCenters[name]!, { centering, momentum })] as const
  })
  return { ...state, ...Object.fromEntries(centers), ...metrics, [FINITE]: finite }
}
