/** Images of prototypes, as evaluations have seen them. What an evaluation has seen never changes. */
import { queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Evaluation, PrototypeImages } from '../../../client/resources.ts'

const ALL = ['exemplars'] as const
const NEVER_STALE = Number.POSITIVE_INFINITY

/** Those of a model that gave images to its prototypes, newest first; of the newest hundred that have succeeded. */
export const seenQuery = (client: KappaClient, model: string) =>
  queryOptions({
    queryKey: [...ALL, 'evaluations', model],
    queryFn: async ({ signal }): Promise<readonly Evaluation[]> => {
      const query = { model, status: 'succeeded', limit: 100 } as const
      const { data } = await dataOf(client.GET('/v1/evaluations', { params: { query }, signal }))
      return data.filter(({ prototypes }) => prototypes !== null)
    }
  })

export const prototypeImagesQuery = (client: KappaClient, evaluation: string, prototype: number) =>
  queryOptions({
    queryKey: [...ALL, 'one', evaluation, prototype],
    queryFn: ({ signal }): Promise<PrototypeImages> => {
      const path = { id: evaluation, index: prototype }
      return dataOf(client.GET('/v1/evaluations/{id}/prototypes/{index}', { params: { path }, signal }))
    },
    staleTime: NEVER_STALE
  })

/** `ds_…@3`: that exemplars are numbered in. */
export const judgedOf = ({ dataset, queries }: Pick<Evaluation, 'dataset' | 'queries'>): string => queries ?? dataset
