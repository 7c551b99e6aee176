/** What pages read of models, under which keys, and how often while it changes. A ready model never does. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Model, ModelAlias, Page, Prototype } from '../../../client/resources.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['models'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

const POLL_MS = 15_000
const EXPORT_POLL_MS = 2000
const NEVER_STALE = Number.POSITIVE_INFINITY

const PAGE_OF_PROTOTYPES = 100
/** More dots than this lie on top of each other. */
const MOST_PROTOTYPES = 600
const KAPPA_BINS = 40

export type PrototypeSort = '-usage' | 'usage' | '-fitted_kappa' | 'fitted_kappa' | '-kappa' | 'kappa' | 'index'
export type KappaView = 'model' | 'fitted'

const isExporting = ({ status }: Model): boolean => status === 'exporting'

interface Filter {
  /** A part of it. */
  readonly name?: string
  /** The whole of it. */
  readonly versions_of?: string
}

export const modelList = (client: KappaClient, filter: Filter): ListSource<Model> => ({
  queryKey: [...LISTS, filter],
  fetchPage: (page, signal) => {
    const query = { ...filter, limit: 25, ...page }
    return dataOf(client.GET('/v1/models', { params: { query }, signal }))
  },
  pollMs: ({ data }) => (data.some(isExporting) ? EXPORT_POLL_MS : POLL_MS)
})

/** As many as one answer holds: what can be gone on from, or evaluated. */
export const modelChoices = (client: KappaClient) =>
  queryOptions({
    queryKey: [...ALL, 'choices'],
    queryFn: ({ signal }) => dataOf(client.GET('/v1/models', { params: { query: { limit: 100 } }, signal }))
  })

export const refreshModelLists = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: LISTS })

export const modelQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/models/{id}', { params: { path: { id } }, signal })),
    refetchInterval: pollBy<Model>((model) => (isExporting(model) ? EXPORT_POLL_MS : false))
  })

export const aliasList = (client: KappaClient, name: string): ListSource<ModelAlias> => ({
  queryKey: [...ALL, 'aliases', name],
  fetchPage: (page, signal) => {
    const params = { path: { name }, query: { limit: 25, ...page } }
    return dataOf(client.GET('/v1/models/{name}/aliases', { params, signal }))
  },
  pollMs: () => POLL_MS
})

/** One was cancelled; or an alias was moved, of which whom it meant and whom it means now are both told, and all versions of a name. */
export const refreshModels = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: ALL })

export const kappaQuery = (client: KappaClient, id: string, view: KappaView) =>
  queryOptions({
    queryKey: [...one(id), 'kappa', view],
    queryFn: ({ signal }) => {
      const params = { path: { id }, query: { view, bins: KAPPA_BINS } }
      return dataOf(client.GET('/v1/models/{id}/kappa', { params, signal }))
    },
    staleTime: NEVER_STALE
  })

/** Their URLs expire: whoever uses one asks for them anew. */
export const fetchArtifacts = (client: KappaClient, id: string, signal: AbortSignal | null = null) =>
  dataOf(client.GET('/v1/models/{id}/artifacts', { params: { path: { id } }, signal }))

export const artifactsQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: [...one(id), 'artifacts'],
    queryFn: ({ signal }) => fetchArtifacts(client, id, signal)
  })

export const prototypeList = (client: KappaClient, id: string, sort: PrototypeSort): ListSource<Prototype> => ({
  queryKey: [...one(id), 'prototypes', sort],
  fetchPage: (page, signal) => {
    const params = { path: { id }, query: { sort, limit: 20, ...page } }
    return dataOf(client.GET('/v1/models/{id}/prototypes', { params, signal }))
  }
})

export const prototypeQuery = (client: KappaClient, id: string, index: number) =>
  queryOptions({
    queryKey: [...one(id), 'prototype', index],
    queryFn: ({ signal }) =>
      dataOf(client.GET('/v1/models/{id}/prototypes/{index}', { params: { path: { id, index } }, signal })),
    staleTime: NEVER_STALE
  })

export interface MostUsed {
  readonly prototypes: readonly Prototype[]
  /** There are more than were fetched. */
  readonly isCut: boolean
}

interface PrototypeQuery {
  readonly sort: PrototypeSort
  readonly limit: number
  readonly after?: string
}

async function fetchMostUsed(client: KappaClient, id: string, signal: AbortSignal): Promise<MostUsed> {
  const prototypes: Prototype[] = []
  let after: string | null = null
  do {
    const query: PrototypeQuery = { sort: '-usage', limit: PAGE_OF_PROTOTYPES, ...(after !== null && { after }) }
    const call = client.GET('/v1/models/{id}/prototypes', { params: { path: { id }, query }, signal })
    const { data, has_more, next_cursor }: Page<Prototype> = await dataOf(call)
    prototypes.push(...data)
    after = has_more ? next_cursor : null
  } while (after !== null && prototypes.length < MOST_PROTOTYPES)
  return { prototypes, isCut: after !== null }
}

export const mostUsedQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: [...one(id), 'most-used'],
    queryFn: ({ signal }) => fetchMostUsed(client, id, signal),
    staleTime: NEVER_STALE
  })
