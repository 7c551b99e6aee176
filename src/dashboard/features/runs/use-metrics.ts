import { keepPreviousData, type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Problem } from '../../../client/problem.ts'
import type { Series } from '../../charts/series.ts'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { runKeys } from '../../data/queries/runs.ts'
import { columnsOf, lastStep, longestSeries, type MetricColumns, mergeColumns } from './metric-columns.ts'
import { METRIC_KEYS, SYSTEM_KEYS } from './metric-keys.ts'

/** What one chart can show on a wide screen; the API keeps the extremes of what it leaves out. */
const MAX_POINTS = 1000
/** New points come at most this often, whatever the stream does. */
const PACE_MS = 1000

export interface LiveMetrics {
  readonly columns: MetricColumns
  readonly problem: Problem | null
  readonly isLoading: boolean
}

export interface MetricsRequest {
  readonly runId: string
  /** Steps to look at, or null for all. */
  readonly range: readonly [number, number] | null
  /** The run's step as far as is known: growth asks for what is new, a fall (a resumed leg) for everything. */
  readonly step: number
}

interface Held {
  /** The run's step when they were asked for. */
  readonly step: number
  readonly columns: MetricColumns
}

/** Points gather as they come in; thinned again once there are twice as many as were asked for. */
const canGrow = (held: Held | undefined, step: number): held is Held =>
  held !== undefined && step >= held.step && longestSeries(held.columns) <= 2 * MAX_POINTS

export function metricsQuery(client: KappaClient, { runId, range, step }: MetricsRequest) {
  const [from, to] = range ?? [null, null]
  const queryKey = runKeys.metrics(runId, from, to)

  async function fetchMetrics(queries: QueryClient, signal: AbortSignal): Promise<Held> {
    const held = queries.getQueryData<Held>(queryKey)
    const isGrowing = canGrow(held, step)
    const first = isGrowing ? lastStep(held.columns) + 1 : from
    const query = {
      keys: [...METRIC_KEYS, ...SYSTEM_KEYS].join(','),
      max_points: MAX_POINTS,
      ...(first !== null && { from: first }),
      ...(to !== null && { to })
    }
    const params = { path: { id: runId }, query }
    const { series } = await dataOf(client.GET('/v1/runs/{id}/metrics', { params, signal }))
    const fresh = columnsOf(series)
    return { step, columns: isGrowing ? mergeColumns(held.columns, fresh) : fresh }
  }

  return queryOptions({
    queryKey,
    queryFn: ({ client: queries, signal }) => fetchMetrics(queries, signal),
    // Asked for again until they are as new as the run, and then not at all.
    refetchInterval: ({ state }) => (state.data !== undefined && state.data.step !== step ? PACE_MS : false),
    placeholderData: keepPreviousData,
    // Columns that bring nothing new are the same objects already; comparing a hundred thousand numbers would say so again.
    structuralSharing: false
  })
}

const NO_COLUMNS: MetricColumns = {}

/** Metric columns of a run: all of them first, then what each new step adds. */
export function useMetrics(request: MetricsRequest): LiveMetrics {
  const query = useQuery(metricsQuery(useClient(), request))
  return { columns: query.data?.columns ?? NO_COLUMNS, problem: problemOf(query), isLoading: query.isPending }
}

export const seriesOf = (columns: MetricColumns, key: string): Series => columns[key] ?? { steps: [], values: [] }
