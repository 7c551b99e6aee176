import { useEffect, useRef, useState } from 'react'
import { backoffMs } from '../../api/backoff.ts'
import { withQuery } from '../../api/client.ts'
import { isAbort, type Problem, toProblem } from '../../api/problem.ts'
import type { Metrics } from '../../api/wire-runs.ts'
import type { Series } from '../../charts/series.ts'
import { useClient } from '../../data/api.ts'
import { columnsOf, lastStep, longestSeries, type MetricColumns, mergeColumns } from './metric-columns.ts'
import { METRIC_KEYS } from './metric-keys.ts'

/** What one chart can show on a wide screen; the API keeps the extremes of what it leaves out. */
const MAX_POINTS = 1000
/** New points come at most this often, whatever the stream does. */
const PACE_MS = 1000

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

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

/** Metric columns of a run: all of them first, then what each new step adds. */
export function useMetrics({ runId, range, step }: MetricsRequest): LiveMetrics {
  const client = useClient()
  const [metrics, setMetrics] = useState<LiveMetrics>({ columns: {}, problem: null, isLoading: true })
  const held = useRef<MetricColumns>({})
  const target = useRef(step)
  target.current = step
  const wake = useRef<() => void>(() => {})
  const [from, to] = range ?? [null, null]

  useEffect(() => {
    const controller = new AbortController()
    const path = `/v1/runs/${encodeURIComponent(runId)}/metrics`
    const keys = METRIC_KEYS.join(',')

    const load = async (after: number | null) => {
      const query = { keys, from: after === null ? from : after + 1, to, max_points: MAX_POINTS }
      const answer = await client.get<Metrics>(withQuery(path, query), controller.signal)
      const fresh = columnsOf(answer.series)
      held.current = after === null ? fresh : mergeColumns(held.current, fresh)
      setMetrics({ columns: held.current, problem: null, isLoading: false })
    }

    const follow = async () => {
      let loaded = Number.NaN
      let failures = 0
      while (!controller.signal.aborted) {
        const wanted = target.current
        const last = lastStep(held.current)
        try {
          // Points gather as they come in; thinned again once there are twice as many as were asked for.
          const isWhole = Number.isNaN(loaded) || wanted < loaded || longestSeries(held.current) > 2 * MAX_POINTS
          if (isWhole || wanted > loaded) await load(isWhole ? null : last)
          loaded = wanted
          failures = 0
        } catch (error) {
          if (controller.signal.aborted || isAbort(error)) return
          failures += 1
          setMetrics({ columns: held.current, problem: toProblem(error), isLoading: false })
        }
        await sleep(failures === 0 ? PACE_MS : backoffMs(failures, Math.random()))
        const isIdle = failures === 0 && target.current === loaded
        if (isIdle && !controller.signal.aborted) await new Promise<void>((resolve) => (wake.current = resolve))
      }
    }
    void follow()
    return () => {
      controller.abort()
      wake.current()
    }
  }, [client, runId, from, to])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new step is the signal
  useEffect(() => wake.current(), [step])

  return metrics
}

export const seriesOf = (columns: MetricColumns, key: string): Series => columns[key] ?? { steps: [], values: [] }
