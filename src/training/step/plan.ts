/** What of a recipe the step's program depends on. A change of anything here is another program. */
import type { Engine } from '../../engine/engine.ts'
import { largestMask } from '../../math/masks.ts'
import { METHOD_PARTS } from '../../recipe/methods.ts'
import { type Network, nestedDimensions, networkOf } from '../../recipe/network.ts'
import type { Centering, Em, Gram, Ibot, Koleo, Recipe } from '../../recipe/schema.ts'
import { networkParameters, type ParameterSpec, studentParameters } from '../../ssl/parameters.ts'
import type { PixelScale } from '../../ssl/patches.ts'
import type { LastLayer } from '../../ssl/prototypes.ts'

/** Masked patch prediction. */
export interface MaskedPlan {
  /** Rows that the head has for hidden patches: as many as the masks of a batch can hide at most. */
  readonly slots: number
  readonly centerMomentum: number
  readonly clsLossWeight: number
  readonly patchLossWeight: number
}

export interface StepPlan {
  readonly network: Network
  /** Of the student. */
  readonly parameters: readonly ParameterSpec[]
  readonly teacherParameters: readonly ParameterSpec[]
  /** Images of one device. */
  readonly batchSize: number
  /** Devices, each with as many images. */
  readonly replicas: number
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
  readonly koleo: Koleo
  /** Left out where gradients alone move prototypes. */
  readonly em?: Em
  /** Left out where patches are free. */
  readonly gram?: Gram
  /** First dimensions of the features that predict by themselves too; empty for none. */
  readonly nested: readonly number[]
  /** Prototype norms stay 1. */
  readonly normalizeLastLayer: boolean
  /** Whether the backward pass runs on a multiple of the loss, for float16. */
  readonly scalesLoss: boolean
  /** Whether the trained parameters, their moments and their copies in the teacher are a matrix each, see flat-layout.ts. */
  readonly flat: boolean
  /** Left out by methods that hide nothing. */
  readonly masked?: MaskedPlan
}

const PLAIN = { precision: 'float32', fuses: false, devices: 1 } as const

/** @param engine that takes the step; by default one device that does not round */
export function planOf(recipe: Recipe, engine: Pick<Engine, 'precision' | 'fuses' | 'devices'> = PLAIN): StepPlan {
  const h = recipe.hyperparameters
  const batchSize = h.batchSize / engine.devices
  const network = networkOf(recipe)
  return {
    network,
    parameters: studentParameters(network).map((parameter) =>
      h.decayPrototypeNorms === false && isPrototypeNorm(parameter) ? { ...parameter, decayed: false } : parameter
    ),
    teacherParameters: networkParameters(network),
    batchSize,
    replicas: engine.devices,
    globalCrops: h.crops.global.count,
    localCrops: h.crops.local.count,
    localSize: h.crops.local.size,
    pixels: h.normalization,
    vmf: METHOD_PARTS[recipe.method].vmf,
    centering: h.centering,
    centerMomentum: h.centerMomentum,
    studentTemperature: h.studentTemperature,
    clipGrad: h.clipGrad,
    dropPath: h.dropPath,
    koleo: h.koleo ?? { features: 0, prototypes: 0 },
    normalizeLastLayer: h.normalizeLastLayer,
    scalesLoss: engine.precision === 'float16',
    flat: engine.fuses,
    nested: (h.nested ?? []).map((share) => nestedDimensions(share, network.dim)),
    ...(h.em ? { em: h.em } : {}),
    ...(h.gram ? { gram: h.gram } : {}),
    ...(h.ibot ? { masked: maskedPlan(recipe, h.ibot, batchSize) } : {})
  }
}

function maskedPlan({ patchSize, hyperparameters: { crops } }: Recipe, ibot: Ibot, batchSize: number): MaskedPlan {
  const { masks, patchCenterMomentum: centerMomentum, clsLossWeight, patchLossWeight } = ibot
  const slots = crops.global.count * batchSize * largestMask(masks, crops.global.size / patchSize)
  return { slots, centerMomentum, clsLossWeight, patchLossWeight }
}

const isPrototypeNorm = ({ name }: ParameterSpec): boolean => /^head\.last_layer2?\.weight_g$/.test(name)

/** Whether the optimizer moves the parameter. */
export const isTrained = ({ normalizeLastLayer }: StepPlan, parameter: ParameterSpec): boolean =>
  !(normalizeLastLayer && isPrototypeNorm(parameter))

export const trainedOf = (plan: StepPlan): ParameterSpec[] =>
  plan.parameters.filter((parameter) => isTrained(plan, parameter))

export interface CenterPlan {
  /** Of the state tensor. */
  readonly name: string
  readonly prototypes: number
  readonly momentum: number
}

export function centersOf({ network, masked, centerMomentum }: StepPlan): CenterPlan[] {
  const { prototypes, patchPrototypes = prototypes } = network
  const ofClass = { name: 'center.cls', prototypes, momentum: centerMomentum }
  if (!masked) return [ofClass]
  return [ofClass, { name: 'center.patch', prototypes: patchPrototypes, momentum: masked.centerMomentum }]
}

/** Probability that a residual branch (two for each block) is dropped: from 0 at the first block to `dropPath` at the last. */
export const dropRate = ({ dropPath, network: { depth } }: StepPlan, branch: number): number =>
  depth === 1 ? 0 : (dropPath * Math.floor(branch / 2)) / (depth - 1)

/** Which last layer reads class tokens and which reads patches. */
export const tokenLayers = ({ network }: StepPlan): { readonly cls: LastLayer; readonly patch: LastLayer } => ({
  cls: 'last_layer',
  patch: network.patchPrototypes === undefined ? 'last_layer' : 'last_layer2'
})
