/** What a vector set tells of all its images. None of it changes: the set does not. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, idempotent, type KappaClient } from '../../../client/client.ts'
import type { DatasetVersion, NearDuplicates, Outlier, ProposedLabel, SelectImages } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const one = (set: string) => ['curation', set] as const
const NEVER_STALE = Number.POSITIVE_INFINITY

const PAGE_IMAGES = 24
const PAGE_PAIRS = 20
const SAMPLE = 200

export const outlierList = (client: KappaClient, set: string): ListSource<Outlier> => ({
  queryKey: [...one(set), 'outliers'],
  fetchPage: (page, signal) => {
    const params = { path: { id: set }, query: { limit: PAGE_IMAGES, ...page } }
    return dataOf(client.GET('/v1/vector-sets/{id}/outliers', { params, signal }))
  },
  isFixed: true
})

/** @param least cosine */
export const nearPairList = (client: KappaClient, set: string, least: number): ListSource<NearDuplicates> => ({
  queryKey: [...one(set), 'near', least],
  fetchPage: (page, signal) => {
    const params = { path: { id: set }, query: { limit: PAGE_PAIRS, min_similarity: least, ...page } }
    return dataOf(client.GET('/v1/vector-sets/{id}/duplicates', { params, signal }))
  },
  isFixed: true
})

export interface LabelWish {
  /** Another set of the same model, whose labels are asked; empty: this one's own. */
  readonly from: string
  readonly neighbors: number
}

const queryOf = ({ from, neighbors }: LabelWish) => ({ neighbors, ...(from !== '' && { from }) })

export const proposedLabelList = (client: KappaClient, set: string, wish: LabelWish): ListSource<ProposedLabel> => ({
  queryKey: [...one(set), 'proposed', wish],
  fetchPage: (page, signal) => {
    const params = { path: { id: set }, query: { limit: PAGE_IMAGES, ...queryOf(wish), ...page } }
    return dataOf(client.GET('/v1/vector-sets/{id}/proposed-labels', { params, signal }))
  },
  isFixed: true
})

export const labelAccuracyQuery = (client: KappaClient, set: string, wish: LabelWish) =>
  queryOptions({
    queryKey: [...one(set), 'accuracy', wish],
    queryFn: ({ signal }) => {
      const params = { path: { id: set }, query: { sample: SAMPLE, ...queryOf(wish) } }
      return dataOf(client.GET('/v1/vector-sets/{id}/label-accuracy', { params, signal }))
    },
    staleTime: NEVER_STALE
  })

/** The version that is made of chosen images, queued. */
export const selectImages = (
  client: KappaClient,
  dataset: string,
  { body, key }: { readonly body: SelectImages; readonly key: string }
): Promise<DatasetVersion> =>
  dataOf(client.POST('/v1/datasets/{id}:select', { params: { path: { id: dataset } }, body, ...idempotent(key) }))
