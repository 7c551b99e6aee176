/** One optimizer step, as the loop sees it. */
import type { Engine, Feeds, LoadedProgram, Outputs } from '../../engine/engine.ts'
import { prng } from '../../math/prng.ts'
import type { Recipe } from '../../recipe/schema.ts'
import type { TeacherViews } from '../health/window.ts'
import { metricNames } from './metrics.ts'
import { hiddenInputs } from './patch-masks.ts'
import { changedState, dropRate, planOf, type StepPlan } from './plan.ts'
import { trainStepProgram } from './program.ts'
import { stepScalars } from './scalars.ts'
import { lossScaleOf } from './scaling.ts'
import type { StateTensors } from './state.ts'

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
}

/** Crop-major uint8 pixels: [crops · batch, size, size, channels]. */
export interface StepBatch {
  readonly globalCrops: Uint8Array
  /** Length 0 when the recipe has no local crops. */
  readonly localCrops: Uint8Array
  /** Hidden patches of the global crops, [G · batch, patches]; left out or of length 0 by methods that hide none. */
  readonly masks?: Uint8Array
}

export interface StepResult {
  readonly state: StateTensors
  /** Those of `metricNames`. */
  readonly metrics: Record<string, number>
  readonly views: TeacherViews
}

export interface TrainStep {
  /**
   * Neither argument is changed. A loss that is not finite is returned like any other: the caller decides and still has
   * the state it passed in. The returned arrays belong to the caller; those that no step changes are the given ones.
   */
  run(state: StateTensors, batch: StepBatch, at: StepSchedule): Promise<StepResult>
  dispose(): Promise<void>
}

export async function createTrainStep(engine: Engine, recipe: Recipe): Promise<TrainStep> {
  const plan = planOf(recipe, engine.precision)
  const program = await engine.load(trainStepProgram(plan), { mayRound: true })
  return {
    run: (state, batch, at) => run({ program, plan, seed: recipe.seed }, state, { ...batch, ...at }),
    dispose: () => program.dispose()
  }
}

interface Loaded {
  readonly program: LoadedProgram
  readonly plan: StepPlan
  readonly seed: number
}

async function run(
  { program, plan, seed }: Loaded,
  state: StateTensors,
  at: StepBatch & StepSchedule
): Promise<StepResult> {
  const outputs = await program.run({ ...state, ...stepFeeds(plan, seed, at) })
  return {
    state: stateAfter(plan, state, outputs),
    metrics: metricsOf(plan, outputs, 0),
    views: viewsOf(plan, outputs, 0)
  }
}

/** What one step is fed besides the state. */
export function stepFeeds(plan: StepPlan, seed: number, at: StepBatch & StepSchedule): Feeds {
  const { globalCrops, localCrops, masks = new Uint8Array(0) } = at
  const crops = plan.globalCrops * plan.batchSize
  return {
    ...stepScalars(at),
    ...(plan.scalesLoss ? { lossScale: Float32Array.of(lossScaleOf(plan)) } : {}),
    ...(plan.dropPath > 0 ? { keeps: branchKeeps(plan, seed, at.step) } : {}),
    ...(plan.masked ? hiddenInputs(masks, { crops, slots: plan.masked.slots }) : {}),
    globalCrops,
    ...(plan.localCrops > 0 ? { localCrops } : {})
  }
}

export function stateAfter(plan: StepPlan, before: StateTensors, outputs: Outputs): StateTensors {
  const next: StateTensors = { ...before }
  for (const name of changedState(plan)) next[name] = outputs[name]!
  return next
}

/** @param row which of the steps that the outputs are of */
export const metricsOf = (plan: StepPlan, outputs: Outputs, row: number): Record<string, number> =>
  Object.fromEntries(metricNames(plan).map((name) => [name, outputs[name]![row]!]))

/** Of the same step. */
export function viewsOf(plan: StepPlan, outputs: Outputs, row: number): TeacherViews {
  const rows = plan.globalCrops * plan.batchSize
  const of = (name: string, length: number) => outputs[name]!.subarray(row * length, (row + 1) * length)
  return { features: of('features', rows * plan.network.dim), assignments: of('assignments', rows) }
}

// Keeps the streams of drop path apart from those of data and initialization.
const DROP_STREAM = 0x64726f70

/** [branches, crops · batch]: whether each image keeps each residual branch, a function of seed and step alone. */
export function branchKeeps(plan: StepPlan, seed: number, step: number): Float32Array {
  const random = prng(seed, DROP_STREAM, step)
  const images = (plan.globalCrops + plan.localCrops) * plan.batchSize
  return Float32Array.from({ length: 2 * plan.network.depth * images }, (_, i) => {
    const rate = dropRate(plan, Math.floor(i / images))
    return random.uniform() < rate ? 0 : 1 / (1 - rate)
  })
}
