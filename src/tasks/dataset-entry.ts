/** A packed dataset version as files to fetch: its manifest names the shards and indexes with their sizes and hashes. */
import { createHash } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import type { CacheEntry } from '../cache/local-cache.ts'
import { forEachLimited } from '../cache/transfer.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import type { DatasetVersion } from '../domain/dataset.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { DatasetManifest } from '../protocol/dataset-manifest.ts'

const MANIFEST = 'manifest.json'

/** @throws AppError object_damaged when the manifest is another version's; object_not_found, storage_unavailable */
export async function datasetEntry(objects: ObjectStore, version: DatasetVersion): Promise<CacheEntry> {
  const { prefix, contentHash } = version
  const bytes = await objects.get(`${prefix}/${MANIFEST}`)
  const manifest = parse(bytes)
  if (manifest === null || manifest.contentHash !== contentHash) {
    throw new AppError('object_damaged', { message: `${prefix}/${MANIFEST} is not what was written.` })
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const files: StoredFile[] = [{ name: MANIFEST, bytes: bytes.length, sha256 }]
  await forEachLimited(manifest.shards, async (shard) => {
    const index = await objects.head(`${prefix}/${shard.index}`)
    if (index === null) throw new AppError('object_not_found', { message: `${prefix}/${shard.index} is gone.` })
    files.push({ name: shard.name, bytes: shard.bytes, sha256: shard.sha256 })
    files.push({ name: shard.index, bytes: index.bytes, sha256: shard.indexSha256 })
  })
  return { prefix, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

function parse(bytes: Uint8Array): DatasetManifest | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) // its content hash is compared by the caller
  } catch {
    return null
  }
}
