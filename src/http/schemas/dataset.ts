import { type Static, Type } from 'typebox'
import type { Dataset as DomainDataset } from '../../domain/dataset.ts'
import { closed, ListOf, Metadata, Name, Nullable, Resource, Timestamp } from './common.ts'

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
