/** One optimizer step, as the loop sees it: the state stays where the engine computes. */
import type { Engine } from '../../engine/engine.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { accumulationOf, loadAccumulatedStep } from './accumulated.ts'
import type { StepBatch, StepSchedule } from './feeds.ts'
import { heldNames, packState, unpackState } from './flat-state.ts'
import { stepStateSpecs } from './held-state.ts'
import { planOf } from './plan.ts'
import type { StepEngine, StepPrograms, StepResult } from './results.ts'
import type { StateTensors } from './state.ts'
import { loadWholeStep } from './whole.ts'

export interface TrainStep {
  /**
   * Moves the state on, unless a metric of the step is not finite: then the caller is told so and the state is as before,
   * bit for bit. The arguments are not changed.
   */
  step(batch: StepBatch, at: StepSchedule): Promise<StepResult>
  /** Copies of the named tensors of the state, of all by default. */
  read(names?: readonly string[]): Promise<StateTensors>
  dispose(): Promise<void>
}

/** The programs of a step: one, or two where a batch is computed in parts. */
export const loadStepPrograms = (engine: StepEngine, recipe: Recipe): Promise<StepPrograms> =>
  accumulationOf(recipe) > 1 ? loadAccumulatedStep(engine, recipe) : loadWholeStep(engine, recipe)

/** @param begin the state to go on from, which is copied */
export async function createTrainStep(engine: Engine, recipe: Recipe, begin: StateTensors): Promise<TrainStep> {
  const plan = planOf(recipe, engine)
  const programs = await loadStepPrograms(engine, recipe)
  const held = await engine.hold(stepStateSpecs(plan), packState(plan, begin)).catch(async (error) => {
    await programs.dispose()
    throw error
  })
  return {
    step: (batch, at) => programs.step(held, { ...batch, ...at }),
    read: async (names) => unpackState(plan, await held.read(names && heldNames(plan, names)), names),
    async dispose() {
      await programs.dispose()
      await held.dispose()
    }
  }
}
