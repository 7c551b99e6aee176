/**
 * The step in two programs: one measures a part of the batch, the other does what the whole step does with the mean of all
 * parts. Both are made of what program.ts is made of.
 */
import type { Program } from '../../engine/program.ts'
import type { TensorSpec } from '../../engine/tensor-spec.ts'
import type { Tensor, Tensors } from '../../engine/tf.ts'
import { FLAT_GRADIENT, measureBatch } from './batch.ts'
import { LANE } from './flat-layout.ts'
import { ANCHOR, changedState, expectationSpecs, layoutOf, stepStateSpecs } from './held-state.ts'
import { cropInputs, patchesOf, scalarNames, stepInputs } from './inputs.ts'
import { FINITE, metricNames, tallyShapes } from './metrics.ts'
import { centersOf, type StepPlan, trainedOf } from './plan.ts'
import { applyMeasures } from './program.ts'

/** What goes from the one program to the other, by kind. */
export const GRADIENT = 'gradient.'
export const BATCH = 'batch.'
export const EXPECTATION = 'expectation.'
export const TALLY = 'tally.'

const OPTIMIZER = /^(adam|momentum|oneMinusMomentum|em\.)/

/** @param part the step's plan with the batch size of one part */
export function measureProgram(part: StepPlan): Program {
  return {
    name: 'measure-batch',
    inputs: [...stepInputs(part).filter(({ name }) => !OPTIMIZER.test(name)), ...cropInputs(part)],
    outputs: [...measureSpecs(part).map(({ name }) => name), 'features', 'assignments'],
    build: (inputs) => {
      const { gradients, batchCenters, expectations, tally, ...views } = measureBatch(
        part,
        inputs,
        patchesOf(part, inputs)
      )
      return {
        ...prefixed(GRADIENT, gradients),
        ...prefixed(BATCH, batchCenters),
        ...prefixed(EXPECTATION, expectations),
        ...prefixed(TALLY, tally),
        ...views
      }
    }
  }
}

export function applyProgram(plan: StepPlan): Program {
  const scalars = scalarNames(plan).map((name): TensorSpec => ({ name, shape: [], dtype: 'float32' }))
  return {
    name: 'apply-measures',
    inputs: [...stepStateSpecs(plan).filter(({ name }) => !name.startsWith(ANCHOR)), ...scalars, ...measureSpecs(plan)],
    outputs: [...changedState(plan), ...metricNames(plan), FINITE],
    build: (inputs) =>
      applyMeasures(plan, inputs, {
        gradients: unprefixed(GRADIENT, inputs),
        batchCenters: unprefixed(BATCH, inputs),
        expectations: unprefixed(EXPECTATION, inputs),
        tally: unprefixed(TALLY, inputs)
      })
  }
}

/** The outputs of the first program that are inputs of the second. */
export function measureSpecs(plan: StepPlan): TensorSpec[] {
  const spec = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, dtype: 'float32' })
  const gradients = plan.flat ? [{ name: FLAT_GRADIENT, shape: [layoutOf(plan).rows, LANE] }] : trainedOf(plan)
  return [
    ...gradients.map(({ name, shape }) => spec(`${GRADIENT}${name}`, shape)),
    ...centersOf(plan).map(({ name, prototypes }) => spec(`${BATCH}${name}`, [prototypes])),
    ...expectationSpecs(plan).map(({ name, shape }) => spec(`${EXPECTATION}${name}`, shape)),
    ...Object.entries(tallyShapes(plan)).map(([name, shape]) => spec(`${TALLY}${name}`, shape))
  ]
}

const prefixed = (prefix: string, tensors: Tensors): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]))

const unprefixed = (prefix: string, tensors: Tensors): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor])
  )
