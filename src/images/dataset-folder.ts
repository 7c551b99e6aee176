/**
 * A dataset version as files: what ingestion writes, training reads and the object store keeps.
 *
 *   manifest.json         kappa-dataset/1: counts, classes, content hash, and the shards with their hashes
 *   shard-NNNNN.bin       original image bytes one after the other; at most 64 MiB unless one image is larger
 *   shard-NNNNN.jsonl     one ImageRecord a line, in the same order
 *   rejected.jsonl        {name, code, message} of every file that was not taken
 */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { EncodedFormat } from '../base/image-formats.ts'
import { DATASET_FORMAT, type DatasetManifest } from '../protocol/dataset-manifest.ts'

/** `raw` is pixels, 8 bits, HWC, of the record's width, height and channels. */
export type ImageFormat = EncodedFormat | 'raw'

export interface ImageRecord {
  readonly name: string
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  /** 1 is gray, 3 colour; others are bands of a TIFF. */
  readonly channels: number
  /** Of the first byte in the shard. */
  readonly offset: number
  readonly bytes: number
  /** Index into the manifest's classes, or into nothing when the source had numbers only. */
  readonly label: number | null
  readonly sha256: string
}

export interface DatasetFolder {
  readonly manifest: DatasetManifest
  readonly records: readonly ImageRecord[]
  /** The file that holds image i. */
  shardPathOf(index: number): string
  /** The stored bytes of image i. */
  read(index: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** Damage of a dataset on this machine: a bug or a bad disk, never the user's doing. */
const broken = (folder: string, what: string): AppError =>
  new AppError('storage_unavailable', { message: `The dataset in ${folder} is damaged: ${what}.` })

/** @throws AppError `storage_unavailable` */
export async function readManifest(folder: string): Promise<DatasetManifest> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch((error: unknown) => {
    throw new AppError('storage_unavailable', { message: `There is no dataset in ${folder}.` }, { cause: error })
  })
  const manifest = JSON.parse(text) as DatasetManifest // written by the writer beside this file; checked below
  if (manifest.format !== DATASET_FORMAT) throw broken(folder, `its format is ${String(manifest.format)}`)
  return manifest
}

/**
 * Reads all indexes into memory, about 300 bytes an image; image bytes stay on disk.
 *
 * @throws AppError `storage_unavailable` when files are missing or do not fit together
 */
export async function openDatasetFolder(folder: string): Promise<DatasetFolder> {
  const manifest = await readManifest(folder)
  const records: ImageRecord[] = []
  const shardOf: number[] = []
  for (const [i, shard] of manifest.shards.entries()) {
    const lines = (await readFile(join(folder, shard.index), 'utf8')).split('\n')
    lines.pop()
    if (lines.length !== shard.images) throw broken(folder, `${shard.index} has ${lines.length} lines`)
    for (const line of lines) {
      records.push(JSON.parse(line) as ImageRecord)
      shardOf.push(i)
    }
  }
  if (records.length !== manifest.images) throw broken(folder, `${records.length} of ${manifest.images} images`)

  const shardPathOf = (index: number): string => {
    const shard = manifest.shards[shardOf[index] ?? -1]
    if (shard === undefined) throw new RangeError(`image ${index} of ${records.length}`)
    return join(folder, shard.name)
  }
  const files = new Map<string, ReturnType<typeof open>>()
  const fileOf = (path: string) => {
    const known = files.get(path) ?? open(path, 'r')
    files.set(path, known)
    return known
  }
  return {
    manifest,
    records,
    shardPathOf,
    async read(index) {
      const path = shardPathOf(index)
      const { offset, bytes } = records[index]!
      const content = new Uint8Array(bytes)
      const { bytesRead } = await (await fileOf(path)).read(content, 0, bytes, offset)
      if (bytesRead !== bytes) throw broken(folder, `image ${index} ends after ${bytesRead} of ${bytes} bytes`)
      return content
    },
    async close() {
      const opened = [...files.values()]
      files.clear()
      for (const file of opened) await (await file).close()
    }
  }
}
