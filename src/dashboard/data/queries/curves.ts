/** One metric of a run, to be drawn beside others'. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'

/** One request a run: 64 of them are 128 a minute. */
const CURVE_POLL_MS = 30_000
/** What a chart of many lines can show. */
const CURVE_POINTS = 300
/** Every step of most runs: of longer ones, the extremes of groups of them. */
const SPEED_POINTS = 10_000

export interface CurveRequest {
  readonly runId: string
  readonly metric: string
  /** Whether more may come. */
  readonly isOpen: boolean
}

const pointsQuery = (client: KappaClient, { runId, metric, isOpen }: CurveRequest, most: number) =>
  queryOptions({
    // Read once more when the run has ended: the last points came after the last time.
    queryKey: ['curves', runId, metric, most, isOpen],
    queryFn: async ({ signal }) => {
      const params = { path: { id: runId }, query: { keys: metric, max_points: most } }
      return (await dataOf(client.GET('/v1/runs/{id}/metrics', { params, signal }))).series
    },
    refetchInterval: isOpen || metric.startsWith('eval/') ? CURVE_POLL_MS : false
  })

export const curveQuery = (client: KappaClient, request: CurveRequest) => pointsQuery(client, request, CURVE_POINTS)

export const speedQuery = (client: KappaClient, request: Omit<CurveRequest, 'metric'>) =>
  pointsQuery(client, { ...request, metric: 'images_per_second' }, SPEED_POINTS)
