/** The sources of a dataset version on the local disk: uploaded files under neutral names, or everything below a prefix. */
import { createHash, type Hash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { forEachLimited } from '../cache/transfer.ts'
import type { OuterSource, Upload } from '../domain/dataset.ts'
import type { ListedObject, ObjectStore } from '../domain/ports.ts'
import type { IngestSource, PackedSource } from '../protocol/ingest-messages.ts'

export interface FetchOptions {
  readonly objects: ObjectStore
  readonly uploads: readonly Upload[]
  readonly into: string
  readonly maxSourceBytes: number
  /** Below a prefix. */
  readonly maxFiles?: number
  readonly signal: AbortSignal
}

export interface FetchedSources {
  readonly sources: readonly IngestSource[]
  /** Hash of what lay below a prefix, or of what is selected from: other keys, sizes or times make another one. Null of uploads, which never change. */
  readonly listing: string | null
  /** In place of sources, and with the names of its labels. */
  readonly selection?: { readonly packed: PackedSource; readonly classes: readonly string[] | null }
}

/** @throws AppError archive_too_large, source_unreachable, storage_unavailable, storage_full; the signal's reason */
export const fetchSources = (source: OuterSource, options: FetchOptions): Promise<FetchedSources> =>
  source.type === 'upload' ? fetchUploads(options) : fetchPrefix(source.prefix, options)

async function fetchUploads({ objects, uploads, into, maxSourceBytes, signal }: FetchOptions): Promise<FetchedSources> {
  checkSize(
    uploads.reduce((sum, { bytes }) => sum + bytes, 0),
    maxSourceBytes
  )
  await mkdir(into, { recursive: true })
  const sources = uploads.map(({ filename, objectKey }, i) => ({
    filename,
    objectKey,
    path: join(into, `upload-${i}`)
  }))
  await forEachLimited(sources, async ({ objectKey, path }) => {
    signal.throwIfAborted()
    await objects.getFile(objectKey, path, { signal })
  })
  return { sources: sources.map(({ filename, path }) => ({ kind: 'file', path, name: filename })), listing: null }
}

async function fetchPrefix(prefix: string, options: FetchOptions): Promise<FetchedSources> {
  const { objects, into, signal } = options
  const listing = createHash('sha256')
  let found = 0
  await mkdir(into, { recursive: true })
  await forEachLimited(filesBelow(prefix, listing, options), async ({ key }) => {
    found++
    const path = join(into, relativePath(key, prefix))
    await mkdir(dirname(path), { recursive: true })
    await objects.getFile(key, path, { signal })
  })
  if (found === 0) throw new AppError('source_unreachable', { message: `There is nothing below ${prefix}.` })
  return { sources: [{ kind: 'folder', path: into, name: prefix }], listing: listing.digest('hex') }
}

/** As they are listed: there may be millions, and this process is one that all projects share. */
async function* filesBelow(
  prefix: string,
  listing: Hash,
  { objects, maxSourceBytes, maxFiles = Infinity, signal }: FetchOptions
): AsyncGenerator<ListedObject> {
  let bytes = 0
  let files = 0
  for await (const object of objects.list(prefix)) {
    signal.throwIfAborted()
    // Consoles mark folders by empty objects with a name that ends so.
    if (object.key.endsWith('/')) continue
    bytes += object.bytes
    checkSize(bytes, maxSourceBytes)
    if (++files > maxFiles) {
      throw new AppError('archive_too_large', { message: `The source has more than ${maxFiles} files.` })
    }
    listing.update(JSON.stringify([object.key, object.bytes, object.modifiedAt.getTime()]))
    yield object
  }
}

/** Keys are any text; as paths they must stay below the folder. */
function relativePath(key: string, prefix: string): string {
  const path = key.slice(prefix.length)
  const isPlain = path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (!isPlain || path.includes('\0')) {
    throw new AppError('source_unreachable', {
      message: `The key ${JSON.stringify(key)} cannot be used as a file name.`
    })
  }
  return path
}

/** @throws AppError archive_too_large */
export function checkSize(bytes: number, most: number): void {
  if (bytes > most) throw new AppError('archive_too_large', { message: `The source has more than ${most} bytes.` })
}
