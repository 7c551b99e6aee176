/** What one step is fed besides the state: its batch, its numbers and what is drawn for it. */
import type { Feeds } from '../../engine/engine.ts'
import { prng } from '../../math/prng.ts'
import { type Part, partOfCrops } from './micro-batches.ts'
import { hiddenInputs } from './patch-masks.ts'
import { dropRate, type StepPlan } from './plan.ts'
import { type EmSchedule, stepScalars } from './scalars.ts'
import { lossScaleOf } from './scaling.ts'

/** The numbers of one step, all from math/schedules. */
export interface StepSchedule {
  /** Steps completed before this one: with the recipe's seed it decides which paths are dropped. */
  readonly step: number
  readonly learningRate: number
  readonly weightDecay: number
  readonly teacherMomentum: number
  readonly teacherTemperature: number
  /** Of patches; left out by methods that hide none. */
  readonly patchTeacherTemperature?: number
  /** Leaves weight_g and weight_v, their moments and their decay untouched in this step. */
  readonly freezeLastLayer: boolean
  /** Updates that Adam will have made after this step, 1 for the first. */
  readonly adamStep: number
  /** The same for the last layer, which counts only steps in which it was not frozen; 0 while none. */
  readonly adamLastLayerStep: number
  readonly em?: EmSchedule
}

/** Crop-major uint8 pixels: [crops · batch, size, size, channels]. */
export interface StepBatch {
  readonly globalCrops: Uint8Array
  /** Length 0 when the recipe has no local crops. */
  readonly localCrops: Uint8Array
  /** Hidden patches of the global crops, [G · batch, patches]; left out or of length 0 by methods that hide none. */
  readonly masks?: Uint8Array
}

export type GivenStep = StepBatch & StepSchedule

/** A step with everything that is drawn for its whole batch: what an image gets does not depend on where it is computed. */
export interface DrawnStep extends GivenStep {
  /** [branches, crops · batch]; empty without drop path. */
  readonly keeps: Float32Array
}

/** @param batchSize of the whole batch */
export const drawStep = (plan: StepPlan, given: GivenStep, of: { seed: number; batchSize: number }): DrawnStep => ({
  ...given,
  keeps: plan.dropPath > 0 ? branchKeeps(plan, { ...of, step: given.step }) : new Float32Array(0)
})

/** What a device is fed for its part of the batch; the plan is that of the part. */
export function partFeeds(plan: StepPlan, at: DrawnStep, part: Part): Feeds {
  const { globalCrops, localCrops, network } = plan
  const crops = globalCrops + localCrops
  const masks = partOfCrops(at.masks ?? new Uint8Array(0), globalCrops, part)
  return {
    ...stepScalars(at),
    ...(plan.scalesLoss ? { lossScale: Float32Array.of(lossScaleOf(plan)) } : {}),
    ...(plan.dropPath > 0 ? { keeps: partOfCrops(at.keeps, 2 * network.depth * crops, part) } : {}),
    ...(plan.masked ? hiddenInputs(masks, { crops: globalCrops * plan.batchSize, slots: plan.masked.slots }) : {}),
    globalCrops: partOfCrops(at.globalCrops, globalCrops, part),
    ...(localCrops > 0 ? { localCrops: partOfCrops(at.localCrops, localCrops, part) } : {})
  }
}

/** The feeds of each device for one of `of` parts of the batch, which the devices share. */
export const deviceFeeds = (plan: StepPlan, at: DrawnStep, { index, of }: Part): Feeds[] =>
  Array.from({ length: plan.replicas }, (_, device) =>
    partFeeds(plan, at, { index: index * plan.replicas + device, of: of * plan.replicas })
  )

// Keeps the streams of drop path apart from those of data and initialization.
const DROP_STREAM = 0x64726f70

/** [branches, crops · batch]: whether each image keeps each residual branch, a function of seed and step alone. */
function branchKeeps(plan: StepPlan, { seed, batchSize, step }: { seed: number; batchSize: number; step: number }) {
  const random = prng(seed, DROP_STREAM, step)
  const images = (plan.globalCrops + plan.localCrops) * batchSize
  return Float32Array.from({ length: 2 * plan.network.depth * images }, (_, i) => {
    const rate = dropRate(plan, Math.floor(i / images))
    return random.uniform() < rate ? 0 : 1 / (1 - rate)
  })
}
