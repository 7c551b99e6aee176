import { type Static, type TSchema, Type } from 'typebox'
import { type VectorSet as DomainVectorSet, VECTOR_INDEXES, VECTOR_SET_STATUSES } from '../../domain/vector-set.ts'
import type { VectorSetQuery as ServiceQuery, VectorSetRequest } from '../../services/vector-sets/vector-sets.ts'
import {
  closed,
  ListOf,
  Metadata,
  Name,
  Nullable,
  namedQuery,
  Resource,
  ResourceError,
  Text,
  Timestamp,
  timestampOrNull
} from './common.ts'

export const CreateVectorSet = Type.Object(
  {
    name: Type.Optional(Nullable(Name)),
    model: Text({ minLength: 1, maxLength: 300, description: 'Its id, `name@3`, `name@alias`, or the id of its run.' }),
    dataset: Text({
      minLength: 1,
      maxLength: 100,
      description: 'ds_…@3, or ds_… for its latest ready version: all of its images are embedded.'
    }),
    search: Type.Optional(
      Type.Boolean({ default: true, description: 'Whether it can be searched; files are made in any case.' })
    ),
    assign: Type.Optional(
      Nullable(
        Type.Boolean({
          description:
            'Whether each image is assigned to a prototype, which takes as long again; by default where the model has prototypes.'
        })
      )
    ),
    metadata: Type.Optional(Metadata)
  },
  { ...closed, $id: 'CreateVectorSet', examples: [{ model: 'mdl_01jexample', dataset: 'ds_01jexample@3' }] }
)

export const VectorSet = Resource(
  {
    id: Type.String(),
    object: Type.Literal('vector_set'),
    project_id: Type.String(),
    name: Nullable(Type.String()),
    model: Type.String(),
    dataset: Type.String({ description: 'ds_…@3' }),
    dimensions: Type.Integer(),
    prototypes: Nullable(Type.Integer({ description: 'That images are assigned to; null where they are not.' })),
    index: Nullable(
      Type.Enum([...VECTOR_INDEXES], {
        description:
          'How it is searched: hnsw by a graph, exact and scan by every vector, scan without pgvector. Null where there are files alone.'
      })
    ),
    metadata: Metadata,
    status: Type.Enum([...VECTOR_SET_STATUSES]),
    progress: Type.Object({
      images: Type.Integer({ description: 'Embedded so far.' }),
      total_images: Type.Integer({ description: 'What it costs.' }),
      indexed: Type.Integer({ description: 'Of them, those that were added to what is searched.' })
    }),
    attempt: Type.Integer(),
    files: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer(), sha256: Type.String() }), {
      description: 'Empty until it has succeeded.'
    }),
    error: Nullable(ResourceError),
    created_at: Timestamp,
    started_at: Nullable(Timestamp),
    finished_at: Nullable(Timestamp)
  },
  'VectorSet'
)

const Column = (item: TSchema, description: string) => Type.Array(item, { description })

const VectorMap = Type.Object(
  {
    method: Type.Literal('pca'),
    images: Type.Integer({ description: 'Points: all images, or of more than 200,000 every so-manieth.' }),
    every: Type.Integer({ description: 'Point i is image i × every of the dataset version.' }),
    fitted_on: Type.Integer({ description: 'Points whose covariance gave the axes.' }),
    explained: Type.Array(Type.Number(), {
      description: "The two axes' shares of the variance of all points, 0 … 1: what the map shows of them.",
      minItems: 2,
      maxItems: 2
    }),
    labels: Type.Array(Type.String(), { description: 'What `label` numbers.' }),
    label: Column(Nullable(Type.Integer()), 'Of each point; null without one.'),
    prototype: Nullable(Column(Nullable(Type.Integer()), 'The likeliest; null where images are not assigned.')),
    log_density: Nullable(
      Column(Nullable(Type.Number()), 'Under the mixture fitted to the training images; null where there is none.')
    ),
    x: Column(Type.Number(), 'Along the axis of most variance.'),
    y: Column(Type.Number(), 'Along the next.')
  },
  { $id: 'VectorMap' }
)

/** As content, which no serializer goes through: it is sent as it is stored. */
export const MapBytes = {
  description: 'Columns.',
  content: { 'application/json': { schema: Type.Unsafe<unknown>(VectorMap) } }
}

export const VectorSetList = ListOf(VectorSet, 'VectorSetList')

export const VectorSetQuery = Type.Object(
  {
    ...namedQuery,
    model: Type.Optional(
      Text({ maxLength: 300, description: 'Its id, `name@3`, `name@alias`, or the id of its run.' })
    ),
    dataset: Type.Optional(Text({ maxLength: 100, description: 'ds_…@3, or ds_… for any version.' })),
    status: Type.Optional(Type.Enum([...VECTOR_SET_STATUSES]))
  },
  closed
)

export const readVectorSetRequest = (body: Static<typeof CreateVectorSet>): VectorSetRequest => ({
  name: body.name ?? null,
  model: body.model,
  dataset: body.dataset,
  isSearched: body.search ?? true,
  isAssigned: body.assign ?? null,
  metadata: body.metadata ?? {}
})

export const readVectorSetQuery = ({ limit: _, after: __, ...filter }: Static<typeof VectorSetQuery>): ServiceQuery =>
  filter

export const presentVectorSet = (set: DomainVectorSet): Static<typeof VectorSet> => ({
  id: set.id,
  object: 'vector_set',
  project_id: set.projectId,
  name: set.name,
  model: set.modelId,
  dataset: `${set.dataset.datasetId}@${set.dataset.version}`,
  dimensions: set.dimensions,
  prototypes: set.prototypes,
  index: set.index,
  metadata: set.metadata as Record<string, string>, // Metadata is what created it
  status: set.status,
  progress: {
    images: set.progress.images,
    total_images: set.progress.totalImages,
    indexed: set.progress.indexed
  },
  attempt: set.attempt,
  files: set.files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  error: set.error && { ...set.error },
  created_at: set.createdAt.toISOString(),
  started_at: timestampOrNull(set.startedAt),
  finished_at: timestampOrNull(set.finishedAt)
})
