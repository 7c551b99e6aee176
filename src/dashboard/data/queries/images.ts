/**
 * Images of datasets. Pictures are asked for with the key like everything else and shown from this tab's memory: an address that works
 * by itself would work for whoever finds it in a history, a log or a mail.
 */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { DatasetImage } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['images'] as const
/** A version never changes; its browser keeps pictures, too. */
const NEVER_STALE = Number.POSITIVE_INFINITY
/** Of what is no longer shown: a hundred pictures are a few megabytes. */
const KEPT_MS = 120_000

export interface VersionName {
  readonly id: string
  readonly version: number
}

export interface ImageName extends VersionName {
  readonly index: number
}

/** `ds_…@3`; null for what names no version. */
export function versionName(reference: string): VersionName | null {
  const [, id, version] = /^(ds_[0-9a-z]+)@([1-9][0-9]*)$/.exec(reference) ?? []
  return id === undefined ? null : { id, version: Number(version) }
}

export const imageList = (
  client: KappaClient,
  { id, version }: VersionName,
  { label, limit }: { readonly label: number | null; readonly limit: number }
): ListSource<DatasetImage> => ({
  queryKey: [...ALL, 'list', id, version, label],
  fetchPage: (page, signal) => {
    const params = { path: { id, version }, query: { limit, ...(label !== null && { label }), ...page } }
    return dataOf(client.GET('/v1/datasets/{id}/versions/{version}/images', { params, signal }))
  }
})

export const imageQuery = (client: KappaClient, { id, version, index }: ImageName) =>
  queryOptions({
    queryKey: [...ALL, 'one', id, version, index],
    queryFn: ({ signal }) =>
      dataOf(
        client.GET('/v1/datasets/{id}/versions/{version}/images/{index}', {
          params: { path: { id, version, index } },
          signal
        })
      ),
    staleTime: NEVER_STALE
  })

export const thumbnailQuery = (client: KappaClient, { id, version, index }: ImageName, size: number) =>
  queryOptions({
    queryKey: [...ALL, 'thumbnail', id, version, index, size],
    queryFn: ({ signal }) =>
      dataOf(
        client.GET('/v1/datasets/{id}/versions/{version}/images/{index}/thumbnail', {
          params: { path: { id, version, index }, query: { size } },
          parseAs: 'blob',
          signal
        })
      ).then((bytes) => bytes as Blob), // parsed as one
    staleTime: NEVER_STALE,
    gcTime: KEPT_MS
  })

export const fetchFile = (client: KappaClient, { id, version, index }: ImageName): Promise<Blob> =>
  dataOf(
    client.GET('/v1/datasets/{id}/versions/{version}/images/{index}/file', {
      params: { path: { id, version, index } },
      parseAs: 'blob'
    })
  ).then((bytes) => bytes as Blob) // parsed as one
