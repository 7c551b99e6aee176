/** What pages read of evaluations, often while one is worked on. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Evaluation, EvaluationStatus } from '../../../client/resources.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['evaluations'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

const POLL_MS = 15_000
const WORK_POLL_MS = 2000

export const isOpen = ({ status }: Pick<Evaluation, 'status'>): boolean => ['queued', 'running'].includes(status)

interface Filter {
  /** A part of it. */
  readonly name?: string
  readonly model?: string
  readonly status?: EvaluationStatus
}

export const evaluationList = (client: KappaClient, filter: Filter, limit = 25): ListSource<Evaluation> => ({
  queryKey: [...LISTS, filter, limit],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/evaluations', { params: { query: { ...filter, limit, ...page } }, signal })),
  pollMs: ({ data }) => (data.some(isOpen) ? WORK_POLL_MS : POLL_MS)
})

export const evaluationQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/evaluations/{id}', { params: { path: { id } }, signal })),
    refetchInterval: pollBy<Evaluation>((evaluation) => (isOpen(evaluation) ? WORK_POLL_MS : false))
  })

/** Of the models of a run, newest first, those that have numbers: as many as one answer holds. */
export const runEvaluationsQuery = (client: KappaClient, run: string) =>
  queryOptions({
    queryKey: [...LISTS, 'of', run],
    queryFn: async ({ signal }) => {
      const query = { model: run, status: 'succeeded' as const, limit: 100 }
      return (await dataOf(client.GET('/v1/evaluations', { params: { query }, signal }))).data
    }
  })

/** One was made or removed. */
export const refreshEvaluationLists = (queries: QueryClient): Promise<void> =>
  queries.invalidateQueries({ queryKey: LISTS })

/** The API's answer to what was done to an evaluation is the evaluation. */
export async function takeEvaluation(queries: QueryClient, evaluation: Evaluation): Promise<void> {
  queries.setQueryData(one(evaluation.id), evaluation)
  await refreshEvaluationLists(queries)
}
