import { type Static, Type } from 'typebox'
import { HEAT_VALUES, MAP_DRAWINGS } from '../../domain/model.ts'
import type { MapAnswer } from '../../services/serving/serving.ts'
import { closed, Resource } from './common.ts'
import { ImageSize } from './serving.ts'

const MOST_HEADS = 1024
const MOST_PROTOTYPES = 1_000_000

const Format = Type.Enum(['png', 'json', 'npy'], {
  description:
    'png where it is left out: a picture. Or numbers: float32, [rows, columns] of a heat map, [heads, rows, columns] of attention.'
})

const Draw = Type.Enum([...MAP_DRAWINGS], {
  description:
    'Of a picture. overlay where it is left out: over what the model sees of the image, in gray. map: alone. The colours are viridis.'
})

const OneImage = Type.String({ description: 'One image: a data URI, base64, or an https URL of an allowed host.' })

const shared = {
  image_size: Type.Optional(ImageSize),
  format: Type.Optional(Format),
  draw: Type.Optional(Draw)
}

const attention = {
  head: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_HEADS,
      description: 'Counted from 0. Left out, a picture is of the mean of all, and numbers are of all.'
    })
  ),
  ...shared
}

const heat = {
  prototype: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_PROTOTYPES,
      description: "The image's likeliest where it is left out, which the header Kappa-Prototype names."
    })
  ),
  value: Type.Optional(
    Type.Enum([...HEAT_VALUES], {
      description:
        "cosine where it is left out: between a patch, through the head, and the prototype's direction. posterior: the share of the patch that is the prototype's, by what assigns images."
    })
  ),
  ...shared
}

export const AttentionQuery = Type.Object(attention, closed)
export const HeatQuery = Type.Object(heat, closed)

const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=='

export const CreateAttentionMap = Type.Object(
  { input: OneImage, ...attention },
  { ...closed, $id: 'CreateAttentionMap', examples: [{ input: PNG, head: 0 }] }
)

export const CreateHeatMap = Type.Object(
  { input: OneImage, ...heat },
  { ...closed, $id: 'CreateHeatMap', examples: [{ input: PNG, prototype: 3, value: 'cosine' }] }
)

const Rows = Type.Array(Type.Array(Type.Number()), { description: 'Rows from the top, a number a patch.' })

const about = { model: Type.String(), image_size: Type.Integer(), rows: Type.Integer(), columns: Type.Integer() }

export const AttentionMap = Resource(
  {
    object: Type.Literal('attention_map'),
    ...about,
    mean: Rows,
    heads: Type.Array(
      Type.Object({
        head: Type.Integer(),
        patches: Rows,
        elsewhere: Type.Number({
          description: 'On the class token itself and registers; with the patches it sums to 1.'
        })
      })
    )
  },
  'AttentionMap'
)

export const HeatMap = Resource(
  {
    object: Type.Literal('heat_map'),
    ...about,
    prototype: Type.Integer(),
    value: Type.Enum([...HEAT_VALUES]),
    patches: Rows,
    image: Type.Object(
      { cosine: Type.Number(), probability: Type.Number() },
      { description: 'Of the whole image, by its class token.' }
    )
  },
  'HeatMap'
)

function rowsOf(values: ArrayLike<number>, side: number): number[][] {
  const all = Array.from(values)
  return Array.from({ length: side }, (_, row) => all.slice(row * side, (row + 1) * side))
}

const presentAbout = ({ model, result: { side }, imageSize }: MapAnswer) => ({
  model: model.name,
  image_size: imageSize,
  rows: side,
  columns: side
})

export function presentAttention(answer: MapAnswer): Static<typeof AttentionMap> {
  const { side, maps, heads, elsewhere } = answer.result
  const mean = Array.from(
    { length: side * side },
    (_, patch) => maps.reduce((sum, map) => sum + map[patch]!, 0) / maps.length
  )
  return {
    object: 'attention_map',
    ...presentAbout(answer),
    mean: rowsOf(mean, side),
    heads: heads.map((head, i) => ({ head, patches: rowsOf(maps[i]!, side), elsewhere: elsewhere[i]! }))
  }
}

/** @param image of a heat map, which has one */
export function presentHeat(
  answer: MapAnswer,
  { prototype, cosine, probability }: NonNullable<MapAnswer['result']['image']>,
  value: Static<typeof HeatMap>['value']
): Static<typeof HeatMap> {
  const { side, maps } = answer.result
  const patches = rowsOf(maps[0]!, side)
  return { object: 'heat_map', ...presentAbout(answer), prototype, value, patches, image: { cosine, probability } }
}
