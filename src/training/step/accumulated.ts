/**
 * A step whose batch is computed in equal parts, so that memory is needed for one part only. It takes the step that the
 * whole batch at once would take, but for float32's rounding of the means: what is drawn for an image belongs to its place
 * in the whole batch, centers and metrics are made of the means over all parts, and clipping sees the mean gradient.
 */
import type { Engine, Feeds, LoadedProgram, Outputs } from '../../engine/engine.ts'
import type { Centering, Recipe } from '../../recipe/schema.ts'
import { applyProgram, BATCH, measureProgram, measureSpecs } from './accumulation-programs.ts'
import { accumulate, average, joinViews, logMeanExpOf, type Part, partOfCrops } from './micro-batches.ts'
import { hiddenInputs } from './patch-masks.ts'
import { planOf, type StepPlan } from './plan.ts'
import { stepScalars } from './scalars.ts'
import { lossScaleOf } from './scaling.ts'
import {
  branchKeeps,
  metricsOf,
  type StepBatch,
  type StepSchedule,
  stateAfter,
  type TrainStep,
  viewsOf
} from './step.ts'

export const accumulationOf = ({ hyperparameters }: Recipe): number => hyperparameters.accumulationSteps ?? 1

/** @param recipe with accumulationSteps above 1 that divide its batch */
export async function createAccumulatedStep(engine: Engine, recipe: Recipe): Promise<TrainStep> {
  const parts = accumulationOf(recipe)
  const { batchSize } = recipe.hyperparameters
  const whole = planOf(recipe, engine.precision)
  const ofPart = { ...recipe, hyperparameters: { ...recipe.hyperparameters, batchSize: batchSize / parts } }
  const part = planOf(ofPart, engine.precision)
  const measure = await engine.load(measureProgram(part), { mayRound: true })
  const apply = await engine.load(applyProgram(whole), { mayRound: true })
  const accumulating = { measure, part, whole, parts, seed: recipe.seed }
  return {
    async run(state, batch, at) {
      const { measures, views } = await measureParts(accumulating, state, { ...batch, ...at })
      const outputs = await apply.run({ ...state, ...stepScalars(at), ...measures })
      return { state: stateAfter(whole, state, outputs), metrics: metricsOf(whole, outputs, 0), views }
    },
    async dispose() {
      await measure.dispose()
      await apply.dispose()
    }
  }
}

interface Accumulating {
  readonly measure: LoadedProgram
  readonly part: StepPlan
  readonly whole: StepPlan
  readonly parts: number
  readonly seed: number
}

async function measureParts(
  { measure, part, whole, parts, seed }: Accumulating,
  state: Feeds,
  at: StepBatch & StepSchedule
) {
  const drawn = { ...at, keeps: whole.dropPath > 0 ? branchKeeps(whole, seed, at.step) : new Float32Array(0) }
  const mean = createMean(part)
  const views = []
  for (let index = 0; index < parts; index++) {
    const outputs = await measure.run({ ...state, ...partFeeds(part, drawn, { index, of: parts }) })
    mean.add(outputs)
    views.push(viewsOf(part, outputs, 0))
  }
  return { measures: mean.value(), views: joinViews(views, part.globalCrops) }
}

interface Drawn extends StepBatch, StepSchedule {
  /** Of the whole batch; empty without drop path. */
  readonly keeps: Float32Array
}

function partFeeds(plan: StepPlan, at: Drawn, part: Part): Feeds {
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

/** Centers in probability space are logarithms of means: their mean is that of what they are the logarithms of. */
const isLogarithm = (name: string, centering: Centering): boolean => name.startsWith(BATCH) && centering !== 'logit'

function createMean(plan: StepPlan) {
  const names = measureSpecs(plan).map(({ name }) => name)
  const logarithms = new Map<string, Float32Array[]>(
    names.filter((name) => isLogarithm(name, plan.centering)).map((name) => [name, []])
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
