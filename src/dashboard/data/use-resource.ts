import { type QueryKey, type UseQueryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Problem } from '../../client/problem.ts'
import { problemOf } from './problem-of.ts'

export interface Resource<T> {
  /** Stays while it is fetched again, also when that fails. */
  readonly data: T | null
  /** Of the last try; null after a success. */
  readonly problem: Problem | null
  /** At once, whatever is being waited for. */
  readonly retry: () => void
}

/** One thing that the API has, as a page shows it. */
export function useResource<T, K extends QueryKey>(options: UseQueryOptions<T, Error, T, K>): Resource<T> {
  const queries = useQueryClient()
  const query = useQuery(options)
  const retry = async () => {
    await queries.cancelQueries({ queryKey: options.queryKey, exact: true })
    await query.refetch()
  }
  return { data: query.data ?? null, problem: problemOf(query), retry: () => void retry() }
}
