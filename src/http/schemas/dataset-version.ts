import { type Static, Type } from 'typebox'
import { keysToSnake } from '../../base/casing.ts'
import type { DatasetSource, DatasetVersion as DomainVersion } from '../../domain/dataset.ts'
import { BAND_COUNTS } from '../../recipe/bands.ts'
import { type DatasetReport, MOST_COUNTED } from '../../recipe/dataset-report.ts'
import { closed, Id, ListOf, Nullable, Resource, ResourceError, Text, Timestamp, timestampOrNull } from './common.ts'
import { presentSelection, SelectionSource } from './selection.ts'

const Classes = Type.Array(Text({ minLength: 1, maxLength: 200 }), {
  minItems: 1,
  maxItems: 100_000,
  description: 'Names of the labels 0, 1, …'
})

const Select = Type.Object(
  {
    every: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    offset: Type.Integer({ minimum: 0, maximum: 999_999 }),
    invert: Type.Boolean()
  },
  {
    ...closed,
    $id: 'ImageSelection',
    description: 'Keeps image i when i mod every = offset; with invert, all the others.'
  }
)

const Bands = Type.Enum([...BAND_COUNTS], {
  description:
    'Bands of every image, as TIFF of so many pages or samples, 8 or 16 bits; other files are rejected. Left out, images are gray or colour, whatever their files have. 3 is colour, and need not be said.'
})

const UploadSource = Type.Object(
  {
    type: Type.Literal('upload'),
    uploads: Type.Array(Text({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: 1000,
      uniqueItems: true,
      description: 'Completed uploads of this dataset: one archive, or images, or IDX images and labels.'
    }),
    classes: Type.Optional(Classes),
    select: Type.Optional(Select),
    channels: Type.Optional(Bands)
  },
  { ...closed, $id: 'UploadSource' }
)

const BucketSource = Type.Object(
  {
    type: Type.Literal('s3'),
    prefix: Text({ minLength: 1, maxLength: 900, description: 'A folder in the bucket of the platform.' }),
    classes: Type.Optional(Classes),
    select: Type.Optional(Select),
    channels: Type.Optional(Bands)
  },
  { ...closed, $id: 'BucketSource' }
)

export const Source = Type.Union([UploadSource, BucketSource], { $id: 'DatasetSource' })

const VersionSource = Type.Union([UploadSource, BucketSource, SelectionSource], { $id: 'VersionSource' })

const Quantiles = Type.Object({
  min: Type.Number(),
  p5: Type.Number(),
  p50: Type.Number(),
  p95: Type.Number(),
  max: Type.Number()
})

const Pixels = Type.Object({ mean: Type.Array(Type.Number()), std: Type.Array(Type.Number()) })

const Report = Type.Object(
  {
    images: Type.Integer(),
    width: Quantiles,
    height: Quantiles,
    shorter_side: Quantiles,
    aspect_ratio: Quantiles,
    smaller_than: Type.Record(Type.String(), Type.Integer(), {
      description: 'Images whose shorter side is below so many pixels.'
    }),
    gray: Type.Integer({ description: 'Images without any colour, whatever channels their files have.' }),
    colour: Type.Integer(),
    deep: Type.Integer({ description: 'Files of more than 8 bits a sample, which are read as 8.' }),
    bits: Type.Optional(
      Type.Record(Type.String(), Type.Integer(), {
        description:
          'Of those, PNG and TIFF by the bits of 16 that their largest sample needs; the largest that is not 0 is what `bits` of a recipe should be. Left out of versions where nobody counted.'
      })
    ),
    labels: Type.Optional(
      Type.Object(
        {
          labels: Type.Integer({ description: 'That at least one image has.' }),
          unlabelled: Type.Integer(),
          most_frequent: Type.Array(Type.Object({ label: Type.Integer(), images: Type.Integer() }), {
            description: `Most frequent first, ${MOST_COUNTED} at the most; \`classes\` has their names.`
          })
        },
        { description: 'How many images have which label. Left out of versions where nobody counted.' }
      )
    ),
    near_duplicates: Type.Integer({
      description: 'Images that look like an earlier one, by a difference hash of 64 bits within 3 (docs/images.md).'
    }),
    rgb: Type.Optional(Pixels),
    luma: Type.Optional(Pixels),
    bands: Type.Optional(
      Type.Object(Pixels.properties, {
        description: 'Of each band, of a version with `channels`, which has neither rgb nor luma.'
      })
    )
  },
  {
    description:
      'What the images are like, in true pixels; null until the version is ready, and of versions from before 0.3.'
  }
)

export const DatasetVersion = Resource(
  {
    id: Type.String({ description: 'ds_…@3: how a run names it.' }),
    object: Type.Literal('dataset_version'),
    project_id: Type.String(),
    dataset_id: Type.String(),
    version: Type.Integer(),
    status: Type.Enum(['queued', 'ingesting', 'ready', 'failed', 'cancelled']),
    source: VersionSource,
    images: Type.Integer(),
    bytes: Type.Integer(),
    rejected: Type.Integer({ description: 'Files that are no image; each with its reason under …/rejected.' }),
    duplicates: Type.Integer({ description: 'Images with the same bytes as an earlier one; they are left out.' }),
    classes: Nullable(Type.Array(Type.String())),
    content_hash: Nullable(Type.String()),
    sizes: Type.Record(Type.String(), Type.Integer(), {
      description: 'Images by width×height, each rounded up to a power of two.'
    }),
    report: Nullable(Report),
    progress: Type.Object({ images: Type.Integer(), rejected: Type.Integer() }),
    error: Nullable(ResourceError),
    created_at: Timestamp,
    ready_at: Nullable(Timestamp)
  },
  'DatasetVersion'
)

export const DatasetVersionList = ListOf(DatasetVersion, 'DatasetVersionList')

export const CreateDatasetVersion = Type.Object(
  { source: Source },
  { ...closed, $id: 'CreateDatasetVersion', examples: [{ source: { type: 'upload', uploads: ['up_01jexample'] } }] }
)

export const VersionParams = Type.Object(
  { id: Id, version: Type.Integer({ minimum: 1, maximum: 999_999_999 }) },
  closed
)

export const RejectedFile = Resource(
  { name: Type.String(), code: Type.String(), message: Type.String() },
  'RejectedFile'
)

export const RejectedFileList = ListOf(RejectedFile, 'RejectedFileList')

const presentReport = (report: DatasetReport): Static<typeof Report> => keysToSnake(report) as Static<typeof Report> // the same fields

/** The same names in code and on the wire, but nothing that is left undefined. */
function presentSource(source: DatasetSource): Static<typeof VersionSource> {
  if (source.type === 'selection')
    return { ...presentSelection(source), ...(source.channels !== undefined && { channels: source.channels }) }
  const common = {
    ...(source.classes && { classes: [...source.classes] }),
    ...(source.select && { select: { ...source.select } }),
    ...(source.channels !== undefined && { channels: source.channels })
  }
  return source.type === 'upload'
    ? { type: source.type, uploads: [...source.uploads], ...common }
    : { type: source.type, prefix: source.prefix, ...common }
}

export const presentVersion = (version: DomainVersion): Static<typeof DatasetVersion> => ({
  id: `${version.datasetId}@${version.version}`,
  object: 'dataset_version',
  project_id: version.projectId,
  dataset_id: version.datasetId,
  version: version.version,
  status: version.status,
  source: presentSource(version.source),
  images: version.images,
  bytes: version.bytes,
  rejected: version.rejected,
  duplicates: version.duplicates,
  classes: version.classes && [...version.classes],
  content_hash: version.contentHash,
  sizes: { ...version.sizes },
  report: version.report && presentReport(version.report),
  progress: { ...version.progress },
  error: version.error && { ...version.error },
  created_at: version.createdAt.toISOString(),
  ready_at: timestampOrNull(version.readyAt)
})
