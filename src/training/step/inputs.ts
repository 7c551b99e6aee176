/** What the step's program takes besides the images: state, the step's scalars, the drawn drop paths and masks. */
import type { RowChoice } from '../../engine/ops/take-rows.ts'
import type { TensorSpec } from '../../engine/tensor-spec.ts'
import type { Tensor, Tensors } from '../../engine/tf.ts'
import type { Patches } from '../../ssl/embed.ts'
import { pixelPatches } from '../../ssl/patches.ts'
import { pieceOf } from './flat-tensors.ts'
import { flatName, layoutOf, stepStateSpecs } from './held-state.ts'
import type { MaskedPlan, StepPlan } from './plan.ts'

export const ADAM = ['beta1', 'oneMinusBeta1', 'beta2', 'oneMinusBeta2', 'stepSize', 'epsilon', 'decay'] as const
const SHARED = ['inverseTeacherTemperature', 'momentum', 'oneMinusMomentum'] as const

/** The scalar inputs by name; the last layer has its own Adam, because freezing it stops its clock too. */
export const scalarNames = ({ masked, em }: StepPlan): readonly string[] => [
  ...SHARED,
  ...(masked ? ['inversePatchTeacherTemperature'] : []),
  ...ADAM.map((name) => `adam.${name}`),
  ...ADAM.map((name) => `adamLastLayer.${name}`),
  ...(em ? ['em.rate', 'em.pull'] : [])
]

/** The image inputs in the form the transformer takes. */
export interface StepPatches {
  readonly global: Patches
  readonly local?: Patches
}

/** The images as they are fed. */
export function cropInputs({ batchSize, globalCrops, localCrops, localSize, network }: StepPlan): TensorSpec[] {
  const crops = (name: string, count: number, size: number): TensorSpec[] =>
    count === 0 ? [] : [{ name, shape: [count * batchSize, size, size, network.channels], dtype: 'uint8' }]
  return [...crops('globalCrops', globalCrops, network.imageSize), ...crops('localCrops', localCrops, localSize)]
}

export function patchesOf({ localCrops, network, pixels }: StepPlan, inputs: Tensors): StepPatches {
  const patches = (name: string) => pixelPatches(inputs[name]!, network.patchSize, pixels)
  return { global: patches('globalCrops'), ...(localCrops > 0 ? { local: patches('localCrops') } : {}) }
}

/** Inputs besides the images. */
export function stepInputs(plan: StepPlan): TensorSpec[] {
  const crops = plan.globalCrops + plan.localCrops
  const keeps: TensorSpec = { name: 'keeps', shape: [2 * plan.network.depth, crops * plan.batchSize], dtype: 'float32' }
  return [
    ...stepStateSpecs(plan),
    ...scalarNames(plan).map((name): TensorSpec => ({ name, shape: [], dtype: 'float32' })),
    ...(plan.scalesLoss ? [{ name: 'lossScale', shape: [], dtype: 'float32' } as const] : []),
    ...(plan.dropPath > 0 ? [keeps] : []),
    ...(plan.masked ? maskInputs(plan, plan.masked) : [])
  ]
}

/** See patch-masks.ts, which makes them. */
function maskInputs({ network, globalCrops, batchSize }: StepPlan, { slots }: MaskedPlan): TensorSpec[] {
  const patches = (network.imageSize / network.patchSize) ** 2
  return [
    { name: 'hiddenRows', shape: [slots], dtype: 'int32' },
    { name: 'hiddenPlaces', shape: [patches * globalCrops * batchSize], dtype: 'int32' },
    { name: 'hiddenWeights', shape: [slots], dtype: 'float32' }
  ]
}

/** The network's parameters under their own names. */
export function parametersOf(plan: StepPlan, inputs: Tensors, network: 'student' | 'teacher'): Record<string, Tensor> {
  const matrix = inputs[flatName(network)]
  const places = new Map(plan.flat ? layoutOf(plan).places.map((place) => [place.name, place]) : [])
  const parameters = network === 'student' ? plan.parameters : plan.teacherParameters
  return Object.fromEntries(
    parameters.map(({ name }) => {
      const place = places.get(name)
      return [name, place ? pieceOf(matrix!, place) : inputs[`${network}.${name}`]!]
    })
  )
}

/** Where the hidden patches of the global crops are; absent without masks. */
export interface Hidden extends RowChoice {
  /** [slots], see patch-loss.ts. */
  readonly weights: Tensor
}

export function hiddenOf({ masked }: StepPlan, inputs: Tensors): Hidden | undefined {
  if (!masked) return undefined
  const [rows, places, weights] = [inputs['hiddenRows']!, inputs['hiddenPlaces']!, inputs['hiddenWeights']!]
  return { rows, places, weights }
}
