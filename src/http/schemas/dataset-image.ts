import { type Static, Type } from 'typebox'
import type { DatasetImage as DomainImage } from '../../domain/dataset.ts'
import { closed, ListOf, MOST_INT4, Nullable, pageQuery, Resource, Sha256 } from './common.ts'
import { VersionParams } from './dataset-version.ts'
import { Binary } from './serving.ts'

export const DatasetImage = Resource(
  {
    object: Type.Literal('image'),
    index: Type.Integer(),
    name: Type.String(),
    format: Type.String(),
    width: Type.Integer(),
    height: Type.Integer(),
    bytes: Type.Integer(),
    label: Nullable(Type.Integer()),
    sha256: Sha256
  },
  'DatasetImage'
)

export const DatasetImageList = ListOf(DatasetImage, 'DatasetImageList')

export const ImageQuery = Type.Object(
  {
    ...pageQuery,
    label: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_INT4,
        description: 'Images of this label alone: a number, as images have it.'
      })
    )
  },
  closed
)

export const ImageParams = Type.Object(
  { ...VersionParams.properties, index: Type.Integer({ minimum: 0, maximum: MOST_INT4 }) },
  closed
)

export const ThumbnailQuery = Type.Object(
  {
    size: Type.Optional(
      Type.Integer({
        minimum: 16,
        maximum: 1024,
        default: 192,
        description: 'Pixels of the longer side, at the most: nothing is enlarged.'
      })
    )
  },
  closed
)

export const DEFAULT_THUMBNAIL = 192

const binary = { schema: Binary }

export const ThumbnailBytes = {
  description: 'WebP: the pixels alone, encoded anew.',
  content: { 'image/webp': binary }
}

export const FileBytes = {
  description: 'All bytes.',
  content: Object.fromEntries(
    ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'].map((format) => [`image/${format}`, binary])
  )
}

export const NotModified = { description: 'Not modified.', content: {} }

export const presentImage = (image: DomainImage): Static<typeof DatasetImage> => ({ object: 'image', ...image })
