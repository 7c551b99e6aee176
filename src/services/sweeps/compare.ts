/** The runs of a sweep side by side, and which is ahead. */

import type { LatestPoint } from '../../domain/metric-stores.ts'
import type { Run } from '../../domain/run.ts'
import { isFinished } from '../../domain/run.ts'
import type { Sweep, SweepValue } from '../../domain/sweep.ts'

interface LatestValue {
  readonly step: number
  readonly value: number
}

export interface TrialRow {
  /** From 1. */
  readonly trial: number
  readonly values: Readonly<Record<string, SweepValue>>
  /** Null when it was removed. */
  readonly run: Run | null
  /** By name; what the run has no point of is not there. */
  readonly metrics: ReadonlyMap<string, LatestValue>
}

export interface Leader extends LatestValue {
  readonly trial: number
  readonly runId: string
}

export interface Standing {
  /** Of the trials that succeeded. */
  readonly best: Leader | null
  /** Of those that have not ended, by what they have so far. */
  readonly leading: Leader | null
  /** Trials that have not ended: the best may still be another one. */
  readonly open: number
  /** Trials that succeeded and have no finite value of the metric, or none yet. */
  readonly withoutValue: number
}

export interface Comparison {
  readonly sweep: Sweep
  readonly metrics: readonly string[]
  readonly rows: readonly TrialRow[]
  /** Null where the sweep has no objective. */
  readonly standing: Standing | null
}

export function compare(
  sweep: Sweep,
  metrics: readonly string[],
  { runs, points }: { readonly runs: readonly Run[]; readonly points: readonly LatestPoint[] }
): Comparison {
  const byTrial = new Map(runs.map((run) => [run.trial, run]))
  const byRun = Map.groupBy(points, ({ runId }) => runId)
  const rows = sweep.trials.map((values, index): TrialRow => {
    const run = byTrial.get(index + 1) ?? null
    const own = run === null ? [] : (byRun.get(run.id) ?? [])
    return {
      trial: index + 1,
      values,
      run,
      metrics: new Map(own.map(({ key, step, value }) => [key, { step, value }]))
    }
  })
  return { sweep, metrics, rows, standing: standingOf(sweep, rows) }
}

function standingOf({ objective }: Sweep, rows: readonly TrialRow[]): Standing | null {
  if (objective === null) return null
  const sign = objective.direction === 'minimize' ? 1 : -1
  const leaderOf = (among: readonly TrialRow[]): Leader | null => {
    let leader: Leader | null = null
    for (const { trial, run, metrics } of among) {
      const latest = metrics.get(objective.metric)
      if (run === null || latest === undefined || !Number.isFinite(latest.value)) continue
      // Of equals the first stays.
      if (leader === null || sign * latest.value < sign * leader.value) leader = { trial, runId: run.id, ...latest }
    }
    return leader
  }
  const hasValue = ({ metrics }: TrialRow) => Number.isFinite(metrics.get(objective.metric)?.value)
  const succeeded = rows.filter(({ run }) => run?.status === 'succeeded')
  const open = rows.filter(({ run }) => run !== null && !isFinished(run))
  return {
    best: leaderOf(succeeded),
    leading: leaderOf(open),
    open: open.length,
    withoutValue: succeeded.filter((row) => !hasValue(row)).length
  }
}
