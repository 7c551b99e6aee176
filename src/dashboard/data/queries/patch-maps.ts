/** Pictures of what a model sees in an image of this tab, which is kept nowhere: neither are they. */
import { queryOptions } from '@tanstack/react-query'
import { type Answer, answerOf, type KappaClient } from '../../../client/client.ts'
import { imageRequest } from '../image-request.ts'

export interface Seen {
  readonly model: string
  readonly image: File
}

export interface PatchMapPicture {
  readonly picture: Blob
  /** What the first and the last colour stand for. */
  readonly range: readonly [low: number, high: number]
  /** Of attention that is the mean of all; null elsewhere. */
  readonly heads: number | null
}

const ALL = ['patch-maps'] as const
const NEVER_STALE = Number.POSITIVE_INFINITY

/** A file has no name of its own: another one that was chosen later is another object. */
const ids = new WeakMap<File, number>()
let lastId = 0
function idOf(image: File): number {
  const id = ids.get(image) ?? ++lastId
  ids.set(image, id)
  return id
}

function pictureOf({ data, headers }: Answer<unknown>): PatchMapPicture {
  const [low = Number.NaN, high = Number.NaN] = (headers.get('kappa-range') ?? '').split(',').map(Number)
  const heads = headers.get('kappa-heads')
  return { picture: data as Blob, range: [low, high], heads: heads === null ? null : Number(heads) } // parsed as one
}

export type PatchMapQuery = ReturnType<typeof attentionMapQuery>

const optionsOf = (key: readonly (string | number)[], ask: (signal: AbortSignal) => Promise<Answer<unknown>>) =>
  queryOptions({
    queryKey: [...ALL, ...key],
    queryFn: ({ signal }) => ask(signal).then(pictureOf),
    staleTime: NEVER_STALE
  })

/** @param head null: the mean of all */
export const attentionMapQuery = (client: KappaClient, { model, image }: Seen, head: number | null) =>
  optionsOf(['attention', model, idOf(image), head ?? 'mean'], (signal) =>
    answerOf(
      client.POST('/v1/models/{id}/attention-maps', {
        params: { path: { id: model }, query: { ...(head !== null && { head }) } },
        parseAs: 'blob',
        ...imageRequest(image, signal)
      })
    )
  )

export const heatMapQuery = (client: KappaClient, { model, image }: Seen, prototype: number) =>
  optionsOf(['heat', model, idOf(image), prototype], (signal) =>
    answerOf(
      client.POST('/v1/models/{id}/heat-maps', {
        params: { path: { id: model }, query: { prototype } },
        parseAs: 'blob',
        ...imageRequest(image, signal)
      })
    )
  )
