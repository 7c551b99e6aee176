/** Images of this machine as files that a server takes, so many at a time that memory does not grow with their number. */
import { tmpdir } from 'node:os'
import { basename, resolve } from 'node:path'
import { sniffFormat, whyNotRead } from '../../base/image-formats.ts'
import { encodePng } from '../../base/png.ts'
import type { SourceItem } from '../../images/sources/item.ts'
import { readSources } from '../../images/sources/read-sources.ts'
import { DEFAULT_INGEST_LIMITS } from '../../protocol/ingest-messages.ts'
import { refusal } from '../command.ts'
import { checkImages } from '../sources.ts'

export interface Origin {
  readonly kind: 'folder' | 'file'
  readonly path: string
  readonly name: string
}

export interface LocalImage {
  readonly name: string
  readonly label: string | number | null
  readonly bytes: Uint8Array
}

export interface Unusable {
  readonly name: string
  readonly code: string
  readonly message: string
}

export interface Chunk {
  readonly images: readonly LocalImage[]
  readonly unusable: readonly Unusable[]
}

/** A few requests' worth. */
const CHUNK_IMAGES = 256
const CHUNK_BYTES = 32 * 1024 * 1024

/** @throws AppError invalid_request naming the path */
export async function originsOf(paths: readonly string[]): Promise<Origin[]> {
  if (paths.length === 0) throw refusal('PATH is needed: folders, archives, IDX files or images.')
  const origins: Origin[] = []
  for (const path of paths.map((one) => resolve(one))) {
    const kind = await checkImages('remote', path)
    if (kind === 'packed') throw refusal(`${path} is a packed dataset: name the images that it was packed of.`)
    origins.push({ kind, path, name: basename(path) })
  }
  return origins
}

function readItem(item: SourceItem): LocalImage | Unusable {
  if (item.kind === 'rejected') return { name: item.name, code: item.code, message: item.message }
  if (item.kind === 'pixels') return { name: item.name, label: item.label, bytes: encodePng(item) }
  const { name, bytes, className: label } = item
  if (sniffFormat(bytes) !== null) return { name, label, bytes }
  return { name, code: 'image_invalid', message: whyNotRead(bytes) }
}

/** In the order of the paths and of the names in them. */
export async function* chunksOf(origins: readonly Origin[]): AsyncGenerator<Chunk> {
  let images: LocalImage[] = []
  let unusable: Unusable[] = []
  let bytes = 0
  for await (const item of readSources(origins, { limits: DEFAULT_INGEST_LIMITS, scratch: tmpdir() })) {
    const read = readItem(item)
    if ('code' in read) unusable.push(read)
    else {
      images.push(read)
      bytes += read.bytes.length
    }
    if (images.length < CHUNK_IMAGES && unusable.length < CHUNK_IMAGES && bytes < CHUNK_BYTES) continue
    yield { images, unusable }
    images = []
    unusable = []
    bytes = 0
  }
  if (images.length > 0 || unusable.length > 0) yield { images, unusable }
}
