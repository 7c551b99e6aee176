/** What the training step of a recipe would take on a GPU that is not there: compiled for it, counted, and never run. */
import type { Precision } from '../engine/engine.ts'
import type { Program } from '../engine/program.ts'
import { type AheadOfTime, type AheadOfTimeOptions, compileAhead } from '../engine/xla/ahead-of-time.ts'
import { writeProgram } from '../engine/xla/write-program.ts'
import type { Recipe } from '../recipe/schema.ts'
import { accumulationOf } from './step/accumulated.ts'
import type { StepEngine } from './step/results.ts'
import { loadStepPrograms } from './step/step.ts'

export interface StepAheadOptions extends AheadOfTimeOptions {
  readonly precision: Precision
}

export interface ProgramAhead extends AheadOfTime {
  readonly name: string
  /** How often it runs in a step: as often as the batch has parts, or once. */
  readonly runs: number
}

/** @throws AppError engine_unavailable when the plugin cannot compile for a GPU that is not there */
export async function stepAhead(recipe: Recipe, options: StepAheadOptions): Promise<ProgramAhead[]> {
  const { precision, replicas = 1 } = options
  const compiled: ProgramAhead[] = []
  for (const { program, loading } of await programsOf(recipe, { precision, fuses: true, devices: replicas })) {
    const { text } = writeProgram(program, loading, precision)
    // The last one moves the state, once.
    const runs = program.name === 'measure-batch' ? accumulationOf(recipe) : 1
    compiled.push({ name: program.name, runs, ...(await compileAhead(text, options)) })
  }
  return compiled
}

interface AskedFor {
  readonly program: Program
  readonly loading: Parameters<StepEngine['loadStepping']>[1]
}

/** What a run would have its engine load. */
async function programsOf(recipe: Recipe, engine: Omit<StepEngine, 'loadStepping'>): Promise<AskedFor[]> {
  const asked: AskedFor[] = []
  await loadStepPrograms(
    {
      ...engine,
      loadStepping: async (program, loading) => {
        asked.push({ program, loading })
        return { step: () => Promise.reject(new Error('invariant: nothing runs here')), dispose: async () => {} }
      }
    },
    recipe
  )
  return asked
}
