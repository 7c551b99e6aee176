import { type Static, Type } from 'typebox'
import { type VectorSet as DomainVectorSet, VECTOR_INDEXES, VECTOR_SET_STATUSES } from '../../domain/vector-set.ts'
import type { VectorSetQuery as ServiceQuery, VectorSetRequest } from '../../services/vector-sets/vector-sets.ts'
import {
  closed,
  ListOf,
  Metadata,
  Name,
  Nullable,
  pageQuery,
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

export const VectorSetList = ListOf(VectorSet, 'VectorSetList')

export const VectorSetQuery = Type.Object(
  {
    ...pageQuery,
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
