import { type Static, Type } from 'typebox'
import type { Upload as DomainUpload } from '../../domain/dataset.ts'
import { FILENAME_PATTERN } from '../core/text.ts'
import { closed, Id, ListOf, Nullable, Resource, Timestamp } from './common.ts'

/** 5 TiB, what an object of S3 can have; an installation sets a lower limit. */
const MOST_OBJECT_BYTES = 5 * 2 ** 40

const properties = {
  id: Type.String(),
  object: Type.Literal('upload'),
  project_id: Type.String(),
  dataset_id: Nullable(Type.String({ description: 'Null for weights.' })),
  filename: Type.String(),
  bytes: Type.Integer(),
  status: Type.Enum(['pending', 'completed', 'expired']),
  part_bytes: Type.Integer({ description: 'Bytes of every part but the last.' }),
  created_at: Timestamp,
  expires_at: Timestamp
}

export const Upload = Resource(properties, 'Upload')

export const UploadList = ListOf(Upload, 'UploadList')

export const StartedUpload = Resource(
  {
    ...properties,
    parts: Type.Array(
      Type.Object({
        part: Type.Integer({ minimum: 1 }),
        url: Type.String({ description: 'Takes a PUT of the part, without a key; answer with its ETag.' })
      })
    )
  },
  'StartedUpload'
)

const announced = {
  filename: Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: FILENAME_PATTERN,
    description: 'A name without folders; its ending says what the file is.'
  }),
  bytes: Type.Integer({ minimum: 1, maximum: MOST_OBJECT_BYTES })
}

export const CreateUpload = Type.Object(announced, {
  ...closed,
  $id: 'CreateUpload',
  examples: [{ filename: 'shoes.zip', bytes: 73400320 }]
})

export const CreateWeightUpload = Type.Object(announced, {
  ...closed,
  $id: 'CreateWeightUpload',
  examples: [{ filename: 'dino_vits16.pth', bytes: 86728949 }]
})

export const CompleteUpload = Type.Object(
  {
    parts: Type.Array(
      Type.Object(
        {
          part: Type.Integer({ minimum: 1, maximum: 10_000 }),
          etag: Type.String({ maxLength: 200, pattern: '^[\\x21-\\x7e]+$' })
        },
        closed
      ),
      { minItems: 1, maxItems: 10_000 }
    )
  },
  { ...closed, $id: 'CompleteUpload', examples: [{ parts: [{ part: 1, etag: '"9b2cf535f27731c9"' }] }] }
)

export const UploadParams = Type.Object({ id: Id, upload_id: Id }, closed)

export const presentUpload = (upload: DomainUpload): Static<typeof Upload> => ({
  id: upload.id,
  object: 'upload',
  project_id: upload.projectId,
  dataset_id: upload.datasetId,
  filename: upload.filename,
  bytes: upload.bytes,
  status: upload.status,
  part_bytes: upload.partBytes,
  created_at: upload.createdAt.toISOString(),
  expires_at: upload.expiresAt.toISOString()
})
