/** One optimizer step, as the loop sees it. */
import type { StateTensors } from './step-state.ts'

/** The numbers of one step, all from math/schedules. */
export interface StepSchedule {
  /** Steps completed before this one: with the recipe's seed it decides which paths are dropped. */
  readonly step: number
  readonly learningRate: number
  readonly weightDecay: number
  readonly teacherMomentum: number
  readonly teacherTemperature: number
  /** Leaves weight_g and weight_v, their moments and their decay untouched in this step. */
  readonly freezeLastLayer: boolean
  /** Updates that Adam will have made after this step, 1 for the first. */
  readonly adamStep: number
  /** The same for the last layer, which counts only steps in which it was not frozen; 0 while none. */
  readonly adamLastLayerStep: number
}

/** Crop-major uint8 pixels: [crops · batch, size, size, channels]. */
export interface StepBatch {
  readonly globalCrops: Uint8Array
  /** Length 0 when the recipe has no local crops. */
  readonly localCrops: Uint8Array
}

export interface StepResult {
  readonly state: StateTensors
  /** loss, teacher_entropy, student_entropy, kl, mean_assignment_entropy, top_assignment, grad_norm, center_norm. */
  readonly metrics: Record<string, number>
}

export interface TrainStep {
  /**
   * Neither argument is changed. A loss that is not finite is returned like any other: the caller decides and still has
   * the state it passed in. The returned state's buffers are reused by the second run after this one, so copy what has
   * to live longer.
   */
  run(state: StateTensors, batch: StepBatch, at: StepSchedule): Promise<StepResult>
  dispose(): Promise<void>
}
