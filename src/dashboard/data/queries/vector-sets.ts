/** What pages read of vector sets, and what they ask them. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import { toProblem } from '../../../client/problem.ts'
import type { Matches, SearchVectorSet, VectorMap, VectorSet, VectorSetStatus } from '../../../client/resources.ts'
import { imageRequest } from '../image-request.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['vector-sets'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

const POLL_MS = 15_000
const WORK_POLL_MS = 2000
const NEVER_STALE = Number.POSITIVE_INFINITY
/** Megabytes of points are not kept for a page that was left a while ago. */
const MAP_KEPT_MS = 60_000
const PROTOTYPE_IMAGES = 6

export const isBeingMade = ({ status }: Pick<VectorSet, 'status'>): boolean => ['queued', 'running'].includes(status)

interface Filter {
  /** A part of it. */
  readonly name?: string
  readonly model?: string
  readonly dataset?: string
  readonly status?: VectorSetStatus
}

export const vectorSetList = (client: KappaClient, filter: Filter): ListSource<VectorSet> => ({
  queryKey: [...LISTS, filter],
  fetchPage: (page, signal) =>
    dataOf(client.GET('/v1/vector-sets', { params: { query: { ...filter, limit: 25, ...page } }, signal })),
  pollMs: ({ data }) => (data.some(isBeingMade) ? WORK_POLL_MS : POLL_MS)
})

/** Of a model, newest first, those that can be searched: of as many as one answer holds. */
export const searchableQuery = (client: KappaClient, model: string) =>
  queryOptions({
    queryKey: [...LISTS, 'searchable', model],
    queryFn: async ({ signal }): Promise<readonly VectorSet[]> => {
      const query = { model, status: 'succeeded', limit: 100 } as const
      const { data } = await dataOf(client.GET('/v1/vector-sets', { params: { query }, signal }))
      return data.filter(({ index }) => index !== null)
    }
  })

/** Models that have a vector set that can be searched, by the newest of these: of as many as one answer holds. */
export const newestSearchedQuery = (client: KappaClient) =>
  queryOptions({
    queryKey: [...LISTS, 'searched models'],
    queryFn: async ({ signal }): Promise<readonly string[]> => {
      const query = { status: 'succeeded', limit: 100 } as const
      const { data } = await dataOf(client.GET('/v1/vector-sets', { params: { query }, signal }))
      return data.filter(({ index }) => index !== null).map(({ model }) => model)
    }
  })

export const vectorSetQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/vector-sets/{id}', { params: { path: { id } }, signal })),
    refetchInterval: pollBy<VectorSet>((set) => (isBeingMade(set) ? WORK_POLL_MS : false))
  })

/** Their URLs expire: whoever uses one asks for them anew. */
export const fetchVectorFiles = (client: KappaClient, id: string, signal: AbortSignal | null = null) =>
  dataOf(client.GET('/v1/vector-sets/{id}/files', { params: { path: { id } }, signal }))

export const vectorMapQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: [...one(id), 'map'],
    queryFn: ({ signal }) =>
      dataOf(client.GET('/v1/vector-sets/{id}/map', { params: { path: { id } }, signal })).then(
        (map) => map as VectorMap // sent as it is stored
      ),
    staleTime: NEVER_STALE,
    gcTime: MAP_KEPT_MS
  })

/** What is looked for: an image of the user's, or what is in the set. */
export type Sought =
  | { readonly by: 'image'; readonly image: File }
  | { readonly by: 'index'; readonly index: number }
  | { readonly by: 'prototype'; readonly prototype: number }

export interface SearchOptions {
  readonly topK: number
  /** Null: of any. */
  readonly label: string | null
  readonly prototype: number | null
}

/** An image goes as it is, with what it is filtered by in the address. */
export async function searchVectors(
  client: KappaClient,
  id: string,
  {
    sought,
    options,
    signal
  }: { readonly sought: Sought; readonly options: SearchOptions; readonly signal: AbortSignal }
): Promise<Matches> {
  const { topK: top_k, label, prototype } = options
  if (sought.by === 'image') {
    const query = {
      top_k,
      ...(label !== null && { label }),
      ...(prototype !== null && { in_prototype: prototype })
    }
    const params = { path: { id }, query }
    return dataOf(client.POST('/v1/vector-sets/{id}:search', { params, ...imageRequest(sought.image, signal) }))
  }
  const filter = {
    ...(label !== null && { labels: [label] }),
    ...(prototype !== null && { prototypes: [prototype] })
  }
  const { by: _, ...wish } = sought
  const body: SearchVectorSet = { ...wish, top_k, ...(Object.keys(filter).length > 0 && { filter }) }
  return dataOf(client.POST('/v1/vector-sets/{id}:search', { params: { path: { id } }, body, signal }))
}

/** The images of a prototype that are most like all of it; null where it has none in the set. */
export const prototypeMatchesQuery = (client: KappaClient, set: string, prototype: number) =>
  queryOptions({
    queryKey: [...one(set), 'prototype', prototype],
    queryFn: async ({ signal }): Promise<Matches | null> => {
      const options = { topK: PROTOTYPE_IMAGES, label: null, prototype }
      try {
        return await searchVectors(client, set, { sought: { by: 'prototype', prototype }, options, signal })
      } catch (error) {
        if (toProblem(error).details.code === 'vector_not_found') return null
        throw error
      }
    },
    staleTime: NEVER_STALE
  })

export const refreshVectorSetLists = (queries: QueryClient): Promise<void> =>
  queries.invalidateQueries({ queryKey: LISTS })

/** The API's answer to what was done to a vector set is the vector set. */
export async function takeVectorSet(queries: QueryClient, set: VectorSet): Promise<void> {
  queries.setQueryData(one(set.id), set)
  await refreshVectorSetLists(queries)
}
