/** A step whose batch is computed at once. */
import type { Recipe } from '../../recipe/schema.ts'
import { deviceFeeds, drawStep } from './feeds.ts'
import { heldInputs } from './held-state.ts'
import { FINITE } from './metrics.ts'
import { joinViews } from './micro-batches.ts'
import { planOf } from './plan.ts'
import { trainStepProgram } from './program.ts'
import { metricsOf, type StepEngine, type StepPrograms, viewsOf } from './results.ts'

export async function loadWholeStep(engine: StepEngine, recipe: Recipe): Promise<StepPrograms> {
  const plan = planOf(recipe, engine)
  const whole = { seed: recipe.seed, batchSize: recipe.hyperparameters.batchSize }
  const program = trainStepProgram(plan)
  const options = { held: heldInputs(plan, program), commitIf: FINITE, mayRound: true }
  const loaded = await engine.loadStepping(program, options)
  return {
    async step(state, given) {
      const outputs = await loaded.step(state, deviceFeeds(plan, drawStep(plan, given, whole), { index: 0, of: 1 }))
      return { ...metricsOf(plan, outputs[0]!), views: joinViews(outputs.map(viewsOf), plan.globalCrops) }
    },
    dispose: () => loaded.dispose()
  }
}
