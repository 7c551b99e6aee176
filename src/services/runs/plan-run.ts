/** From requests to plans. What the trials of a sweep share is read once for all of them, each read is as old as the planner. */
import { AppError } from '../../base/errors.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Stores } from '../../domain/stores.ts'
import { checkRecipe, devicesProblems } from '../../recipe/check.ts'
import { chooseRecipe } from '../../recipe/choose-recipe.ts'
import { type InitSubject, resolveInit } from '../../recipe/init.ts'
import { servedNetwork } from '../../recipe/network.ts'
import type { RecipeRequest } from '../../recipe/presets.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { type RecipeWarning, warningsOf } from '../../recipe/warnings.ts'
import { type PlanDeps, resolveDataset } from '../evaluations/plan-evaluation.ts'
import { listLive } from '../workers/workers.ts'
import { checkBeforeImages, circumstancesOf, deviceOf, imagesOf } from './auto-circumstances.ts'
import { estimateRun, lastSuccesses } from './estimate.ts'
import { findInit, type InitDeps } from './inits.ts'
import { workersWarning } from './leg-devices.ts'
import { quotaWarning } from './leg-quota.ts'
import { planOwnEvaluation, policyOf, type RunPlan, type RunRequest, unmeasuredBest } from './run-plan.ts'

export interface RunPlannerDeps extends PlanDeps, Omit<InitDeps, 'objects'> {
  readonly stores: Stores
}

/**
 * @throws AppError invalid_recipe, dataset_not_found, dataset_version_not_found, dataset_version_not_ready,
 *   model_not_found, model_not_ready, checkpoint_not_found, evaluation_impossible, evaluation_too_large
 */
export type RunPlanner = (request: RunRequest) => Promise<RunPlan>

/** The promise of the first who asks is everybody's, with its failure. */
function once<Asked, Found>(read: (asked: Asked) => Promise<Found>, keyOf: (asked: Asked) => unknown) {
  const known = new Map<string, Promise<Found>>()
  return (asked: Asked): Promise<Found> => {
    const key = JSON.stringify(keyOf(asked))
    const found = known.get(key) ?? read(asked)
    known.set(key, found)
    return found
  }
}

const same = (): null => null

/** 64 trials took 64 times the statements of one run: 180 ms of the API's time, and 20 ms since each is asked once. */
function createReads(deps: RunPlannerDeps, projectId: string) {
  const { stores } = deps
  const resolved = once(
    (reference: string) => deps.datasets.resolve(projectId, reference),
    (reference) => reference
  )
  const sharing: PlanDeps = { ...deps, datasets: { resolve: (_, reference) => resolved(reference) } }
  return {
    version: (reference: string): Promise<DatasetVersion> =>
      resolveDataset(sharing, projectId, { path: '/dataset', reference }),
    subject: once(
      (init: NonNullable<RunRequest['init']>): Promise<InitSubject> => findInit(deps, projectId, init),
      ({ source, id }) => [source, id]
    ),
    evaluation: once(
      (wanted: { readonly request: Pick<RunRequest, 'evaluation'>; readonly recipe: Recipe }) =>
        planOwnEvaluation(sharing, projectId, wanted),
      // All that an evaluation looks at of a recipe.
      ({ request, recipe }) => [request.evaluation, request.evaluation && servedNetwork(recipe)]
    ),
    workers: once(() => listLive(stores), same),
    project: once(() => stores.projects.find(projectId), same),
    successes: once(() => lastSuccesses(stores, projectId), same)
  }
}

type Reads = ReturnType<typeof createReads>

export function createRunPlanner(deps: RunPlannerDeps, projectId: string): RunPlanner {
  const reads = createReads(deps, projectId)
  return async (request) => {
    checkBeforeImages(request)
    const subject = request.init && (await reads.subject(request.init))
    const version = await reads.version(request.dataset)
    const chosen = chosenRecipe(request, { subject, version })
    const { recipe, init } = chosen
    const evaluation = await reads.evaluation({ request, recipe })
    const { compute } = request
    const checkpoint = policyOf(request.checkpoint, (await reads.project(null))?.retention ?? {})
    const warnings = [
      ...(version.report === null ? [] : warningsOf(version.report, recipe, init !== null)),
      ...(await circumstantial(reads, { recipe, compute })),
      ...unmeasuredBest({ checkpoint, evaluation })
    ]
    const estimate = estimateRun(recipe, { images: version.images, ...compute }, await reads.successes(null))
    return { version, ...chosen, warnings, estimate, evaluation, checkpoint }
  }
}

interface Found {
  readonly subject: InitSubject | null
  readonly version: DatasetVersion
}

/** @throws AppError invalid_recipe */
function chosenRecipe(request: RunRequest, { subject, version }: Found): Pick<RunPlan, 'recipe' | 'reasons' | 'init'> {
  const choose = (asked: RecipeRequest) => chooseRecipe(asked, imagesOf(version), deviceOf(request.compute))
  const { recipe, reasons, init } =
    subject === null
      ? { ...choose(request.recipe), init: null }
      : resolveInit(request.recipe, { subject, head: request.init?.head }, choose)
  const errors = [
    ...checkRecipe(recipe, { ...circumstancesOf(version), hasInit: init !== null }),
    ...devicesProblems(recipe, request.compute.devices)
  ]
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  return { recipe, reasons, init }
}

/** Of who could take it. */
async function circumstantial(
  reads: Reads,
  run: { readonly recipe: Recipe; readonly compute: RunRequest['compute'] }
): Promise<RecipeWarning[]> {
  const quotas = (await reads.project(null))?.quotas ?? null
  return [workersWarning(await reads.workers(null), run), quotaWarning(quotas, run.compute)].filter(
    (one) => one !== null
  )
}
