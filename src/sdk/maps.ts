/** Where a model looks in an image, and which of its patches are like a prototype: as numbers, or as pictures. */
import { answerOf, dataOf, type KappaClient } from '../client/client.ts'
import { ownProblem } from '../client/problem.ts'
import type { AttentionMap, HeatMap } from '../client/resources.ts'
import { base64Of } from './base64.ts'

interface MapRequest {
  /** An id, `name@3` or `name@alias`. */
  readonly model: string
  /** The bytes of an image file. */
  readonly image: Uint8Array
  /** Pixels of a side that the model sees; its own unless it is given. */
  readonly imageSize?: number
  readonly signal?: AbortSignal
}

export interface AttentionRequest extends MapRequest {
  /** Of the last block, from 0; numbers are of all unless it is given, and a picture is of their mean. */
  readonly head?: number
}

export interface HeatRequest extends MapRequest {
  /** The image's likeliest unless it is given. */
  readonly prototype?: number
  /** The cosine of a patch to the prototype's direction (unless it is given), or the share of it that is the prototype's. */
  readonly value?: 'cosine' | 'posterior'
}

export interface Drawn {
  /** Over the image in gray (unless it is given), or alone. */
  readonly draw?: 'overlay' | 'map'
}

export interface Picture {
  readonly png: Uint8Array
  /** What the first and the last colour stand for. */
  readonly range: readonly [from: number, to: number]
  /** Of a heat map: whose it is. */
  readonly prototype: number | null
}

const fieldsOf = ({ image, imageSize, head, prototype, value, draw }: AttentionRequest & HeatRequest & Drawn) => ({
  input: base64Of(image),
  ...(imageSize !== undefined && { image_size: imageSize }),
  ...(head !== undefined && { head }),
  ...(prototype !== undefined && { prototype }),
  ...(value !== undefined && { value }),
  ...(draw !== undefined && { draw })
})

const askedOf = ({ model, signal }: MapRequest) => ({ params: { path: { id: model } }, ...(signal && { signal }) })

/** @throws Problem bad_answer */
function pictureOf({ data, headers }: { readonly data: unknown; readonly headers: Headers }): Picture {
  const [from = Number.NaN, to = Number.NaN] = (headers.get('kappa-range') ?? '').split(',').map(Number)
  if (Number.isNaN(from + to)) throw ownProblem('bad_answer', 'The server does not say what the colours stand for.')
  const prototype = headers.get('kappa-prototype')
  const png = new Uint8Array(data as ArrayBuffer) // it was asked for as one
  return { png, range: [from, to], prototype: prototype === null ? null : Number(prototype) }
}

const PICTURE = { parseAs: 'arrayBuffer', headers: { accept: 'image/png' } } as const

export type Maps = ReturnType<typeof createMaps>

export function createMaps(api: KappaClient) {
  return {
    async attention(request: AttentionRequest): Promise<AttentionMap> {
      const body = { ...fieldsOf(request), format: 'json' } as const
      return dataOf<unknown>(
        api.POST('/v1/models/{id}/attention-maps', { ...askedOf(request), body })
      ) as Promise<AttentionMap> // JSON was asked for
    },
    async attentionPicture(request: AttentionRequest & Drawn): Promise<Picture> {
      const body = fieldsOf(request)
      return pictureOf(
        await answerOf<unknown>(api.POST('/v1/models/{id}/attention-maps', { ...askedOf(request), ...PICTURE, body }))
      )
    },
    async heat(request: HeatRequest): Promise<HeatMap> {
      const body = { ...fieldsOf(request), format: 'json' } as const
      return dataOf<unknown>(api.POST('/v1/models/{id}/heat-maps', { ...askedOf(request), body })) as Promise<HeatMap>
    },
    async heatPicture(request: HeatRequest & Drawn): Promise<Picture> {
      const body = fieldsOf(request)
      return pictureOf(
        await answerOf<unknown>(api.POST('/v1/models/{id}/heat-maps', { ...askedOf(request), ...PICTURE, body }))
      )
    }
  }
}
