import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { Run as DomainRun } from '../../domain/run.ts'
import { RUN_STATUSES } from '../../domain/run.ts'
import type { Sweep as DomainSweep, SweepRuns, SweepSpace } from '../../domain/sweep.ts'
import { isOneMetric } from '../../protocol/metrics.ts'
import type { Comparison, Leader as DomainLeader, TrialRow } from '../../services/sweeps/compare.ts'
import type { PlannedTrial, SweepPlan } from '../../services/sweeps/sweeps.ts'
import { valuesOf } from '../../services/sweeps/trials.ts'
import { closed, ListOf, Metadata, Nullable, Resource, Timestamp } from './common.ts'
import { SweepGrid, SweepObjective, SweepRandom, SweepValue } from './create-sweep.ts'
import { Estimate, presentEstimate, presentWarnings, RecipeReasons, Warnings } from './plan.ts'
import { presentRecipe, ResolvedRecipe, type WireObject } from './recipe.ts'
import { Progress, presentProgress, RunError } from './run-progress.ts'

const SweepValues = Type.Record(Type.String(), SweepValue, {
  description: 'By the names of the fields that are varied.'
})

const ofSweep = {
  id: Type.String(),
  object: Type.Literal('sweep'),
  project_id: Type.String(),
  name: Nullable(Type.String()),
  metadata: Metadata,
  run: Type.Unsafe<WireObject>({ type: 'object', additionalProperties: true, description: 'As it was sent.' }),
  grid: Nullable(SweepGrid),
  random: Nullable(SweepRandom),
  seed: Nullable(Type.Integer({ description: 'Of the draws; null of a grid.' })),
  objective: Nullable(SweepObjective),
  trial_count: Type.Integer(),
  statuses: Type.Record(Type.String(), Type.Integer(), { description: 'How many of its runs have which status.' }),
  created_at: Timestamp
}

export const Sweep = Resource(ofSweep, 'Sweep')
export const SweepList = ListOf(Sweep, 'SweepList')

const LatestValue = { step: Type.Integer(), value: Nullable(Type.Number()) }

const SweepTrial = Resource(
  {
    trial: Type.Integer({ description: 'From 1.' }),
    values: SweepValues,
    run: Nullable(Type.String({ description: 'Null when it was removed; then all of the rest is.' })),
    status: Nullable(Type.Enum([...RUN_STATUSES])),
    status_reason: Nullable(Type.String()),
    progress: Nullable(Progress),
    eta_s: Nullable(Type.Number()),
    error: Nullable(RunError),
    model: Nullable(Type.String()),
    metrics: Type.Record(Type.String(), Nullable(Type.Object(LatestValue)), {
      description:
        'The last point of each that was asked for: null where there is none, its value null where it is not finite.'
    })
  },
  'SweepTrial'
)

const Leader = Type.Object({ trial: Type.Integer(), run: Type.String(), step: Type.Integer(), value: Type.Number() })

const Standing = Resource(
  {
    best: Nullable(Leader),
    leading: Nullable(Leader),
    open: Type.Integer({
      description: 'Trials that have not ended: while there are any, the best may still be another one.'
    }),
    without_value: Type.Integer({
      description: 'Trials that succeeded and have no finite value of the metric, or none yet.'
    })
  },
  'SweepStanding'
)

const compared = {
  ...ofSweep,
  metrics: Type.Array(Type.String()),
  trials: Type.Array(SweepTrial),
  standing: Nullable(Standing)
}

export const SweepComparison = Resource(compared, 'SweepComparison')

export const CreatedSweep = Resource({ ...compared, warnings: Warnings, estimate: Estimate }, 'CreatedSweep')

export const ValidatedSweep = Resource(
  {
    object: Type.Literal('sweep_validation'),
    trials: Type.Array(
      Type.Object({
        trial: Type.Integer(),
        values: SweepValues,
        dataset: Type.String(),
        resolved_recipe: ResolvedRecipe,
        recipe_reasons: RecipeReasons,
        estimate: Estimate
      })
    ),
    warnings: Warnings,
    estimate: Estimate
  },
  'ValidatedSweep'
)

const MOST_METRICS = 16

export const SweepQuery = Type.Object(
  {
    metrics: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_./]+(,[a-z0-9_./]+)*$',
        maxLength: 1000,
        description: 'Names of docs/metrics.md, with commas. Without: loss, and what the objective is about.'
      })
    )
  },
  closed
)

/** @throws AppError invalid_request for a metric that no run reports */
export function readSweepMetrics({ metrics }: Static<typeof SweepQuery>): readonly string[] | null {
  if (metrics === undefined) return null
  const names = [...new Set(metrics.split(','))]
  const unknown = names.filter((name) => !isOneMetric(name))
  const message =
    unknown.length > 0
      ? `names no metric of docs/metrics.md: ${unknown.join(', ')}`
      : `names ${names.length} metrics, and ${MOST_METRICS} are the most`
  if (unknown.length > 0 || names.length > MOST_METRICS)
    throw new AppError('invalid_request', { errors: [{ path: 'metrics', message }] })
  return names
}

const presentSpace = (space: SweepSpace): Pick<Static<typeof Sweep>, 'grid' | 'random' | 'seed'> => {
  if (space.kind === 'grid') return { grid: space.fields as Static<typeof SweepGrid>, random: null, seed: null }
  const fields = Object.entries(space.fields).map(([field, choice]) => {
    if ('values' in choice) return [field, choice] as const
    const { isWhole: _, ...range } = choice
    return [field, range] as const
  })
  return { grid: null, random: Object.fromEntries(fields) as Static<typeof SweepRandom>, seed: space.seed }
}

const withStatuses = (sweep: DomainSweep, statuses: Record<string, number>): Static<typeof Sweep> => ({
  id: sweep.id,
  object: 'sweep',
  project_id: sweep.projectId,
  name: sweep.name,
  metadata: sweep.metadata as Record<string, string>, // Metadata is what created it
  run: sweep.run,
  ...presentSpace(sweep.space),
  objective: sweep.objective && { ...sweep.objective },
  trial_count: sweep.trials.length,
  statuses,
  created_at: sweep.createdAt.toISOString()
})

/** @param counts of this and of other sweeps */
export const presentSweep = (sweep: DomainSweep, counts: readonly SweepRuns[]): Static<typeof Sweep> =>
  withStatuses(
    sweep,
    Object.fromEntries(counts.filter(({ sweepId }) => sweepId === sweep.id).map(({ status, runs }) => [status, runs]))
  )

const presentLeader = ({ trial, runId: run, step, value }: DomainLeader): Static<typeof Leader> => ({
  trial,
  run,
  step,
  value
})

function presentTrial({ trial, values, run, metrics }: TrialRow, names: readonly string[]): Static<typeof SweepTrial> {
  const latest = names.map((name) => {
    const point = metrics.get(name)
    return [
      name,
      point ? { step: point.step, value: Number.isFinite(point.value) ? point.value : null } : null
    ] as const
  })
  return { trial, values: values as Static<typeof SweepValues>, ...ofRun(run), metrics: Object.fromEntries(latest) }
}

const ofRun = (run: DomainRun | null) => ({
  run: run?.id ?? null,
  status: run?.status ?? null,
  status_reason: run?.statusReason ?? null,
  progress: run && presentProgress(run.progress),
  eta_s: run?.etaS ?? null,
  error: run?.error ? { ...run.error } : null,
  model: run?.modelId ?? null
})

export function presentComparison({ sweep, metrics, rows, standing }: Comparison): Static<typeof SweepComparison> {
  const statuses: Record<string, number> = {}
  for (const { run } of rows) if (run !== null) statuses[run.status] = (statuses[run.status] ?? 0) + 1
  return {
    ...withStatuses(sweep, statuses),
    metrics: [...metrics],
    trials: rows.map((row) => presentTrial(row, metrics)),
    standing: standing && {
      best: standing.best && presentLeader(standing.best),
      leading: standing.leading && presentLeader(standing.leading),
      open: standing.open,
      without_value: standing.withoutValue
    }
  }
}

const presentPlanned = (trial: PlannedTrial): Static<typeof ValidatedSweep>['trials'][number] => {
  const { version, recipe, reasons, estimate } = trial.planned
  return {
    trial: trial.number,
    values: valuesOf(trial) as Static<typeof SweepValues>,
    dataset: `${version.datasetId}@${version.version}`,
    resolved_recipe: presentRecipe(recipe),
    recipe_reasons: [...reasons],
    estimate: presentEstimate(estimate)
  }
}

export const presentSweepPlan = ({ trials, warnings, estimate }: SweepPlan): Static<typeof ValidatedSweep> => ({
  object: 'sweep_validation',
  trials: trials.map(presentPlanned),
  warnings: presentWarnings(warnings),
  estimate: presentEstimate(estimate)
})
