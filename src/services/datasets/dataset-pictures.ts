/** Images of a ready version as people see them: drawn from their pixels in a process that may die, or as they are stored. */
import { createBudget } from '../../base/budget.ts'
import { AppError } from '../../base/errors.ts'
import type { DatasetImage, DatasetVersion } from '../../domain/dataset.ts'
import type { Caller, Inference, ObjectStore, StoredImage } from '../../domain/ports.ts'
import { type Bits, bitsOfAll, WHOLE_RANGE } from '../../recipe/bits.ts'
import { type ImageReading, type IndexedImage, readImage } from './labelled-images.ts'

export interface PictureDeps {
  readonly objects: ObjectStore
  readonly inference: Pick<Inference, 'picture'>
  readonly reading: ImageReading
  /** False: the installation shows none. */
  readonly showImages: boolean
  readonly getReadyVersion: (projectId: string, datasetId: string, version: number) => Promise<DatasetVersion>
}

export interface VersionPosition {
  readonly datasetId: string
  readonly version: number
}

export interface ImagePosition extends VersionPosition {
  readonly index: number
}

/** What can be said before anything is read or drawn. */
export interface Thumbnail {
  readonly etag: string
  draw(caller: Caller): Promise<Uint8Array>
}

export interface StoredFile {
  readonly etag: string
  readonly mediaType: string
  readonly filename: string
  readonly bytes: number | null
  /** In chunks; what is stored as mere pixels comes as PNG. */
  read(caller: Caller): AsyncIterable<Uint8Array>
}

/** Of the way in which pictures are drawn: another one, other bytes. */
const DRAWN = 1
/** Read for pictures at the same time, by all callers; of one at most what is still free. */
const BYTES_AT_ONCE = 256 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  tiff: 'image/tiff',
  gif: 'image/gif',
  raw: 'image/png'
}

export function createPictureVerbs({ objects, inference, reading, showImages, getReadyVersion }: PictureDeps) {
  const budget = createBudget(BYTES_AT_ONCE)

  async function find(
    projectId: string,
    { datasetId, version, index }: ImagePosition
  ): Promise<{ readonly image: IndexedImage; readonly bits: Bits }> {
    const found = await getReadyVersion(projectId, datasetId, version)
    const image = await readImage(reading, found, index)
    if (image === null) throw new AppError('image_not_found', { datasetId, version, index })
    return { image, bits: bitsOfAll(found.report?.bits) ?? WHOLE_RANGE }
  }

  async function findShown(projectId: string, at: ImagePosition) {
    const found = await find(projectId, at)
    if (!showImages) throw new AppError('images_hidden')
    return found
  }

  async function draw(
    { image, bits }: Awaited<ReturnType<typeof find>>,
    { size, caller }: { readonly size: number | null; readonly caller: Caller }
  ): Promise<Uint8Array> {
    const { content, offset, bytes: length, width, height, channels } = image
    const release = budget.take(caller.key, length)
    try {
      const bytes = await objects.getRange(content, offset, length)
      const format = image.format as StoredImage['format'] // as the writer of datasets has it
      return await inference.picture({ bytes, format, width, height, channels, bits }, { size, caller })
    } finally {
      release()
    }
  }

  async function* readChunks({ content, offset, bytes }: IndexedImage): AsyncGenerator<Uint8Array> {
    for (let read = 0; read < bytes; read += CHUNK_BYTES)
      yield await objects.getRange(content, offset + read, Math.min(CHUNK_BYTES, bytes - read))
  }

  return {
    /** @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_ready, image_not_found */
    async getImage(projectId: string, at: ImagePosition): Promise<DatasetImage> {
      const { channels: _, offset: __, content: ___, ...image } = (await find(projectId, at)).image
      return image
    },

    /** @throws AppError as getImage, images_hidden; of drawing, what Inference throws */
    async getThumbnail(projectId: string, at: ImagePosition, size: number): Promise<Thumbnail> {
      const found = await findShown(projectId, at)
      const etag = `"${found.image.sha256.slice(0, 24)}-${found.bits}-${size}-${DRAWN}"`
      return { etag, draw: (caller) => draw(found, { size, caller }) }
    },

    /** @throws AppError as getThumbnail */
    async getFile(projectId: string, at: ImagePosition): Promise<StoredFile> {
      const found = await findShown(projectId, at)
      const { format, name, bytes, sha256 } = found.image
      const isRaw = format === 'raw'
      const base = name.slice(name.lastIndexOf('/') + 1) || String(at.index)
      return {
        etag: `"${sha256}${isRaw ? `-${DRAWN}` : ''}"`,
        mediaType: MEDIA_TYPES[format] ?? 'application/octet-stream',
        filename: isRaw ? `${base}.png` : base,
        bytes: isRaw ? null : bytes,
        async *read(caller) {
          if (isRaw) yield await draw(found, { size: null, caller })
          else yield* readChunks(found.image)
        }
      }
    }
  }
}
