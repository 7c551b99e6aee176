import type { Engine } from '../../src/engine/engine.ts'
import type { Recipe } from '../../src/recipe/schema.ts'
import type { GivenStep } from '../../src/training/step/feeds.ts'
import type { StepResult } from '../../src/training/step/results.ts'
import { initialState, type StateTensors } from '../../src/training/step/state.ts'
import { createTrainStep } from '../../src/training/step/step.ts'

export interface TakenStep extends StepResult {
  /** After the step. */
  readonly state: StateTensors
}

/** The engine, asked to keep all parameters as one matrix, as engines do that fuse. */
export const keepingMatrices = (engine: Engine): Engine => ({ ...engine, fuses: true })

/** Takes the steps one after the other and looks at the state after each. */
export async function takeSteps(
  engine: Engine,
  recipe: Recipe,
  given: readonly GivenStep[],
  begin: StateTensors = initialState(recipe)
): Promise<TakenStep[]> {
  const trainStep = await createTrainStep(engine, recipe, begin)
  try {
    const taken: TakenStep[] = []
    for (const one of given) {
      const result = await trainStep.step(one, one)
      taken.push({ ...result, state: await trainStep.read() })
    }
    return taken
  } finally {
    await trainStep.dispose()
  }
}
