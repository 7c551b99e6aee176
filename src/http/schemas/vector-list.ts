import { type Static, Type } from 'typebox'
import type { ImageOfVector } from '../../domain/vector-set.ts'
import type { NearPair } from '../../domain/vector-stores.ts'
import type {
  LabelWish,
  LabelAccuracy as Measured,
  ProposedLabel as Proposed
} from '../../services/vector-sets/vector-lists.ts'
import { closed, ListOf, Nullable, pageQuery, Resource, Text } from './common.ts'
import { Neighbors } from './selection.ts'

const imageFields = {
  index: Type.Integer({ description: "The image's place in the dataset version." }),
  name: Type.String(),
  label: Nullable(Type.String())
}

const Outlier = Resource(
  {
    ...imageFields,
    prototype: Nullable(Type.Integer()),
    probability: Nullable(Type.Number()),
    log_density: Nullable(Type.Number({ description: 'Of the mixture fitted to the training images, in nats.' }))
  },
  'Outlier'
)
export const OutlierList = ListOf(Outlier, 'OutlierList')

const NearDuplicates = Resource(
  {
    similarity: Type.Number({ description: 'Cosine.' }),
    images: Type.Array(Type.Object(imageFields), { description: 'Two, the earlier one first.' })
  },
  'NearDuplicates'
)
export const NearDuplicatesList = ListOf(NearDuplicates, 'NearDuplicatesList')

export const NearDuplicatesQuery = Type.Object(
  {
    ...pageQuery,
    min_similarity: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, default: 0.95, description: 'Cosine, at the least.' })
    )
  },
  closed
)

const labelQuery = {
  from: Type.Optional(
    Text({
      minLength: 1,
      maxLength: 64,
      description: 'Another vector set of the same model, whose labels are asked; left out, those of the same set.'
    })
  ),
  neighbors: Type.Optional(Neighbors)
}

export const ProposedLabelsQuery = Type.Object({ ...pageQuery, ...labelQuery }, closed)

const ProposedLabel = Resource(
  {
    index: imageFields.index,
    name: imageFields.name,
    label: Type.String({ description: 'That most of the vote is for.' }),
    confidence: Type.Number({ description: 'Its share of the vote. What that is worth is measured: …/label-accuracy.' })
  },
  'ProposedLabel'
)
export const ProposedLabelList = ListOf(ProposedLabel, 'ProposedLabelList')

export const LabelAccuracyQuery = Type.Object(
  {
    ...labelQuery,
    sample: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 200,
        description: 'Images with a label that are asked; fewer where that is as much as one request may compare.'
      })
    )
  },
  closed
)

export const LabelAccuracy = Resource(
  {
    object: Type.Literal('label_accuracy'),
    vector_set: Type.String({ description: 'Whose labels they are.' }),
    labelled: Type.Integer({ description: 'Its images with a label.' }),
    sampled: Type.Integer({ description: 'Of them, those that asked all others.' }),
    accuracy: Nullable(Type.Number({ description: 'Share of those whose neighbours say their label.' })),
    bins: Type.Array(
      Type.Object({
        from: Type.Number({ description: 'Confidence from this one on, up to 0.1 more.' }),
        images: Type.Integer(),
        confidence: Type.Number({ description: 'Mean.' }),
        accuracy: Type.Number()
      }),
      { description: 'By confidence, the least sure first; empty ones are left out.' }
    )
  },
  'LabelAccuracy'
)

interface LabelFields {
  readonly from?: string
  readonly neighbors?: number
}

export const readLabelWish = ({ from, neighbors }: LabelFields): LabelWish => ({
  from: from ?? null,
  neighbors: neighbors ?? 20
})

const presentImage = ({ index, name, label }: ImageOfVector) => ({ index, name, label })

export const presentOutlier = (image: ImageOfVector): Static<typeof Outlier> => {
  const { prototype, probability, logDensity } = image
  return { ...presentImage(image), prototype, probability, log_density: logDensity }
}

export const presentNearPair = ({ images, similarity }: NearPair): Static<typeof NearDuplicates> => ({
  similarity,
  images: images.map(presentImage)
})

export const presentProposed = ({ image, label, confidence }: Proposed): Static<typeof ProposedLabel> => ({
  index: image.index,
  name: image.name,
  label,
  confidence
})

export const presentLabelAccuracy = ({
  set,
  labelled,
  sampled,
  accuracy,
  bins
}: Measured): Static<typeof LabelAccuracy> => ({
  object: 'label_accuracy',
  vector_set: set.id,
  ...{ labelled, sampled, accuracy },
  bins: bins.map((bin) => ({ ...bin }))
})
