/** More epochs for a run that exists: the rules are those of domain/run-extension.ts. */
import { AppError } from '../../base/errors.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { NewRunEvent, Run } from '../../domain/run.ts'
import { extended, isToExtend } from '../../domain/run-extension.ts'
import type { Stores } from '../../domain/stores.ts'
import { checkRecipe } from '../../recipe/check.ts'
import { recipeNumbers } from '../../recipe/numbers.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { type Estimate, estimateRun, lastSuccesses } from './estimate.ts'
import { enqueueLeg } from './leg-job.ts'
import { stateEvent } from './leg-lease.ts'
import { holdImages, type RunVerbDeps } from './run-verbs.ts'

/** Among so many of the newest is one that is there: retired ones lie behind those that are kept. */
const LOOKED_AT = 100

export async function newestCheckpoint(
  { checkpoints }: Pick<Stores, 'checkpoints'>,
  { projectId, id }: Pick<Run, 'projectId' | 'id'>
): Promise<Checkpoint | null> {
  const { data } = await checkpoints.listByRun(projectId, id, { limit: LOOKED_AT, after: null })
  return data.find(({ status }) => status === 'complete') ?? null
}

/** @throws AppError run_not_found, run_not_extendable, quota_exceeded, invalid_recipe, checkpoint_not_found, dataset_version_not_found */
export const createRunExtension =
  ({ unitOfWork, clock }: RunVerbDeps) =>
  (
    projectId: string,
    { id, epochs }: { readonly id: string; readonly epochs: number }
  ): Promise<{ readonly run: Run; readonly estimate: Estimate }> =>
    unitOfWork(async (tx) => {
      const known = await tx.runs.load(id, { lock: true })
      if (known?.projectId !== projectId) throw new AppError('run_not_found', { runId: id })
      const isWanted = isToExtend(known, epochs)
      const { images } = await holdImages(tx, known)
      const from = await newestCheckpoint(tx, known)
      const steps = from?.step ?? 0
      const estimating = { images, steps, ...known.compute }
      const successes = await lastSuccesses(tx, projectId)
      if (!isWanted) return { run: known, estimate: estimateRun(known.recipe, estimating, successes) }
      if (from === null && known.status === 'succeeded') {
        const message = `The checkpoints of run ${id} are gone: there is nothing to go on from.`
        throw new AppError('checkpoint_not_found', { message, runId: id })
      }
      const recipe = longer(known.recipe, epochs)
      const estimate = estimateRun(recipe, estimating, successes)
      const { totalSteps } = recipeNumbers(recipe, images)
      const at = new Date(clock.now())
      if (known.status !== 'queued')
        await checkQuotas(tx, { projectId, wanted: { queuedRuns: 1, storageBytes: 0 }, now: at })
      const patch = extended(known, { recipe, from: from?.step ?? null, totalSteps, etaS: estimate.durationS, at })
      await tx.runs.update(id, patch)
      const run: Run = { ...known, ...patch }
      await tx.events.append(id, eventsOf(known, run, steps), at)
      // Where the job of before still waits, that is the one.
      await enqueueLeg(tx, run, 0)
      return { run, estimate }
    })

/** @throws AppError invalid_recipe: what was fine with 0 epochs may not fit in a few */
function longer(recipe: Recipe, epochs: number): Recipe {
  const longer = { ...recipe, hyperparameters: { ...recipe.hyperparameters, epochs } }
  const errors = checkRecipe(longer).map(({ path, message }) => ({ path: '/epochs', message: `${path}: ${message}` }))
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return longer
}

function eventsOf(before: Run, after: Run, step: number): NewRunEvent[] {
  const [from, to] = [before, after].map(({ recipe }) => recipe.hyperparameters.epochs) as [number, number]
  const message = `Extended from ${from} to ${to} epochs: schedules are those of ${to} epochs from step ${step} on.`
  const note = { type: 'message', level: 'info', data: { message, step, epochs: to } } as const
  return before.status === after.status ? [note] : [note, stateEvent(after)]
}
