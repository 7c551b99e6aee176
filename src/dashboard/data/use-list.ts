import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryKey,
  useInfiniteQuery,
  useQueryClient
} from '@tanstack/react-query'
import type { Problem } from '../../client/problem.ts'
import type { Page } from '../../client/resources.ts'
import { problemOf } from './problem-of.ts'
import { pollBy } from './query-client.ts'

export interface ListSource<T> {
  readonly queryKey: QueryKey
  /** `after` is the cursor of the page before, or nothing for the first. */
  readonly fetchPage: (page: { readonly after?: string }, signal: AbortSignal) => Promise<Page<T>>
  readonly pollMs?: (page: Page<T>) => number | false
  /** What is listed never changes: no page of it is asked for again by itself. */
  readonly isFixed?: boolean
}

export interface List<T> {
  /** Of the page that is shown. */
  readonly items: readonly T[] | null
  readonly problem: Problem | null
  readonly retry: () => void
  readonly pager: Pager
}

export interface Pager {
  readonly pageNumber: number
  readonly previous: (() => void) | null
  readonly next: (() => void) | null
  /** Another page is on its way. */
  readonly isMoving: boolean
}

/** Cursors from the second page on to a page: the way back, as lists are only linked forward. */
type Trail = readonly string[]

function nextTrail<T>(page: Page<T>, _: unknown, trail: Trail): Trail | null {
  return page.has_more && page.next_cursor !== null ? [...trail, page.next_cursor] : null
}

/** One page is held: what is polled, and asked for again after a change, is the page that is looked at. */
export const listOptions = <T>({ queryKey, fetchPage, pollMs = () => false, isFixed = false }: ListSource<T>) =>
  infiniteQueryOptions<Page<T>, Error, InfiniteData<Page<T>, Trail>, QueryKey, Trail>({
    queryKey,
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam.at(-1)
      return fetchPage(after === undefined ? {} : { after }, signal)
    },
    initialPageParam: [],
    getNextPageParam: nextTrail,
    getPreviousPageParam: (_page, _pages, trail) => (trail.length === 0 ? null : trail.slice(0, -1)),
    maxPages: 1,
    ...(isFixed && { staleTime: Number.POSITIVE_INFINITY }),
    refetchInterval: pollBy(({ pages: [page] }) => (page ? pollMs(page) : false))
  })

/** One page of a cursor list at a time, so that a list of ten thousand is never in the document. */
export function useList<T>(source: ListSource<T>): List<T> {
  const queries = useQueryClient()
  const query = useInfiniteQuery(listOptions(source))
  const retry = async () => {
    await queries.cancelQueries({ queryKey: source.queryKey, exact: true })
    await query.refetch()
  }
  const isMoving = query.isFetchingNextPage || query.isFetchingPreviousPage
  return {
    items: query.data?.pages[0]?.data ?? null,
    problem: problemOf(query),
    retry: () => void retry(),
    pager: {
      pageNumber: (query.data?.pageParams[0]?.length ?? 0) + 1,
      previous: query.hasPreviousPage && !isMoving ? () => void query.fetchPreviousPage() : null,
      next: query.hasNextPage && !isMoving ? () => void query.fetchNextPage() : null,
      isMoving
    }
  }
}
