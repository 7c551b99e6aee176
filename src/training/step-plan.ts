/** What of a recipe the step's program depends on. A change of anything here is another program. */
import type { Precision } from '../engine/engine.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import type { Centering, Recipe } from '../recipe/schema.ts'
import { type Network, networkOf } from '../ssl/network.ts'
import { networkParameters, type ParameterSpec } from '../ssl/parameters.ts'
import type { PixelScale } from '../ssl/patches.ts'

export interface StepPlan {
  readonly network: Network
  readonly parameters: readonly ParameterSpec[]
  readonly batchSize: number
  readonly globalCrops: number
  readonly localCrops: number
  readonly localSize: number
  readonly pixels: PixelScale
  /** log C_p in the logits. */
  readonly vmf: boolean
  readonly centering: Centering
  readonly centerMomentum: number
  readonly studentTemperature: number
  readonly clipGrad: number
  readonly dropPath: number
  /** Prototype norms stay 1. */
  readonly normalizeLastLayer: boolean
  /** Whether the backward pass runs on a multiple of the loss, for float16. */
  readonly scalesLoss: boolean
}

/** @param precision of matrix products */
export function planOf(recipe: Recipe, precision: Precision = 'float32'): StepPlan {
  const h = recipe.hyperparameters
  const network = networkOf(recipe)
  return {
    network,
    parameters: networkParameters(network),
    batchSize: h.batchSize,
    globalCrops: h.crops.global.count,
    localCrops: h.crops.local.count,
    localSize: h.crops.local.size,
    pixels: h.normalization,
    vmf: recipe.method === 'dino-vmf',
    centering: h.centering,
    centerMomentum: h.centerMomentum,
    studentTemperature: h.studentTemperature,
    clipGrad: h.clipGrad,
    dropPath: h.dropPath,
    normalizeLastLayer: h.normalizeLastLayer,
    scalesLoss: precision === 'float16'
  }
}

/** Whether the optimizer moves the parameter. */
export const isTrained = ({ normalizeLastLayer }: StepPlan, { name }: ParameterSpec): boolean =>
  !(normalizeLastLayer && name === 'head.last_layer.weight_g')

/** Everything that goes from step to step. */
export function stepStateSpecs(plan: StepPlan): TensorSpec[] {
  const named = (prefix: string, parameters: StepPlan['parameters']): TensorSpec[] =>
    parameters.map(({ name, shape }) => ({ name: `${prefix}.${name}`, shape, dtype: 'float32' }))
  const trained = plan.parameters.filter((parameter) => isTrained(plan, parameter))
  return [
    ...named('student', plan.parameters),
    ...named('teacher', plan.parameters),
    ...named('adam.m', trained),
    ...named('adam.v', trained),
    { name: 'center.cls', shape: [plan.network.prototypes], dtype: 'float32' }
  ]
}

/** State tensors that a step changes. */
export const changedState = (plan: StepPlan): string[] => {
  const fixed = plan.parameters.filter((parameter) => !isTrained(plan, parameter)).map(({ name }) => name)
  return stepStateSpecs(plan)
    .map(({ name }) => name)
    .filter((name) => !fixed.some((parameter) => name.endsWith(`.${parameter}`)))
}

/** Probability that a residual branch (two for each block) is dropped: from 0 at the first block to `dropPath` at the last. */
export const dropRate = ({ dropPath, network: { depth } }: StepPlan, branch: number): number =>
  depth === 1 ? 0 : (dropPath * Math.floor(branch / 2)) / (depth - 1)
