import { type Static, Type } from 'typebox'
import type { Matching as DomainMatching, MatchingRequest } from '../../services/models/matching.ts'
import { closed, Resource, Text } from './common.ts'

const DATASET_VERSION = '^ds_[0-9a-z]{1,40}@[1-9][0-9]{0,8}$'

export const MatchingQuery = Type.Object(
  {
    against: Type.Optional(
      Text({
        minLength: 1,
        maxLength: 300,
        description: 'The model whose prototypes are known, named as everywhere; the version before unless it is given.'
      })
    ),
    dataset: Type.Optional(
      Type.String({
        pattern: DATASET_VERSION,
        description: 'Whose images are compared, as ds_…@3; that of the newest vector sets unless it is given.'
      })
    ),
    min_similarity: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, default: 0, description: 'Pairs that are less similar are none.' })
    )
  },
  closed
)

const Use = Type.Object({ prototype: Type.Integer(), images: Type.Integer() })

export const Matching = Resource(
  {
    object: Type.Literal('matching'),
    model: Type.String(),
    against: Type.String(),
    dataset: Type.String(),
    vector_sets: Type.Object({ model: Type.String(), against: Type.String() }),
    images: Type.Integer({ description: 'That both models assigned.' }),
    agreement: Type.Number({ description: 'Share of the images whose two prototypes are a pair.' }),
    pairs: Type.Array(
      Type.Object({
        from: Type.Integer({ description: 'Prototype of `against`.' }),
        to: Type.Integer({ description: 'Prototype of the model.' }),
        images: Type.Integer({ description: 'That both have.' }),
        similarity: Type.Number({ description: 'Images that both have, of those that one of them has: 0 to 1.' })
      }),
      { description: 'By `from`. Together they have as many images as any pairs could.' }
    ),
    unmatched: Type.Object(
      { from: Type.Array(Use), to: Type.Array(Use) },
      { description: 'Prototypes that have an image and no partner. Those without an image are nowhere.' }
    )
  },
  'Matching'
)

export function readMatching(
  model: string,
  { against, dataset, min_similarity: minSimilarity = 0 }: Static<typeof MatchingQuery>
): MatchingRequest {
  const [datasetId, version] = dataset?.split('@') ?? []
  const named = datasetId === undefined ? null : { datasetId, version: Number(version) }
  return { model, against: against ?? null, dataset: named, minSimilarity }
}

export function presentMatching({
  model,
  against,
  sets,
  images,
  pairs,
  unmatched
}: DomainMatching): Static<typeof Matching> {
  const { datasetId, version } = sets.model.dataset
  const together = pairs.reduce((sum, pair) => sum + pair.images, 0)
  return {
    object: 'matching',
    model: model.id,
    against: against.id,
    dataset: `${datasetId}@${version}`,
    vector_sets: { model: sets.model.id, against: sets.against.id },
    images,
    agreement: images === 0 ? 0 : together / images,
    pairs: [...pairs],
    unmatched: { from: [...unmatched.from], to: [...unmatched.to] }
  }
}
