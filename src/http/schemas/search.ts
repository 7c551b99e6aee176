import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { ImageInput } from '../../services/serving/image-sources.ts'
import type { SearchAnswer, SearchRequest, SearchWish } from '../../services/vector-sets/search.ts'
import { closed, MOST_INT4, Nullable, Resource, Text } from './common.ts'
import { presentUsage, Usage } from './serving.ts'

const TopK = Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Images that are answered.' })
const MinSimilarity = Type.Number({ minimum: -1, maximum: 1, description: 'Cosine, at the least.' })
const Label = Text({ minLength: 1, maxLength: 1000 })
const Prototype = Type.Integer({ minimum: 0, maximum: MOST_INT4 })

/** Lengths of images are checked where the bytes are. */
export const SearchVectorSet = Type.Object(
  {
    input: Type.Optional(
      Type.String({
        description: 'An image that is looked for: a data URI, base64, or an https URL of an allowed host.'
      })
    ),
    vector: Type.Optional(
      Type.Array(Type.Number(), {
        minItems: 1,
        maxItems: 65_536,
        description: 'In place of it, an embedding by the same model, of any length.'
      })
    ),
    index: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_INT4,
        description: 'In place of it, an image of the set, by its place in the dataset version; it is not found itself.'
      })
    ),
    prototype: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_INT4,
        description: 'In place of it, the mean direction of the images that are assigned to a prototype.'
      })
    ),
    top_k: Type.Optional(TopK),
    min_similarity: Type.Optional(MinSimilarity),
    filter: Type.Optional(
      Type.Object(
        {
          labels: Type.Optional(
            Type.Array(Label, { minItems: 1, maxItems: 100, description: 'Images of one of these classes.' })
          ),
          prototypes: Type.Optional(
            Type.Array(Prototype, { minItems: 1, maxItems: 100, description: 'Images of one of these prototypes.' })
          )
        },
        closed
      )
    )
  },
  { ...closed, $id: 'SearchVectorSet', examples: [{ index: 0, top_k: 5 }] }
)

/** Beside an image that is the body itself. */
export const SearchQuery = Type.Object(
  {
    top_k: Type.Optional(TopK),
    min_similarity: Type.Optional(MinSimilarity),
    label: Type.Optional(Text({ minLength: 1, maxLength: 1000, description: 'Images of this class.' })),
    in_prototype: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MOST_INT4, description: 'Images of this prototype.' })
    )
  },
  closed
)

export const Matches = Resource(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('match'),
        index: Type.Integer({ description: "The image's place in the dataset version." }),
        name: Type.String(),
        label: Nullable(Type.String()),
        similarity: Type.Number({ description: 'Cosine.' }),
        prototype: Nullable(Type.Integer({ description: 'Likeliest one.' })),
        probability: Nullable(Type.Number({ description: 'Of it.' })),
        log_density: Nullable(
          Type.Number({ description: 'Of the mixture fitted to the training images; low of what it has not seen.' })
        )
      }),
      { description: 'Nearest first.' }
    ),
    vector_set: Type.String(),
    model: Type.String(),
    dataset: Type.String(),
    exact: Type.Boolean({ description: 'Every vector that could be meant was compared: nothing is missed.' }),
    usage: Usage
  },
  'Matches'
)

type Body = Static<typeof SearchVectorSet>

/** @throws AppError invalid_request unless just one thing is looked for */
export function readWish({ input, vector, index, prototype }: Body): SearchWish {
  const wishes: SearchWish[] = []
  if (input !== undefined) wishes.push({ by: 'image', image: { type: 'text', text: input } })
  if (vector !== undefined) wishes.push({ by: 'vector', vector })
  if (index !== undefined) wishes.push({ by: 'index', index })
  if (prototype !== undefined) wishes.push({ by: 'prototype', prototype })
  const [wish, ...more] = wishes
  if (wish !== undefined && more.length === 0) return wish
  const message = 'takes one of input, vector, index and prototype'
  throw new AppError('invalid_request', { errors: [{ path: '', message }] })
}

/** @throws AppError invalid_request unless there is one image */
export function readImageWish(images: readonly ImageInput[]): SearchWish {
  const [image, ...more] = images
  if (image !== undefined && more.length === 0) return { by: 'image', image }
  throw new AppError('invalid_request', { errors: [{ path: '/input', message: 'takes one image' }] })
}

type Options = Pick<SearchRequest, 'limit' | 'labels' | 'prototypes' | 'minSimilarity'>

export const readOptions = (query: Static<typeof SearchQuery>, body: Body | null): Options => ({
  limit: body?.top_k ?? query.top_k ?? 10,
  labels: body?.filter?.labels ?? (query.label === undefined ? null : [query.label]),
  prototypes: body?.filter?.prototypes ?? (query.in_prototype === undefined ? null : [query.in_prototype]),
  minSimilarity: body?.min_similarity ?? query.min_similarity ?? null
})

const NOTHING_EMBEDDED = { prompt_tokens: 0, total_tokens: 0, images: 0 } as const

export const presentMatches = ({ set, images, isExact, embedded }: SearchAnswer): Static<typeof Matches> => ({
  object: 'list',
  data: images.map(({ index, name, label, similarity, prototype, probability, logDensity }) => ({
    object: 'match',
    ...{ index, name, label, similarity, prototype, probability },
    log_density: logDensity
  })),
  vector_set: set.id,
  model: set.modelId,
  dataset: `${set.dataset.datasetId}@${set.dataset.version}`,
  exact: isExact,
  usage: embedded === null ? { ...NOTHING_EMBEDDED } : presentUsage(1, embedded.model.config)
})
