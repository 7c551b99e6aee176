/** What pages read of sweeps, and how often while their trials go on. */
import { type QueryClient, queryOptions, skipToken } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { CreateSweep, RunStatus, Sweep, SweepComparison } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['sweeps'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

const PAGE_SIZE = 25
const ACTIVE_POLL_MS = 5000
const IDLE_POLL_MS = 15_000
const PLAN_FRESH_MS = 60_000

export const hasOpenTrials = ({ statuses }: Pick<Sweep, 'statuses'>): boolean =>
  Object.keys(statuses).some((status) => !isFinished({ status: status as RunStatus })) // statuses of runs

export const sweepList = (client: KappaClient, filter: { readonly name?: string }): ListSource<Sweep> => ({
  queryKey: [...LISTS, filter],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/sweeps', { params: { query: { ...filter, limit: PAGE_SIZE, ...page } }, signal })),
  pollMs: ({ data }) => (data.some(hasOpenTrials) ? ACTIVE_POLL_MS : IDLE_POLL_MS)
})

/** Numbers of evaluations come after their run has ended, so it is read on, seldom. */
export const sweepQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/sweeps/{id}', { params: { path: { id } }, signal })),
    refetchInterval: pollBy<SweepComparison>((sweep) => (hasOpenTrials(sweep) ? ACTIVE_POLL_MS : IDLE_POLL_MS))
  })

/** What the API would make of a request, as JSON text, without making a sweep. It only reads, so it is a query. */
export const sweepPlanQuery = (client: KappaClient, body: string | null) =>
  queryOptions({
    queryKey: [...ALL, 'plan', body],
    queryFn:
      body === null
        ? skipToken
        : ({ signal }) => {
            const request = JSON.parse(body) as CreateSweep // as it was typed: the API says what is wrong with it
            return dataOf(client.POST('/v1/sweeps:validate', { body: request, signal }))
          },
    staleTime: PLAN_FRESH_MS
  })

/** One was made or removed: what runs say of their sweep is no longer so. */
export async function refreshSweepLists(queries: QueryClient): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: LISTS }), queries.invalidateQueries({ queryKey: ['runs'] })])
}

/** The API's answer to what was done to a sweep is the sweep; its runs are no longer what was read of them. */
export async function takeSweep(queries: QueryClient, sweep: SweepComparison): Promise<void> {
  queries.setQueryData(one(sweep.id), sweep)
  await Promise.all([queries.invalidateQueries({ queryKey: LISTS }), queries.invalidateQueries({ queryKey: ['runs'] })])
}
