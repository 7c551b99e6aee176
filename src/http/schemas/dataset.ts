import { type Static, Type } from 'typebox'
import type { Dataset as DomainDataset } from '../../domain/dataset.ts'
import { closed, ListOf, Metadata, Name, Nullable, pageQuery, Resource, Text, Timestamp } from './common.ts'

export const Dataset = Resource(
  {
    id: Type.String(),
    object: Type.Literal('dataset'),
    project_id: Type.String(),
    name: Type.String(),
    metadata: Metadata,
    latest_version: Nullable(Type.Integer({ description: 'The newest version that is ready.' })),
    created_at: Timestamp
  },
  'Dataset'
)

export const DatasetQuery = Type.Object(
  {
    ...pageQuery,
    name: Type.Optional(
      Text({ minLength: 1, maxLength: 200, description: 'A part of the name, in upper or lower case alike.' })
    )
  },
  closed
)

export const DatasetList = ListOf(Dataset, 'DatasetList')

export const CreateDataset = Type.Object(
  { name: Name, metadata: Type.Optional(Metadata) },
  { ...closed, $id: 'CreateDataset', examples: [{ name: 'shoes', metadata: { team: 'x' } }] }
)

export const presentDataset = (dataset: DomainDataset): Static<typeof Dataset> => ({
  id: dataset.id,
  object: 'dataset',
  project_id: dataset.projectId,
  name: dataset.name,
  metadata: dataset.metadata as Record<string, string>, // Metadata is what created it
  latest_version: dataset.latestVersion,
  created_at: dataset.createdAt.toISOString()
})
