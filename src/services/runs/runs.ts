/** What users do with runs: plan, start, look at; run-verbs.ts, extensions.ts and forks.ts have the rest. What workers do with them: legs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Tracing } from '../../base/tracing.ts'
import type { MetricQuery, RunCurves } from '../../domain/metric-stores.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Run } from '../../domain/run.ts'
import type { RunFilter, UnitOfWork } from '../../domain/stores.ts'
import { checkRecipe, devicesProblems } from '../../recipe/check.ts'
import { chooseRecipe } from '../../recipe/choose-recipe.ts'
import { resolveInit } from '../../recipe/init.ts'
import type { RecipeRequest } from '../../recipe/presets.ts'
import { warningsOf } from '../../recipe/warnings.ts'
import { type PlanDeps, resolveDataset } from '../evaluations/plan-evaluation.ts'
import { listLive } from '../workers/workers.ts'
import { checkBeforeImages, circumstancesOf, deviceOf, imagesOf } from './auto-circumstances.ts'
import { estimateRun, lastSuccesses } from './estimate.ts'
import { createRunExtension } from './extensions.ts'
import { createFork, createForkPlan } from './forks.ts'
import { findInit, type InitDeps } from './inits.ts'
import { workersWarning } from './leg-devices.ts'
import { quotaWarning } from './leg-quota.ts'
import { newRun, queueRun } from './new-run.ts'
import { judgeCheckpoints, type KeptCheckpoint } from './retention.ts'
import { createRunEventVerbs } from './run-events.ts'
import { createRunFeed, type RunFeedDeps } from './run-feed.ts'
import { planOwnEvaluation, policyOf, type RunPlan, type RunRequest, retentionOf } from './run-plan.ts'
import { createRunRemoval } from './run-removal.ts'
import { createRunDescription, createRunVerb } from './run-verbs.ts'

export interface RunServiceDeps
  extends PlanDeps,
    Pick<RunFeedDeps, 'keys' | 'notices' | 'logger' | 'within'>,
    Omit<InitDeps, 'objects'> {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly tracing: Pick<Tracing, 'current'>
}

export type RunService = ReturnType<typeof createRunService>

export function createRunService(deps: RunServiceDeps) {
  const { unitOfWork, stores } = deps

  /**
   * @throws AppError invalid_recipe, dataset_not_found, dataset_version_not_found, dataset_version_not_ready,
   *   model_not_found, model_not_ready, checkpoint_not_found, evaluation_impossible, evaluation_too_large
   */
  async function plan(projectId: string, request: RunRequest): Promise<RunPlan> {
    checkBeforeImages(request)
    const subject = request.init && (await findInit(deps, projectId, request.init))
    const version = await resolveDataset(deps, projectId, { path: '/dataset', reference: request.dataset })
    const choose = (asked: RecipeRequest) => chooseRecipe(asked, imagesOf(version), deviceOf(request.compute))
    const { recipe, reasons, init } =
      subject === null
        ? { ...choose(request.recipe), init: null }
        : resolveInit(request.recipe, { subject, head: request.init?.head }, choose)
    const { devices } = request.compute
    const errors = [
      ...checkRecipe(recipe, { ...circumstancesOf(version), hasInit: init !== null }),
      ...devicesProblems(recipe, devices)
    ]
    if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
    const evaluation = await planOwnEvaluation(deps, projectId, { request, recipe })
    const { compute } = request
    const workers = workersWarning(await listLive(stores), { recipe, compute })
    const quota = await quotaWarning(stores, projectId, compute)
    const warnings = [
      ...(version.report === null ? [] : warningsOf(version.report, recipe, init !== null)),
      ...[workers, quota].filter((one) => one !== null)
    ]
    const estimate = estimateRun(recipe, { images: version.images, ...compute }, await lastSuccesses(stores, projectId))
    const checkpoint = policyOf(request.checkpoint, await retentionOf(stores, projectId))
    return { version, recipe, reasons, warnings, init, estimate, evaluation, checkpoint }
  }

  async function get(projectId: string, id: string): Promise<Run> {
    const run = await stores.runs.find(projectId, id)
    if (run === null) throw new AppError('run_not_found', { runId: id })
    return run
  }

  return {
    ...createRunEventVerbs({ stores, get }),
    ...createRunFeed(deps),
    plan,
    get,

    async create(
      projectId: string,
      request: RunRequest
    ): Promise<{ run: Run } & Pick<RunPlan, 'estimate' | 'warnings'>> {
      const planned = await plan(projectId, request)
      const run = newRun(deps, projectId, { request, planned })
      await unitOfWork((tx) => queueRun(tx, run))
      return { run, estimate: planned.estimate, warnings: planned.warnings }
    },

    list: (projectId: string, filter: RunFilter, page: PageRequest): Promise<Page<Run>> =>
      stores.runs.list(projectId, filter, page),

    ask: createRunVerb(deps),
    extend: createRunExtension(deps),
    planFork: createForkPlan({ ...deps, get }),
    fork: createFork({ ...deps, get }),
    ...createRunRemoval(deps),
    describe: createRunDescription(deps),

    async metrics(projectId: string, id: string, query: MetricQuery): Promise<RunCurves> {
      await get(projectId, id)
      const series = await stores.metrics.read(id, query)
      return { series, fullFrom: await stores.metrics.fullFrom(id) }
    },

    async listCheckpoints(projectId: string, id: string, page: PageRequest): Promise<Page<KeptCheckpoint>> {
      const run = await get(projectId, id)
      const found = await stores.checkpoints.listByRun(projectId, id, page)
      const { because } = await judgeCheckpoints(stores, run)
      return { ...found, data: found.data.map((one) => ({ ...one, keptBecause: because.get(one.id) ?? [] })) }
    }
  }
}
