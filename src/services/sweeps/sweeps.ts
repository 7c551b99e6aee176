/** Sweeps: runs that differ in some fields, made together, compared together, and asked for something together. */
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Tracing } from '../../base/tracing.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Run } from '../../domain/run.ts'
import { REFUSALS, type RunVerb } from '../../domain/run-verbs.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { MOST_TRIALS, type Sweep, type SweepObjective, type SweepRuns, type SweepSpace } from '../../domain/sweep.ts'
import type { RecipeWarning } from '../../recipe/warnings.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import type { Estimate } from '../runs/estimate.ts'
import { newRun, queueRun } from '../runs/new-run.ts'
import type { RunPlan, RunRequest } from '../runs/run-plan.ts'
import type { RunService } from '../runs/runs.ts'
import { type Comparison, compare } from './compare.ts'
import { type NamedTrial, refusalOf, valuesOf } from './trials.ts'

export interface SweepServiceDeps {
  readonly stores: Stores
  readonly unitOfWork: UnitOfWork
  readonly runs: Pick<RunService, 'planner' | 'ask'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly tracing: Pick<Tracing, 'current'>
}

export interface SweepRequest {
  readonly name: string | null
  readonly metadata: JsonObject
  /** What the trials share, as it was sent. */
  readonly run: JsonObject
  readonly space: SweepSpace
  readonly objective: SweepObjective | null
  readonly trials: readonly TrialRequest[]
}

export interface TrialRequest extends NamedTrial {
  readonly request: RunRequest
}

export interface PlannedTrial extends TrialRequest {
  readonly planned: RunPlan
}

export interface SweepPlan {
  readonly trials: readonly PlannedTrial[]
  readonly estimate: Estimate
  /** Of all trials, each once. */
  readonly warnings: readonly RecipeWarning[]
}

/** What users may ask of all runs of a sweep. */
export const SWEEP_VERBS = ['pause', 'resume', 'cancel', 'retry'] as const satisfies readonly RunVerb[]
export type SweepVerb = (typeof SWEEP_VERBS)[number]

export type SweepService = ReturnType<typeof createSweepService>

export function createSweepService(deps: SweepServiceDeps) {
  const { stores, unitOfWork, runs, clock } = deps

  async function find(projectId: string, id: string): Promise<Sweep> {
    const sweep = await stores.sweeps.find(projectId, id)
    if (sweep === null) throw new AppError('sweep_not_found', { sweepId: id })
    return sweep
  }

  const runsOf = async ({ id, projectId }: Sweep): Promise<readonly Run[]> =>
    (await stores.runs.list(projectId, { sweepId: id }, { limit: MOST_TRIALS, after: null })).data

  /** @param metrics null: the loss and what the objective is about. @throws AppError sweep_not_found */
  async function get(projectId: string, id: string, metrics: readonly string[] | null): Promise<Comparison> {
    const sweep = await find(projectId, id)
    const { objective } = sweep
    const shown = metrics ?? [...new Set(['loss', ...(objective === null ? [] : [objective.metric])])]
    const read = objective === null ? shown : [...new Set([...shown, objective.metric])]
    const own = await runsOf(sweep)
    const points = await stores.metrics.latest(
      own.map((run) => run.id),
      read
    )
    return compare(sweep, shown, { runs: own, points })
  }

  /** Each trial as its own request would be. @throws AppError what a `RunPlanner` throws, about the trial */
  async function plan(projectId: string, { trials }: SweepRequest): Promise<SweepPlan> {
    const planned: PlannedTrial[] = []
    const planRun = runs.planner(projectId)
    for (const trial of trials) {
      const plan = await planRun(trial.request).catch((error: unknown) => {
        throw isAppError(error) ? refusalOf(error, trial) : error
      })
      planned.push({ ...trial, planned: plan })
    }
    return { trials: planned, estimate: totalOf(planned), warnings: warningsOf(planned) }
  }

  return {
    plan,
    get,

    /** All trials or none. */
    async create(projectId: string, request: SweepRequest): Promise<SweepPlan & { readonly id: string }> {
      const planned = await plan(projectId, request)
      const { name, metadata, run, space, objective } = request
      const trials = planned.trials.map(valuesOf)
      const id = deps.newId('sweep')
      const createdAt = new Date(clock.now())
      const made = planned.trials.map((trial) => newTrial(deps, { id, projectId, name }, trial))
      await unitOfWork(async (tx) => {
        await tx.sweeps.insert({ id, projectId, name, metadata, run, space, trials, objective, createdAt })
        for (const one of made) await queueRun(tx, one)
      })
      return { ...planned, id }
    },

    async list(
      projectId: string,
      filter: { readonly name?: string },
      page: PageRequest
    ): Promise<{ readonly page: Page<Sweep>; readonly runs: readonly SweepRuns[] }> {
      const found = await stores.sweeps.list(projectId, filter, page)
      return { page: found, runs: await stores.sweeps.countRuns(found.data.map(({ id }) => id)) }
    },

    /** Trials that cannot take it stay as they are. @throws AppError sweep_not_found, dataset_version_not_found, quota_exceeded */
    async ask(projectId: string, { id, verb }: { readonly id: string; readonly verb: SweepVerb }): Promise<Comparison> {
      const own = await runsOf(await find(projectId, id))
      for (const run of own) {
        await runs.ask(projectId, { id: run.id, verb }).catch((error: unknown) => {
          // Removed meanwhile, or in no state for it.
          if (!isAppError(error, REFUSALS[verb]) && !isAppError(error, 'run_not_found')) throw error
        })
      }
      return get(projectId, id, null)
    },

    /** @throws AppError sweep_not_found, precondition_failed, metadata_full */
    async describe(projectId: string, id: string, patch: DescriptionPatch & Expecting<Sweep>): Promise<Comparison> {
      await unitOfWork(async (tx) => {
        const known = await tx.sweeps.find(projectId, id, { lock: true })
        if (known === null) throw new AppError('sweep_not_found', { sweepId: id })
        checkExpected(known, patch, `Sweep ${id}`)
        await tx.sweeps.update(id, described(known, patch))
      })
      return get(projectId, id, null)
    },

    /** Its runs stay. @throws AppError sweep_not_found */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        // Inside: what is refused is not in the audit log.
        if (!(await tx.sweeps.remove(projectId, id))) throw new AppError('sweep_not_found', { sweepId: id })
      })
  }
}

/** Names may have so many characters. */
const MOST_NAME = 200

function newTrial(
  deps: SweepServiceDeps,
  sweep: Pick<Sweep, 'id' | 'projectId' | 'name'>,
  { number, request, planned }: PlannedTrial
): Run {
  const tail = ` #${number}`
  const base = request.name ?? sweep.name
  const name = base === null ? null : `${base.slice(0, MOST_NAME - tail.length).toWellFormed()}${tail}`
  const run = newRun(deps, sweep.projectId, { request: { ...request, name }, planned })
  return { ...run, sweepId: sweep.id, trial: number }
}

/** Of all trials one after the other; the memory is that of the largest. */
function totalOf(trials: readonly PlannedTrial[]): Estimate {
  const estimates = trials.map(({ planned }) => planned.estimate)
  const sum = (of: (estimate: Estimate) => number) => estimates.reduce((total, one) => total + of(one), 0)
  const isKnown = estimates.every(({ durationS }) => durationS !== null)
  return {
    steps: sum(({ steps }) => steps),
    images: sum(({ images }) => images),
    flops: sum(({ flops }) => flops),
    memoryBytes: Math.max(...estimates.map(({ memoryBytes }) => memoryBytes)),
    durationS: isKnown ? sum(({ durationS }) => durationS ?? 0) : null
  }
}

const warningsOf = (trials: readonly PlannedTrial[]): readonly RecipeWarning[] => [
  ...new Map(
    trials.flatMap(({ planned }) => planned.warnings).map((warning) => [JSON.stringify(warning), warning])
  ).values()
]
