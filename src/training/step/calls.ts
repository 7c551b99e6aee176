/**
 * Several steps in one call of the engine: where the state crosses a bus at every call, it then crosses it once for all
 * of them. Whatever the number of steps in a call, the state afterwards is the same, bit for bit.
 */
import type { Engine, Feeds } from '../../engine/engine.ts'
import type { Program, Repeat } from '../../engine/program.ts'
import type { Values } from '../../engine/tensor-spec.ts'
import type { Recipe } from '../../recipe/schema.ts'
import type { TeacherViews } from '../health/window.ts'
import { accumulationOf, createAccumulatedStep } from './accumulated.ts'
import { changedState, planOf, type StepPlan, stepStateSpecs } from './plan.ts'
import { trainStepProgram } from './program.ts'
import type { StateTensors } from './state.ts'
import {
  createTrainStep,
  metricsOf,
  type StepBatch,
  type StepSchedule,
  stateAfter,
  stepFeeds,
  viewsOf
} from './step.ts'

export type GivenStep = StepBatch & StepSchedule

export interface StepsResult {
  readonly state: StateTensors
  /** Of each step. */
  readonly metrics: readonly Record<string, number>[]
  /** Of each step. */
  readonly views: readonly TeacherViews[]
}

export interface StepCalls {
  /** As `TrainStep.run`, one step after the other. */
  run(state: StateTensors, steps: readonly GivenStep[]): Promise<StepsResult>
  dispose(): Promise<void>
}

/** The batches of one call lie in memory side by side, and once more as the runtime's input. */
const MAXIMUM_BATCH_BYTES = 256 * 2 ** 20

/** Steps in a call: fewer than wanted when their batches would take too much memory, one when even a step takes several calls. */
export const affordableSteps = (recipe: Recipe, wanted: number): number =>
  accumulationOf(recipe) > 1
    ? 1
    : Math.max(1, Math.min(wanted, Math.floor(MAXIMUM_BATCH_BYTES / batchBytes(planOf(recipe)))))

/** @param stepsPerCall whether a call takes more than one step; it then takes any number */
export async function createStepCalls(engine: Engine, recipe: Recipe, stepsPerCall: number): Promise<StepCalls> {
  if (stepsPerCall === 1) return oneByOne(engine, recipe)
  const plan = planOf(recipe, engine.precision)
  const program = trainStepProgram(plan)
  const loaded = await engine.load(program, { repeat: repeatOf(program, plan), mayRound: true })
  return {
    async run(state, steps) {
      const feeds = steps.map((step) => stepFeeds(plan, recipe.seed, step))
      const outputs = await loaded.run({ ...state, ...stack(feeds) })
      return {
        state: stateAfter(plan, state, outputs),
        metrics: steps.map((_, row) => metricsOf(plan, outputs, row)),
        views: steps.map((_, row) => viewsOf(plan, outputs, row))
      }
    },
    dispose: () => loaded.dispose()
  }
}

async function oneByOne(engine: Engine, recipe: Recipe): Promise<StepCalls> {
  const create = accumulationOf(recipe) > 1 ? createAccumulatedStep : createTrainStep
  const step = await create(engine, recipe)
  return {
    async run(begin, steps) {
      const metrics: Record<string, number>[] = []
      const views: TeacherViews[] = []
      let state = begin
      for (const given of steps) {
        const result = await step.run(state, given, given)
        metrics.push(result.metrics)
        views.push(result.views)
        state = result.state
      }
      return { state, metrics, views }
    },
    dispose: () => step.dispose()
  }
}

function repeatOf({ inputs }: Program, plan: StepPlan): Repeat {
  const state = new Set(stepStateSpecs(plan).map(({ name }) => name))
  return {
    carried: changedState(plan),
    each: inputs.map(({ name }) => name).filter((name) => !state.has(name))
  }
}

function batchBytes({ network, batchSize, globalCrops, localCrops, localSize }: StepPlan): number {
  const pixels = globalCrops * network.imageSize ** 2 + localCrops * localSize ** 2
  return batchSize * network.channels * pixels
}

function stack(feeds: readonly Feeds[]): Feeds {
  const names = Object.keys(feeds[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, join(feeds.map((feed) => feed[name]!))]))
}

function join(parts: readonly Values[]): Values {
  const length = parts[0]!.length
  const joined = new (parts[0]!.constructor as new (length: number) => Values)(parts.length * length)
  parts.forEach((part, i) => {
    joined.set(part, i * length)
  })
  return joined
}

export interface StepsTaken extends StepsResult {
  /** The metric that is not finite in the step after those; the state is the one before it. */
  readonly broken: readonly [metric: string, value: number] | null
}

/** Takes the steps until one gives a number that is not finite. */
export async function takeFiniteSteps(
  calls: StepCalls,
  state: StateTensors,
  steps: readonly GivenStep[]
): Promise<StepsTaken> {
  const taken = await calls.run(state, steps)
  const first = taken.metrics.findIndex((metrics) => notFinite(metrics) !== undefined)
  if (first === -1) return { ...taken, broken: null }
  // The state before the broken step never left the device: it is made again.
  const good = first === 0 ? { state, metrics: [], views: [] } : await calls.run(state, steps.slice(0, first))
  return { ...good, broken: notFinite(taken.metrics[first]!)! }
}

const notFinite = (metrics: Record<string, number>): [string, number] | undefined =>
  Object.entries(metrics).find(([, value]) => !Number.isFinite(value))
