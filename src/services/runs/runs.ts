/** What users do with runs: plan, start, look at; pause, resume, cancel and retry: run-verbs.ts. What workers do with them: legs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { isTrained } from '../../base/evaluation.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { EvaluationOfRun } from '../../domain/evaluation.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Alarm, CheckpointPolicy, Compute, MetricSeries, Run } from '../../domain/run.ts'
import type { MetricQuery, RunFilter, Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkRecipe, devicesProblems } from '../../recipe/check.ts'
import { chooseRecipe } from '../../recipe/choose-recipe.ts'
import { resolveInit } from '../../recipe/init.ts'
import type { InitRecord } from '../../recipe/init-record.ts'
import type { RecipeRequest } from '../../recipe/presets.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { type RecipeWarning, warningsOf } from '../../recipe/warnings.ts'
import { holdPlan } from '../evaluations/new-evaluation.ts'
import {
  networkOfRun,
  type PlanDeps,
  type PlanRequest,
  planEvaluation,
  resolveDataset
} from '../evaluations/plan-evaluation.ts'
import { listLive } from '../workers/workers.ts'
import { checkBeforeImages, circumstancesOf, deviceOf, imagesOf } from './auto-circumstances.ts'
import { type Estimate, estimateRun } from './estimate.ts'
import { findInit, type InitDeps, type InitWish } from './inits.ts'
import { workersWarning } from './leg-devices.ts'
import { legKey } from './leg-ends.ts'
import { stateEvent } from './leg-lease.ts'
import { createRunEventVerbs } from './run-events.ts'
import { createRunFeed, type RunFeedDeps } from './run-feed.ts'
import { createRunDescription, createRunVerb } from './run-verbs.ts'

export interface RunServiceDeps
  extends PlanDeps,
    Pick<RunFeedDeps, 'keys' | 'notices' | 'logger'>,
    Omit<InitDeps, 'objects'> {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface RunRequest {
  readonly name: string | null
  /** `ds_…@3`, or `ds_…` for its latest ready version. */
  readonly dataset: string
  readonly recipe: RecipeRequest
  readonly init: InitWish | null
  readonly compute: Compute
  readonly checkpoint: CheckpointPolicy
  readonly alarms: readonly Alarm[]
  /** Of its model, once that is ready, and of checkpoints before; null for none. */
  readonly evaluation: (PlanRequest & { readonly everyEpochs?: number }) | null
  readonly metadata: JsonObject
}

/** A request that can be trained: what it means and what it takes. */
export interface RunPlan {
  readonly version: DatasetVersion
  readonly recipe: Recipe
  readonly init: InitRecord | null
  readonly reasons: readonly string[]
  /** What the recipe does not use of the images, or makes up; empty where the version has no report. */
  readonly warnings: readonly RecipeWarning[]
  readonly estimate: Estimate
  readonly evaluation: EvaluationOfRun | null
}

/** How many of the last successes are asked for a speed: baselines of 0 epochs have none, and others are of other networks. */
const RUNS_TO_MEASURE = 50

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
    const succeeded = await stores.runs.list(
      projectId,
      { status: 'succeeded' },
      { limit: RUNS_TO_MEASURE, after: null }
    )
    const { compute } = request
    const workers = workersWarning(await listLive(stores), { recipe, compute })
    const warnings = [
      ...(version.report === null ? [] : warningsOf(version.report, recipe, init !== null)),
      ...(workers === null ? [] : [workers])
    ]
    const estimate = estimateRun(recipe, { images: version.images, ...compute }, succeeded.data)
    return { version, recipe, reasons, warnings, init, estimate, evaluation }
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
    describe: createRunDescription(deps),

    async metrics(projectId: string, id: string, query: MetricQuery): Promise<readonly MetricSeries[]> {
      await get(projectId, id)
      return stores.metrics.read(id, query)
    },

    async listCheckpoints(projectId: string, id: string, page: PageRequest): Promise<Page<Checkpoint>> {
      await get(projectId, id)
      return stores.checkpoints.listByRun(projectId, id, page)
    }
  }
}

async function planOwnEvaluation(
  deps: RunServiceDeps,
  projectId: string,
  { request: { evaluation: request }, recipe }: { readonly request: RunRequest; readonly recipe: Recipe }
): Promise<EvaluationOfRun | null> {
  if (request === null) return null
  const { everyEpochs } = request
  const trained = request.protocols?.find(isTrained)
  if (everyEpochs !== undefined && trained !== undefined) {
    const message = 'trains for as long as the run may: it is not measured on the way'
    const errors = [{ path: `/evaluation/protocols/${request.protocols!.indexOf(trained)}`, message }]
    throw new AppError('evaluation_impossible', { message: `${trained} ${message}.`, errors })
  }
  const subject = { ...networkOfRun({ recipe }), at: '/evaluation' }
  const plan = await planEvaluation(deps, projectId, { request, subject })
  return { id: null, ...plan, ...(everyEpochs === undefined ? {} : { everyEpochs }) }
}

/** Inserts it, with its first event and its first job. @throws AppError where what it needs was removed meanwhile */
export async function queueRun(tx: Stores, run: Run): Promise<void> {
  if (run.evaluation !== null) await holdPlan(tx, { projectId: run.projectId, plan: run.evaluation })
  await tx.runs.insert(run)
  await tx.events.append(run.id, [stateEvent(run)], run.createdAt)
  await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: legKey(run), priority: run.compute.priority })
}

export function newRun(
  { clock, newId }: Pick<RunServiceDeps, 'clock' | 'newId'>,
  projectId: string,
  { request, planned }: { readonly request: RunRequest; readonly planned: RunPlan }
): Run {
  const { version, recipe, reasons, init, estimate, evaluation } = planned
  return {
    id: newId('run'),
    projectId,
    sweepId: null,
    trial: null,
    name: request.name,
    datasetId: version.datasetId,
    datasetVersion: version.version,
    recipe,
    init,
    recipeReasons: reasons,
    compute: request.compute,
    checkpoint: request.checkpoint,
    alarms: request.alarms,
    metadata: request.metadata,
    status: 'queued',
    statusReason: 'waiting_for_worker',
    desired: 'run',
    leaseEpoch: 0,
    leaseWorker: null,
    leaseExpiresAt: null,
    leg: 0,
    attempt: 0,
    engine: null,
    progress: { step: 0, totalSteps: estimate.steps, epoch: 0, percent: 0, imagesSeen: 0 },
    imagesPerSecond: null,
    etaS: estimate.durationS,
    latestCheckpointId: null,
    modelId: null,
    evaluation,
    error: null,
    failures: [],
    createdAt: new Date(clock.now()),
    startedAt: null,
    resumedAt: null,
    finishedAt: null
  }
}
