/**
 * A run that is made longer goes on from its newest checkpoint, and its schedules are those of the new length from there on
 * (decision 17). What a worker trains at this moment keeps its length: it holds the recipe.
 *
 *   queued                                   stays queued
 *   paused | cancelled | failed | succeeded  → queued
 *   starting | running | pausing | cancelling  refused
 */
import { AppError } from '../base/errors.ts'
import type { Recipe } from '../recipe/schema.ts'
import { isFinished, type Run } from './run.ts'

/** @returns false where the run has been made so long already, and is not over: the request was repeated */
export function isToExtend(run: Run, epochs: number): boolean {
  const { epochs: has } = run.recipe.hyperparameters
  const isResting = isFinished(run) || run.status === 'paused'
  if (epochs === has && !isResting) return false
  if (!isResting && run.status !== 'queued') {
    const isEnding = run.status === 'cancelling' || run.status === 'pausing'
    const then = isEnding ? 'ask again when it is over' : 'pause it, extend it, and it goes on'
    throw new AppError('run_not_extendable', { message: `Run ${run.id} is ${run.status}: ${then}.`, runId: run.id })
  }
  if (epochs > has) return true
  const message = `must be more than the ${has} epochs that the run has, got ${epochs}`
  throw new AppError('invalid_recipe', { errors: [{ path: '/epochs', message }] })
}

export interface Extending {
  readonly recipe: Recipe
  /** Of the checkpoint that the run goes on from; null where it has none and begins as a longer run. */
  readonly from: number | null
  readonly totalSteps: number
  readonly etaS: number | null
  readonly at: Date
}

export type ExtensionPatch = Partial<
  Pick<
    Run,
    'desired' | 'status' | 'statusReason' | 'resumedAt' | 'finishedAt' | 'error' | 'failures' | 'attempt' | 'leg'
  >
> &
  Pick<Run, 'recipe' | 'extensions' | 'progress' | 'etaS' | 'evaluation' | 'archived'>

export function extended(run: Run, { recipe, from, totalSteps, etaS, at }: Extending): ExtensionPatch {
  const [before, after] = [run.recipe, recipe].map(({ hyperparameters }) => hyperparameters.epochs) as [number, number]
  const extension = from === null ? [] : [{ step: from, before, after, at: at.toISOString() }]
  const patch: ExtensionPatch = {
    recipe,
    extensions: [...run.extensions, ...extension],
    progress: { ...run.progress, totalSteps, percent: totalSteps === 0 ? 0 : (100 * run.progress.step) / totalSteps },
    etaS,
    // Its next model is another, to be measured as the first was.
    evaluation: run.evaluation && { ...run.evaluation, id: null },
    // It goes on, so it is looked at again.
    archived: false
  }
  if (run.status === 'queued') return patch
  return {
    ...patch,
    status: 'queued',
    statusReason: 'waiting_for_worker',
    desired: 'run',
    resumedAt: at,
    finishedAt: null,
    error: null,
    failures: [],
    attempt: 0,
    leg: run.leg + 1
  }
}
