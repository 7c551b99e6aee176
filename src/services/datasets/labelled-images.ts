/** Images of a version by their numbers and by their label, wherever in its shards they are. */
import type { DatasetImage, DatasetVersion } from '../../domain/dataset.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import { formatCursor, type Position, parseCursor } from './dataset-images.ts'
import type { Shard, ShardTable, ShardTables } from './shard-tables.ts'

/** A line of an index, with what the API keeps to itself. */
export interface IndexedImage extends DatasetImage {
  readonly channels: number
  /** Of its first byte in `content`. */
  readonly offset: number
  /** Key of the object that its bytes are in. */
  readonly content: string
}

export interface ImageReading {
  readonly objects: Pick<ObjectStore, 'getRange'>
  readonly tables: ShardTables
}

/**
 * Lines that one request may look at for the first time, 60 MB of indexes. A page ends there, however few images it has, and the next
 * goes on behind it.
 */
const MOST_LOOKED_AT = 262_144
/** Lines this close together are read at once. */
const WINDOW_BYTES = 64 * 1024

/** Null where there is none. */
export async function readImage(
  { objects, tables }: ImageReading,
  version: DatasetVersion,
  index: number
): Promise<IndexedImage | null> {
  const shards = await tables.shardsOf(version)
  const shard = shards.find(({ first, images }) => index >= first && index < first + images)
  if (shard === undefined) return null
  const [image] = await readLines(objects, shard, { table: await tables.tableOf(shard), lines: [index - shard.first] })
  return image ?? null
}

interface Found {
  readonly shard: Shard
  readonly table: ShardTable
  readonly lines: number[]
}

/**
 * A cursor is one of listImages: filters do not change the order.
 *
 * @throws AppError invalid_request for a cursor that is none
 */
export async function listLabelled(
  reading: ImageReading,
  version: DatasetVersion,
  { limit, after, label }: PageRequest & { readonly label: number }
): Promise<Page<DatasetImage>> {
  const start = parseCursor(after).line
  const { found, next } = await findLabelled(reading, version, { start, label, limit })
  const pages = await Promise.all(found.map(({ shard, ...at }) => readLines(reading.objects, shard, at)))
  const data = pages.flat().map(({ channels: _, offset: __, content: ___, ...image }) => image)
  return { data, hasMore: next !== null, nextCursor: next && formatCursor(next) }
}

async function findLabelled(
  { tables }: ImageReading,
  version: DatasetVersion,
  { start, label, limit }: { readonly start: number; readonly label: number; readonly limit: number }
): Promise<{ readonly found: readonly Found[]; readonly next: Position | null }> {
  const found: Found[] = []
  let count = 0
  let looked = 0
  for (const [file, shard] of (await tables.shardsOf(version)).entries()) {
    if (shard.first + shard.images <= start) continue
    if (!tables.isKnown(shard)) {
      if (looked > 0 && looked + shard.images > MOST_LOOKED_AT)
        return { found, next: { line: shard.first, file, byte: 0 } }
      looked += shard.images
    }
    const table = await tables.tableOf(shard)
    const lines: number[] = []
    found.push({ shard, table, lines })
    const from = Math.max(0, start - shard.first)
    for (let line = table.labels.indexOf(label, from); line >= 0; line = table.labels.indexOf(label, line + 1)) {
      if (count === limit) return { found, next: { line: shard.first + line, file, byte: table.starts[line]! } }
      lines.push(line)
      count++
    }
  }
  return { found, next: null }
}

async function readLines(
  objects: Pick<ObjectStore, 'getRange'>,
  shard: Shard,
  { table: { starts }, lines }: { readonly table: ShardTable; readonly lines: readonly number[] }
): Promise<IndexedImage[]> {
  const images: IndexedImage[] = []
  for (let i = 0; i < lines.length; ) {
    const from = starts[lines[i]!]!
    let last = i
    while (last + 1 < lines.length && starts[lines[last + 1]! + 1]! - from <= WINDOW_BYTES) last++
    const window = Buffer.from(await objects.getRange(shard.index, from, starts[lines[last]! + 1]! - from))
    for (; i <= last; i++) {
      const line = lines[i]!
      images.push(parseLine(shard, line, window.toString('utf8', starts[line]! - from, starts[line + 1]! - from)))
    }
  }
  return images
}

function parseLine({ first, content }: Shard, line: number, text: string): IndexedImage {
  const record = JSON.parse(text) as Omit<IndexedImage, 'index' | 'content'> // our own file
  const { name, format, width, height, channels, offset, bytes, label, sha256 } = record
  return { index: first + line, name, format, width, height, channels, offset, bytes, label, sha256, content }
}
