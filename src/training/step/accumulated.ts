/**
 * A step whose batch is computed in equal parts, so that memory is needed for one part only. It takes the step that the
 * whole batch at once would take, but for float32's rounding of the means: what is drawn for an image belongs to its place
 * in the whole batch, centers and metrics are made of the means over all parts, and clipping sees the mean gradient.
 */
import type { HeldState, Outputs, SteppingProgram } from '../../engine/engine.ts'
import type { Program } from '../../engine/program.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { applyProgram, BATCH, measureProgram, measureSpecs } from './accumulation-programs.ts'
import { deviceFeeds, drawStep, type GivenStep } from './feeds.ts'
import { heldInputs } from './held-state.ts'
import { FINITE } from './metrics.ts'
import { accumulate, average, joinViews, logMeanExpOf } from './micro-batches.ts'
import { planOf, type StepPlan } from './plan.ts'
import { isLogarithm } from './replicas.ts'
import { metricsOf, type StepEngine, type StepPrograms, viewsOf } from './results.ts'
import { stepScalars } from './scalars.ts'

export const accumulationOf = ({ hyperparameters }: Recipe): number => hyperparameters.accumulationSteps ?? 1

/** @param recipe with accumulationSteps above 1 that divide its batch */
export async function loadAccumulatedStep(engine: StepEngine, recipe: Recipe): Promise<StepPrograms> {
  const parts = accumulationOf(recipe)
  const { batchSize } = recipe.hyperparameters
  const whole = planOf(recipe, engine)
  const ofPart = { ...recipe, hyperparameters: { ...recipe.hyperparameters, batchSize: batchSize / parts } }
  const part = planOf(ofPart, engine)
  const load = (program: Program, commitIf?: string) => {
    const held = heldInputs(whole, program)
    return engine.loadStepping(program, { held, ...(commitIf ? { commitIf } : {}), mayRound: true })
  }
  // Two programs on one state: the first only reads it.
  const measure = await load(measureProgram(part))
  const apply = await load(applyProgram(whole), FINITE)
  const accumulating = { measure, part, parts, seed: recipe.seed, batchSize }
  return {
    async step(state, given) {
      const { measures, views } = await measureParts(accumulating, state, given)
      const feeds = { ...stepScalars(given), ...measures }
      const [outputs] = await apply.step(
        state,
        Array.from({ length: engine.devices }, () => feeds)
      )
      return { ...metricsOf(whole, outputs!), views }
    },
    async dispose() {
      await measure.dispose()
      await apply.dispose()
    }
  }
}

interface Accumulating {
  readonly measure: SteppingProgram
  readonly part: StepPlan
  readonly parts: number
  readonly seed: number
  /** Of all parts. */
  readonly batchSize: number
}

async function measureParts({ measure, part, parts, ...whole }: Accumulating, state: HeldState, at: GivenStep) {
  const drawn = drawStep(part, at, whole)
  const mean = createMean(part)
  const views = []
  for (let index = 0; index < parts; index++) {
    for (const outputs of await measure.step(state, deviceFeeds(part, drawn, { index, of: parts }))) {
      mean.add(outputs)
      views.push(viewsOf(outputs))
    }
  }
  return { measures: mean.value(), views: joinViews(views, part.globalCrops) }
}

function createMean(plan: StepPlan) {
  const names = measureSpecs(plan).map(({ name }) => name)
  const logarithms = new Map<string, Float32Array[]>(
    names.filter((name) => name.startsWith(BATCH) && isLogarithm(plan.centering)).map((name) => [name, []])
  )
  const sums = new Map<string, Float32Array>()
  let parts = 0
  return {
    add(outputs: Outputs): void {
      parts++
      for (const name of names) {
        const values = outputs[name]!
        const sum = sums.get(name)
        if (logarithms.has(name)) logarithms.get(name)!.push(values)
        else if (sum) accumulate(sum, values)
        else sums.set(name, values)
      }
    },
    value(): Record<string, Float32Array> {
      return {
        ...Object.fromEntries([...sums].map(([name, sum]) => [name, average(sum, parts)])),
        ...Object.fromEntries([...logarithms].map(([name, each]) => [name, logMeanExpOf(each)]))
      }
    }
  }
}
