import { type Static, Type } from 'typebox'
import type { SelectionSource as DomainSource, GivenLabels, ImageChoice } from '../../domain/selection.ts'
import type { SelectionWish } from '../../services/datasets/select-images.ts'
import { closed, MOST_INT4, Nullable, Text } from './common.ts'

const VectorSetId = Text({
  minLength: 1,
  maxLength: 64,
  description: 'A vector set of a version of this dataset: images of that version are taken.'
})
const Count = Type.Integer({ minimum: 1, maximum: MOST_INT4, description: 'Images that are taken.' })
const Seed = Type.Integer({
  minimum: 0,
  maximum: MOST_INT4,
  default: 0,
  description: 'The same seed takes the same images.'
})
const MaxSimilarity = Type.Number({
  minimum: 0,
  maximum: 0.9999,
  default: 0.95,
  description: 'Cosine from which on an image is left out, to any that is taken before it.'
})
export const Neighbors = Type.Integer({
  minimum: 1,
  maximum: 200,
  default: 20,
  description: 'Images with a label that vote, weighted by exp(cosine / 0.07).'
})

const Labels = Type.Object(
  {
    min_confidence: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Share of the vote, at the least; below it an image stays without a label.'
    }),
    neighbors: Type.Optional(Neighbors),
    from: Type.Optional(
      Text({
        minLength: 1,
        maxLength: 64,
        description: 'Another vector set of the same model, whose labels are asked; left out, those of the same set.'
      })
    )
  },
  { ...closed, $id: 'SelectedLabels', description: 'Gives images without a label that of their neighbours.' }
)
const labels = Type.Optional(Labels)

export const SelectImages = Type.Union(
  [
    Type.Object(
      {
        strategy: Type.Enum(['balanced', 'diverse']),
        vector_set: VectorSetId,
        count: Count,
        seed: Type.Optional(Seed),
        labels
      },
      closed
    ),
    Type.Object({ strategy: Type.Enum(['hard', 'typical']), vector_set: VectorSetId, count: Count, labels }, closed),
    Type.Object(
      {
        strategy: Type.Literal('deduplicated'),
        vector_set: VectorSetId,
        max_similarity: Type.Optional(MaxSimilarity),
        labels
      },
      closed
    ),
    Type.Object({ strategy: Type.Literal('all'), vector_set: VectorSetId, labels: Labels }, closed),
    Type.Object(
      {
        strategy: Type.Literal('indices'),
        version: Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'Of this dataset.' }),
        indices: Type.Array(Type.Integer({ minimum: 0, maximum: MOST_INT4 }), {
          minItems: 1,
          maxItems: 100_000,
          description: 'Places of the images in the version, from 0, each once.'
        })
      },
      closed
    )
  ],
  { $id: 'SelectImages', examples: [{ strategy: 'balanced', vector_set: 'vec_01jexample', count: 100 }] }
)

export const SelectionSource = Type.Object(
  {
    type: Type.Literal('selection'),
    dataset: Type.String({ description: 'ds_…@3: the version whose images were taken.' }),
    vector_set: Nullable(
      Type.String({ description: 'That they were chosen by; null of images that a user has named.' })
    ),
    strategy: Type.Enum(['balanced', 'diverse', 'hard', 'typical', 'deduplicated', 'all', 'indices']),
    count: Type.Optional(Type.Integer()),
    seed: Type.Optional(Type.Integer()),
    max_similarity: Type.Optional(Type.Number()),
    labels: Type.Optional(
      Type.Object({ from: Type.String(), neighbors: Type.Integer(), min_confidence: Type.Number() })
    ),
    channels: Type.Optional(Type.Integer())
  },
  { ...closed, $id: 'SelectionSource' }
)

type Body = Static<typeof SelectImages>

function readChoice(body: Body): ImageChoice {
  switch (body.strategy) {
    case 'balanced':
    case 'diverse':
      return { strategy: body.strategy, count: body.count, seed: body.seed ?? 0 }
    case 'hard':
    case 'typical':
      return { strategy: body.strategy, count: body.count }
    case 'deduplicated':
      return { strategy: body.strategy, maxSimilarity: body.max_similarity ?? 0.95 }
    case 'all':
      return { strategy: body.strategy }
    case 'indices':
      return { strategy: body.strategy, count: body.indices.length }
  }
}

const readLabels = (
  { from, neighbors = 20, min_confidence: minConfidence }: Static<typeof Labels>,
  own: string
): GivenLabels => ({
  from: from ?? own,
  neighbors,
  minConfidence
})

export function readSelection(body: Body): SelectionWish {
  const choice = readChoice(body)
  if (body.strategy === 'indices') return { choice, of: { version: body.version }, indices: body.indices, labels: null }
  const { vector_set: vectorSet, labels: given } = body
  return { choice, of: { vectorSet }, indices: [], labels: given ? readLabels(given, vectorSet) : null }
}

export function presentSelection({
  from,
  vectorSetId,
  choice,
  labels: given
}: DomainSource): Static<typeof SelectionSource> {
  const { strategy } = choice
  return {
    type: 'selection',
    dataset: `${from.datasetId}@${from.version}`,
    vector_set: vectorSetId,
    strategy,
    ...('count' in choice && { count: choice.count }),
    ...('seed' in choice && { seed: choice.seed }),
    ...('maxSimilarity' in choice && { max_similarity: choice.maxSimilarity }),
    ...(given && { labels: { from: given.from, neighbors: given.neighbors, min_confidence: given.minConfidence } })
  }
}
