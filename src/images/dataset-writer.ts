/** Writes the folder that dataset-folder.ts describes, image by image, with one shard's index in memory. */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import {
  DATASET_FORMAT,
  type DatasetManifest,
  type ImageFormat,
  type ImageRecord,
  type RejectedRecord,
  type ShardEntry
} from './dataset-folder.ts'

const MAXIMUM_SHARD_BYTES = 64 * 1024 * 1024
const REJECTED_BUFFER_BYTES = 64 * 1024

/** What the source knows of an image; the writer adds offset and hash. */
export interface NewImage {
  readonly name: string
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly label: number | null
  readonly bytes: Uint8Array
}

export interface DatasetWriter {
  /** @returns false when the same bytes are in already: the first of equal images stays, this one is recorded as rejected */
  add(image: NewImage): Promise<boolean>
  reject(rejected: RejectedRecord): Promise<void>
  readonly images: number
  readonly rejected: number
  /** Writes the manifest, last: a folder without one was never finished. */
  finish(classes: readonly string[] | null): Promise<DatasetManifest>
  /** Closes files without a manifest. */
  abandon(): Promise<void>
}

interface OpenShard {
  readonly name: string
  readonly index: string
  readonly file: FileHandle
  readonly hash: Hash
  readonly records: ImageRecord[]
  bytes: number
}

const powerOfTwo = (side: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, side)))

const isOutOfSpace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

async function writing<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation
  } catch (error) {
    if (isOutOfSpace(error)) throw new AppError('storage_full', {}, { cause: error })
    throw error
  }
}

export async function createDatasetWriter(folder: string): Promise<DatasetWriter> {
  await mkdir(folder, { recursive: true })
  const shards: ShardEntry[] = []
  const seen = new Map<string, string>()
  const content = createHash('sha256')
  const sizes: Record<string, number> = {}
  const rejectedFile = await open(join(folder, 'rejected.jsonl'), 'w')
  let rejectedLines = ''
  let shard: OpenShard | null = null
  let images = 0
  let bytes = 0
  let rejected = 0
  let duplicates = 0

  async function openShard(): Promise<OpenShard> {
    const stem = `shard-${String(shards.length).padStart(5, '0')}`
    const file = await open(join(folder, `${stem}.bin`), 'w')
    return { name: `${stem}.bin`, index: `${stem}.jsonl`, file, hash: createHash('sha256'), records: [], bytes: 0 }
  }

  async function closeShard({ name, index, file, hash, records, bytes: length }: OpenShard): Promise<void> {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    await writing(writeFile(join(folder, index), lines))
    await writing(file.sync())
    await file.close()
    const indexSha256 = createHash('sha256').update(lines).digest('hex')
    shards.push({ name, index, images: records.length, bytes: length, sha256: hash.digest('hex'), indexSha256 })
    shard = null
  }

  async function flushRejected(): Promise<void> {
    const lines = rejectedLines
    rejectedLines = ''
    await writing(rejectedFile.write(lines))
  }

  async function reject(record: RejectedRecord): Promise<void> {
    rejected++
    rejectedLines += `${JSON.stringify(record)}\n`
    if (rejectedLines.length > REJECTED_BUFFER_BYTES) await flushRejected()
  }

  async function add(image: NewImage): Promise<boolean> {
    const { name, format, width, height, channels, label } = image
    const sha256 = createHash('sha256').update(image.bytes).digest('hex')
    const first = seen.get(sha256)
    if (first !== undefined) {
      duplicates++
      await reject({ name, code: 'duplicate', message: `The same bytes as ${first}.` })
      return false
    }
    seen.set(sha256, name)
    if (shard !== null && shard.bytes + image.bytes.length > MAXIMUM_SHARD_BYTES) await closeShard(shard)
    shard ??= await openShard()
    const record = {
      name,
      format,
      width,
      height,
      channels,
      offset: shard.bytes,
      bytes: image.bytes.length,
      label,
      sha256
    }
    shard.records.push(record)
    shard.hash.update(image.bytes)
    shard.bytes += image.bytes.length
    images++
    bytes += image.bytes.length
    content.update(JSON.stringify([name, sha256, label]))
    const size = `${powerOfTwo(width)}x${powerOfTwo(height)}`
    sizes[size] = (sizes[size] ?? 0) + 1
    await writing(shard.file.writeFile(image.bytes))
    return true
  }

  return {
    add,
    reject,
    get images() {
      return images
    },
    get rejected() {
      return rejected
    },
    async finish(classes) {
      if (shard !== null) await closeShard(shard)
      await flushRejected()
      await rejectedFile.close()
      const contentHash = content.update(JSON.stringify(classes)).digest('hex')
      const counts = { images, bytes, classes, contentHash, shards, rejected, duplicates, sizes }
      const manifest: DatasetManifest = { format: DATASET_FORMAT, ...counts }
      await writing(writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`))
      return manifest
    },
    async abandon() {
      await shard?.file.close()
      shard = null
      await rejectedFile.close()
    }
  }
}
