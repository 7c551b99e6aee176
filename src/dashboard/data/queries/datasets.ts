/** What pages read of datasets, under which keys, and how often while it changes. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Dataset, DatasetVersion, RejectedFile } from '../../../client/resources.ts'
import { pollBy } from '../query-client.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['datasets'] as const
const LISTS = [...ALL, 'lists'] as const
const one = (id: string) => [...ALL, 'one', id] as const

const POLL_MS = 15_000
const INGEST_POLL_MS = 1000

/** @param name a part of it; empty for all */
export const datasetList = (client: KappaClient, name: string): ListSource<Dataset> => ({
  queryKey: [...LISTS, 'paged', name],
  fetchPage: (page, signal) =>
    dataOf(
      client.GET('/v1/datasets', { params: { query: { limit: 25, ...(name !== '' && { name }), ...page } }, signal })
    ),
  pollMs: () => POLL_MS
})

/** As many as one answer holds: what a run can be chosen to train on. */
export const datasetChoices = (client: KappaClient) =>
  queryOptions({
    queryKey: [...LISTS, 'choices'],
    queryFn: ({ signal }) => dataOf(client.GET('/v1/datasets', { params: { query: { limit: 100 } }, signal }))
  })

export const datasetQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/datasets/{id}', { params: { path: { id } }, signal }))
  })

export const isMoving = ({ status }: DatasetVersion): boolean => status === 'queued' || status === 'ingesting'

export const versionList = (client: KappaClient, id: string): ListSource<DatasetVersion> => ({
  queryKey: [...one(id), 'versions'],
  fetchPage: (page, signal) => {
    const params = { path: { id }, query: { limit: 5, ...page } }
    return dataOf(client.GET('/v1/datasets/{id}/versions', { params, signal }))
  },
  pollMs: ({ data }) => (data.some(isMoving) ? INGEST_POLL_MS : false)
})

/** A ready one never changes. */
export const versionQuery = (client: KappaClient, { id, version }: { readonly id: string; readonly version: number }) =>
  queryOptions({
    queryKey: [...one(id), 'version', version],
    queryFn: ({ signal }) =>
      dataOf(client.GET('/v1/datasets/{id}/versions/{version}', { params: { path: { id, version } }, signal })),
    refetchInterval: pollBy<DatasetVersion>((found) => (isMoving(found) ? INGEST_POLL_MS : false))
  })

export const rejectedList = (client: KappaClient, id: string, version: number): ListSource<RejectedFile> => ({
  queryKey: [...one(id), 'rejected', version],
  fetchPage: (page, signal) => {
    const params = { path: { id, version }, query: { limit: 20, ...page } }
    return dataOf(client.GET('/v1/datasets/{id}/versions/{version}/rejected', { params, signal }))
  }
})

/** One of them has changed. */
export const refreshVersions = (queries: QueryClient, id: string): Promise<void> =>
  queries.invalidateQueries({ queryKey: [...one(id), 'versions'] })

/** Its name or its notes have changed. */
export async function refreshDataset(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: one(id), exact: true }), refreshDatasetLists(queries)])
}

/** One was made or removed. */
export const refreshDatasetLists = (queries: QueryClient): Promise<void> =>
  queries.invalidateQueries({ queryKey: LISTS })
