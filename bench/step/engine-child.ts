/** One of our engines in a process of its own, for engine-side.ts: it gets ready, then takes the steps that it is told to. */
import type { Recipe } from '../../src/recipe/schema.ts'
import type { StepSchedule } from '../../src/training/step/feeds.ts'
import { initialState } from '../../src/training/step/state.ts'
import { createTrainStep, type TrainStep } from '../../src/training/step/step.ts'
import { type EngineWish, type OpenedEngine, openEngine } from './opened-engine.ts'
import { randomBatch } from './recipes.ts'
import type { Facts, Turn } from './side.ts'

export interface OpenRequest extends EngineWish {
  readonly recipe: Recipe
}

interface Opened {
  readonly step: TrainStep
  readonly opened: OpenedEngine
  readonly facts: Facts
}

async function open({ recipe, ...wish }: OpenRequest): Promise<Opened> {
  const state = initialState(recipe)
  const begin = performance.now()
  const opened = await openEngine(wish)
  const openedAt = performance.now()
  const step = await createTrainStep(opened.engine, recipe, state)
  const { device, precision } = opened.engine
  const facts = { device, precision, openMs: openedAt - begin, loadMs: performance.now() - openedAt }
  const program = opened.program()
  if (program === null) return { step, opened, facts }
  const { writtenAt, readyMs, isCompiled, plannedBytes } = program
  const ready = { [isCompiled ? 'compileMs' : 'fromCacheMs']: readyMs }
  return { step, opened, facts: { ...facts, traceMs: writtenAt - openedAt, ...ready, plannedBytes } }
}

function createTurns({ step, opened }: Opened, { recipe }: OpenRequest) {
  const batch = randomBatch(recipe)
  return async (schedules: readonly StepSchedule[]): Promise<Turn> => {
    const [losses, ms]: [number[], number[]] = [[], []]
    const before = process.cpuUsage()
    for (const at of schedules) {
      const start = performance.now()
      const { metrics } = await step.step(batch, at)
      ms.push(performance.now() - start)
      losses.push(metrics['loss']!)
    }
    const { user, system } = process.cpuUsage(before)
    const peakBytes = opened.peakBytes() ?? process.resourceUsage().maxRSS * 1024
    return { losses, ms, cpuMs: (user + system) / 1000 / schedules.length, peakBytes }
  }
}

let turn: ReturnType<typeof createTurns> | null = null
process.on('message', async (message: OpenRequest | readonly StepSchedule[]) => {
  if ('recipe' in message) {
    const opened = await open(message)
    turn = createTurns(opened, message)
    process.send!(opened.facts)
  } else process.send!(await turn!(message))
})
process.on('disconnect', () => process.exit())
