/** Which prototype of a model is which of another. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'

/** Solved anew by each request, in seconds where there are thousands of prototypes; only a newer vector set changes it. */
const FRESH_MS = 300_000

export interface MatchingWish {
  readonly model: string
  /** Empty for the version before. */
  readonly against: string
  /** `ds_…@3`; empty for that of the newest vector sets. */
  readonly dataset: string
  /** Pairs that are less similar are none. */
  readonly least: number
}

export const matchingQuery = (client: KappaClient, { model: id, against, dataset, least }: MatchingWish) =>
  queryOptions({
    queryKey: ['matching', id, against, dataset, least],
    queryFn: ({ signal }) => {
      const named = { ...(against !== '' && { against }), ...(dataset !== '' && { dataset }) }
      const params = { path: { id }, query: { ...named, min_similarity: least } }
      return dataOf(client.GET('/v1/models/{id}/matching', { params, signal }))
    },
    staleTime: FRESH_MS
  })
