/** What pages read of runs, under which keys, and how often while it changes. */
import { type QueryClient, queryOptions, skipToken } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Checkpoint, CreateRun, Run, RunStatus } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['runs'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

export const runKeys = {
  run: one,
  checkpoints: (id: string) => [...one(id), 'checkpoints'] as const,
  events: (id: string) => [...one(id), 'events'] as const,
  measurements: (id: string) => [...one(id), 'measurements'] as const,
  metrics: (id: string, from: number | null, to: number | null) => [...one(id), 'metrics', from, to] as const
}

const PAGE_SIZE = 25
const ACTIVE_POLL_MS = 3000
const IDLE_POLL_MS = 15_000
/** The stream brings changes at once; polling is for when it cannot. */
const RUN_POLL_MS = 5000
const PLAN_FRESH_MS = 60_000

export interface RunListFilter {
  /** A part of it. */
  readonly name?: string
  readonly status?: RunStatus
  readonly dataset?: string
  readonly metadata?: Record<string, string>
  readonly order?: 'oldest'
  /** Left out: both. */
  readonly archived?: boolean
}

export const runList = (client: KappaClient, filter: RunListFilter): ListSource<Run> => ({
  queryKey: [...LISTS, filter],
  fetchPage: (page, signal) => {
    const query = { limit: PAGE_SIZE, ...page, ...filter }
    return dataOf(client.GET('/v1/runs', { params: { query }, signal }))
  },
  pollMs: ({ data }) => (data.every(isFinished) ? IDLE_POLL_MS : ACTIVE_POLL_MS)
})

export const runQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: runKeys.run(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/runs/{id}', { params: { path: { id } }, signal })),
    refetchInterval: pollBy<Run>((run) => (isFinished(run) ? false : RUN_POLL_MS))
  })

/** A point may come long after its step, so they are read whole; what comes when the run has ended is told by no event. */
export const runMeasurements = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: runKeys.measurements(id),
    queryFn: ({ signal }) => {
      const params = { path: { id }, query: { keys: 'eval/*' } }
      return dataOf(client.GET('/v1/runs/{id}/metrics', { params, signal }))
    },
    refetchInterval: IDLE_POLL_MS
  })

export const checkpointList = (client: KappaClient, id: string): ListSource<Checkpoint> => ({
  queryKey: runKeys.checkpoints(id),
  fetchPage: (page, signal) => {
    const params = { path: { id }, query: { limit: 10, ...page } }
    return dataOf(client.GET('/v1/runs/{id}/checkpoints', { params, signal }))
  }
})

/** What the API would make of a request, as JSON text, without making a run. It only reads, so it is a query. */
export const planQuery = (client: KappaClient, body: string | null) =>
  queryOptions({
    queryKey: [...ALL, 'plan', body],
    queryFn:
      body === null
        ? skipToken
        : ({ signal }) => {
            const request = JSON.parse(body) as CreateRun // as it was typed: the API says what is wrong with it
            return dataOf(client.POST('/v1/runs:validate', { body: request, signal }))
          },
    staleTime: PLAN_FRESH_MS
  })

/** A run is no longer what was read of it; its metrics and events grow by themselves. */
export async function refreshRun(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: one(id), exact: true }),
    queries.invalidateQueries({ queryKey: runKeys.checkpoints(id) }),
    queries.invalidateQueries({ queryKey: runKeys.measurements(id) }),
    queries.invalidateQueries({ queryKey: LISTS })
  ])
}

export const refreshRunLists = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: LISTS })

/** The API's answer to what was done to a run is the run. */
export async function takeRun(queries: QueryClient, run: Run): Promise<void> {
  queries.setQueryData(one(run.id), run)
  await queries.invalidateQueries({ queryKey: LISTS })
}
