/** What users do with runs: plan, start, look at; run-verbs.ts, extensions.ts and forks.ts have the rest. What workers do with them: legs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Tracing } from '../../base/tracing.ts'
import type { MetricQuery, RunCurves } from '../../domain/metric-stores.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Run } from '../../domain/run.ts'
import type { RunFilter, UnitOfWork } from '../../domain/stores.ts'
import type { PlanDeps } from '../evaluations/plan-evaluation.ts'
import { createRunExtension } from './extensions.ts'
import { createFork, createForkPlan } from './forks.ts'
import type { InitDeps } from './inits.ts'
import { newRun, queueRun } from './new-run.ts'
import { createRunPlanner, type RunPlanner } from './plan-run.ts'
import { judgeCheckpoints, type KeptCheckpoint } from './retention.ts'
import { createRunEventVerbs } from './run-events.ts'
import { createRunFeed, type RunFeedDeps } from './run-feed.ts'
import type { RunPlan, RunRequest } from './run-plan.ts'
import { type CheckpointName, createRunRemoval } from './run-removal.ts'
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

  const planner = (projectId: string): RunPlanner => createRunPlanner(deps, projectId)
  const plan = (projectId: string, request: RunRequest): Promise<RunPlan> => planner(projectId)(request)

  async function get(projectId: string, id: string): Promise<Run> {
    const run = await stores.runs.find(projectId, id)
    if (run === null) throw new AppError('run_not_found', { runId: id })
    return run
  }

  return {
    ...createRunEventVerbs({ stores, get }),
    ...createRunFeed(deps),
    planner,
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

    /** @throws AppError run_not_found, checkpoint_not_found */
    async getCheckpoint(projectId: string, { runId, checkpointId }: CheckpointName): Promise<KeptCheckpoint> {
      const run = await get(projectId, runId)
      const checkpoint = await stores.checkpoints.find(projectId, checkpointId)
      if (checkpoint?.runId !== runId) throw new AppError('checkpoint_not_found', { checkpoint: checkpointId })
      const { because } = await judgeCheckpoints(stores, run)
      return { ...checkpoint, keptBecause: because.get(checkpointId) ?? [] }
    },

    async listCheckpoints(projectId: string, id: string, page: PageRequest): Promise<Page<KeptCheckpoint>> {
      const run = await get(projectId, id)
      const found = await stores.checkpoints.listByRun(projectId, id, page)
      const { because } = await judgeCheckpoints(stores, run)
      return { ...found, data: found.data.map((one) => ({ ...one, keptBecause: because.get(one.id) ?? [] })) }
    }
  }
}
