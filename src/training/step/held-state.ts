/** What goes from step to step, and in which tensors the engine holds it. */
import type { Program } from '../../engine/program.ts'
import type { TensorSpec } from '../../engine/tensor-spec.ts'
import type { ParameterSpec } from '../../ssl/parameters.ts'
import { type FlatLayout, flatLayout, LANE } from './flat-layout.ts'
import { centersOf, isTrained, type StepPlan, trainedOf } from './plan.ts'

/** What there is of a trained parameter, as prefixes of its name. */
export const COPIES = ['student', 'teacher', 'adam.m', 'adam.v'] as const

/** Of the matrix with one copy of all trained parameters. */
export const flatName = (copy: (typeof COPIES)[number]): string => `${copy}.flat`

export const layoutOf = (plan: StepPlan): FlatLayout => flatLayout(trainedOf(plan))

export function stepStateSpecs(plan: StepPlan): TensorSpec[] {
  const centers = centersOf(plan).map(({ name, prototypes }) => spec(name, [prototypes]))
  return [
    ...(plan.flat ? flatSpecs(plan) : namedSpecs(plan)),
    ...centers,
    ...expectationSpecs(plan),
    ...anchorSpecs(plan)
  ]
}

/** What expectation-maximization remembers of the steps before. */
export const EXPECTATIONS = { vectors: 'em.vectors', mass: 'em.mass' } as const

export const expectationSpecs = ({ em, network: { prototypes, bottleneckDim } }: StepPlan): TensorSpec[] =>
  em ? [spec(EXPECTATIONS.vectors, [prototypes, bottleneckDim]), spec(EXPECTATIONS.mass, [prototypes])] : []

/** Prefix of the backbone that a run began with. No step moves it. */
export const ANCHOR = 'anchor.'

/** Empty unless patches are held to the start: the teacher is in the state anyway. */
export const anchorSpecs = ({ gram, teacherParameters }: StepPlan): TensorSpec[] =>
  gram?.anchor === 'start'
    ? named(
        'anchor',
        teacherParameters.filter(({ name }) => name.startsWith('backbone.'))
      )
    : []

const spec = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, dtype: 'float32' })

const named = (prefix: string, parameters: readonly ParameterSpec[]): TensorSpec[] =>
  parameters.map(({ name, shape }) => spec(`${prefix}.${name}`, shape))

function namedSpecs(plan: StepPlan): TensorSpec[] {
  const trained = trainedOf(plan)
  return [
    ...named('student', plan.parameters),
    ...named('teacher', plan.teacherParameters),
    ...named('adam.m', trained),
    ...named('adam.v', trained)
  ]
}

function flatSpecs(plan: StepPlan): TensorSpec[] {
  const { rows } = layoutOf(plan)
  const fixed = plan.parameters.filter((parameter) => !isTrained(plan, parameter))
  return [
    ...COPIES.map((copy) => spec(flatName(copy), [rows, LANE])),
    ...named('student', fixed),
    ...named('teacher', fixed)
  ]
}

/** Inputs of a program that it takes from the state. */
export function heldInputs(plan: StepPlan, { inputs }: Program): string[] {
  const state = new Set(stepStateSpecs(plan).map(({ name }) => name))
  return inputs.map(({ name }) => name).filter((name) => state.has(name))
}

/** State tensors that a step changes. */
export const changedState = (plan: StepPlan): string[] => {
  const fixed = plan.parameters.filter((parameter) => !isTrained(plan, parameter)).map(({ name }) => name)
  return stepStateSpecs(plan)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(ANCHOR) && !fixed.some((parameter) => name.endsWith(`.${parameter}`)))
}
