/** An image of the user's, asked about. Nothing is changed by it, so these are queries; its number stands for it in their keys. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { ImageAssignments } from '../../../client/resources.ts'
import { imageRequest } from '../image-request.ts'
import { searchVectors } from './vector-sets.ts'

export interface TriedImage {
  /** Of this page, from 1: another image has another one. */
  readonly number: number
  readonly file: File
}

const ALL = ['tried'] as const
const NEVER_STALE = Number.POSITIVE_INFINITY
const TOP_K = 5
const NEIGHBOURS = 12

/** The prototypes that it is a mixture of. */
export const assignmentsQuery = (client: KappaClient, model: string, { number, file }: TriedImage) =>
  queryOptions({
    queryKey: [...ALL, number, 'assignments', model],
    queryFn: async ({ signal }): Promise<ImageAssignments> => {
      const params = { path: { id: model }, query: { top_k: TOP_K } }
      const { data } = await dataOf(
        client.POST('/v1/models/{id}/assignments', { params, ...imageRequest(file, signal) })
      )
      const [result] = data
      if (result === undefined) throw new Error('The API answered without a result for the image.')
      return result
    },
    staleTime: NEVER_STALE,
    gcTime: 0
  })

/** The images of a vector set that are nearest to it. */
export const neighboursQuery = (client: KappaClient, set: string, { number, file }: TriedImage) =>
  queryOptions({
    queryKey: [...ALL, number, 'neighbours', set],
    queryFn: ({ signal }) => {
      const options = { topK: NEIGHBOURS, label: null, prototype: null }
      return searchVectors(client, set, { sought: { by: 'image', image: file }, options, signal })
    },
    staleTime: NEVER_STALE,
    gcTime: 0
  })
