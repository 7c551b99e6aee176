/** What the step's program takes besides the images: state, the step's scalars and the drawn drop paths. */
import type { TensorSpec } from '../engine/tensor-spec.ts'
import type { Tensor, Tensors } from '../engine/tf.ts'
import type { Patches } from '../ssl/backbone.ts'
import { type StepPlan, stepStateSpecs } from './step-plan.ts'

export const ADAM = ['beta1', 'oneMinusBeta1', 'beta2', 'oneMinusBeta2', 'stepSize', 'epsilon', 'decay'] as const
const SHARED = ['inverseTeacherTemperature', 'momentum', 'oneMinusMomentum'] as const

/** The scalar inputs by name; the last layer has its own Adam, because freezing it stops its clock too. */
export const SCALARS: readonly string[] = [
  ...SHARED,
  ...ADAM.map((name) => `adam.${name}`),
  ...ADAM.map((name) => `adamLastLayer.${name}`)
]

/** The image inputs in the form the transformer takes. */
export interface StepPatches {
  readonly global: Patches
  readonly local?: Patches
}

/** Inputs besides the images. */
export function stepInputs(plan: StepPlan): TensorSpec[] {
  const crops = plan.globalCrops + plan.localCrops
  const keeps: TensorSpec = { name: 'keeps', shape: [2 * plan.network.depth, crops * plan.batchSize], dtype: 'float32' }
  return [
    ...stepStateSpecs(plan),
    ...SCALARS.map((name): TensorSpec => ({ name, shape: [], dtype: 'float32' })),
    ...(plan.scalesLoss ? [{ name: 'lossScale', shape: [], dtype: 'float32' } as const] : []),
    ...(plan.dropPath > 0 ? [keeps] : [])
  ]
}

/** Inputs `${prefix}.${name}`, under their names alone. */
export const subset = (inputs: Tensors, prefix: string, names: readonly string[]): Record<string, Tensor> =>
  Object.fromEntries(names.map((name) => [name, inputs[`${prefix}.${name}`]!]))
