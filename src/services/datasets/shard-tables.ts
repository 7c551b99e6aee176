/**
 * Where the lines of a version's indexes begin, and which label each has: so that image 900,000, or the next one of a label, is
 * read without what lies before it. A table is made by reading an index once; those asked for last are kept. Versions never
 * change, and no number is given out again.
 */
import { type BoundedMap, createBoundedMap } from '../../base/bounded-map.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { ObjectStore } from '../../domain/ports.ts'

export interface Shard {
  /** Keys of its images and of its index. */
  readonly content: string
  readonly index: string
  /** Number of its first image. */
  readonly first: number
  readonly images: number
}

export interface ShardTable {
  /** Where each line begins, and the end of the last one. */
  readonly starts: Uint32Array
  /** NO_LABEL where there is none. */
  readonly labels: Int32Array
}

export const NO_LABEL = -1

export interface ShardTables {
  shardsOf(version: DatasetVersion): Promise<readonly Shard[]>
  tableOf(shard: Shard): Promise<ShardTable>
  /** Its table is there already, or is being made. */
  isKnown(shard: Shard): boolean
}

/** 65,536 images in a shard have a table of half a megabyte. */
const TABLES = 64
/** Entries of 60 bytes for every 64 MiB of images. */
const VERSIONS = 64
const CHUNK_BYTES = 1024 * 1024
const NEWLINE = 10
const LABEL = Buffer.from('"label":')

export function createShardTables(objects: Pick<ObjectStore, 'get' | 'getRange' | 'head'>): ShardTables {
  const versions = createBoundedMap<string, Promise<readonly Shard[]>>(VERSIONS)
  const tables = createBoundedMap<string, Promise<ShardTable>>(TABLES)
  return {
    shardsOf: ({ prefix }) => remembered(versions, prefix, () => readShards(objects, prefix)),
    tableOf: (shard) => remembered(tables, shard.index, () => readTable(objects, shard)),
    isKnown: ({ index }) => tables.get(index) !== undefined
  }
}

/** What fails is not kept. */
function remembered<T>(map: BoundedMap<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  made.catch(() => map.delete(key))
  return made
}

async function readShards(objects: Pick<ObjectStore, 'get'>, prefix: string): Promise<readonly Shard[]> {
  const bytes = await objects.get(`${prefix}/manifest.json`)
  const { shards } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
    shards: { name: string; index: string; images: number }[] // our own file
  }
  let first = 0
  return shards.map(({ name, index, images }) => {
    const shard = { content: `${prefix}/${name}`, index: `${prefix}/${index}`, first, images }
    first += images
    return shard
  })
}

async function readTable(objects: Pick<ObjectStore, 'getRange' | 'head'>, shard: Shard): Promise<ShardTable> {
  const starts = new Uint32Array(shard.images + 1)
  const labels = new Int32Array(shard.images).fill(NO_LABEL)
  const bytes = (await objects.head(shard.index))?.bytes ?? 0
  let line = 0
  let rest: Buffer = Buffer.alloc(0)
  for (let read = 0; read < bytes; ) {
    const chunk = await objects.getRange(shard.index, read, Math.min(CHUNK_BYTES, bytes - read))
    const begin = read - rest.length
    read += chunk.length
    const text = Buffer.concat([rest, chunk])
    let from = 0
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, from)) {
      if (line === shard.images) throw new Error(`invariant: ${shard.index} has more than ${line} lines`)
      labels[line] = labelIn(text.subarray(from, end))
      from = end + 1
      starts[++line] = begin + from
    }
    rest = text.subarray(from)
  }
  if (line !== shard.images) throw new Error(`invariant: ${shard.index} has ${line} of ${shard.images} lines`)
  return { starts, labels }
}

/** Not parsed whole: 65,536 lines would hold up everybody for a fifth of a second. In a name the quote would be escaped. */
function labelIn(line: Buffer): number {
  const at = line.lastIndexOf(LABEL)
  if (at < 0) return NO_LABEL
  const label = Number.parseInt(line.toString('latin1', at + LABEL.length, at + LABEL.length + 11), 10)
  return Number.isNaN(label) ? NO_LABEL : label
}
