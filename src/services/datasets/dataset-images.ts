/**
 * Pages of a ready version, read from its index in the object store: `manifest.json` lists the shards, every shard has a
 * `.jsonl` with one line an image. A cursor holds the byte at which the next line starts, so page 1000 costs what page 1
 * does.
 */
import type { DatasetImage, DatasetVersion } from '../../domain/dataset.ts'
import { invalidCursor, type Page, type PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'

export interface RejectedFile {
  readonly name: string
  readonly code: string
  readonly message: string
}

export interface Position {
  /** Number of the next line over all files. */
  readonly line: number
  readonly file: number
  readonly byte: number
}

interface Line {
  readonly text: string
  readonly line: number
  readonly next: Position
}

const CHUNK_BYTES = 64 * 1024
const NEWLINE = 10
const START: Position = { line: 0, file: 0, byte: 0 }

/** @throws AppError invalid_request */
export function parseCursor(after: string | null): Position {
  if (after === null) return START
  const match = /^(\d{1,12})\.(\d{1,8})\.(\d{1,12})$/.exec(after)
  if (match === null) throw invalidCursor()
  const [line = 0, file = 0, byte = 0] = match.slice(1).map(Number)
  return { line, file, byte }
}

export const formatCursor = ({ line, file, byte }: Position): string => `${line}.${file}.${byte}`

/**
 * Lines of `keys`, one file after the other, from `start` on.
 *
 * @throws AppError invalid_request when no line starts there: the byte before it is read along, and must end one
 */
async function* readLines(objects: ObjectStore, keys: readonly string[], start: Position): AsyncGenerator<Line> {
  let { line, file, byte } = start
  for (; file < keys.length; file++, byte = 0) {
    const key = keys[file] ?? ''
    const bytes = (await objects.head(key))?.bytes ?? 0
    let rest: Buffer = Buffer.alloc(0)
    let isLineStart = byte === 0
    for (let read = Math.max(0, byte - 1); read < bytes; ) {
      const chunk = await objects.getRange(key, read, Math.min(CHUNK_BYTES, bytes - read))
      read += chunk.length
      rest = Buffer.concat([rest, chunk])
      if (!isLineStart) {
        if (rest[0] !== NEWLINE) throw invalidCursor()
        rest = rest.subarray(1)
        isLineStart = true
      }
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const text = rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
        byte += end + 1
        line += 1
        yield { text, line: line - 1, next: { line, file, byte } }
      }
    }
  }
}

async function readPage<T>(
  lines: AsyncGenerator<Line>,
  limit: number,
  parse: (value: unknown, line: number) => T
): Promise<Page<T>> {
  const data: T[] = []
  let next = START
  for await (const line of lines) {
    if (data.length === limit) return { data, hasMore: true, nextCursor: formatCursor(next) }
    data.push(parse(JSON.parse(line.text), line.line))
    next = line.next
  }
  return { data, hasMore: false, nextCursor: null }
}

async function shardIndexes(objects: ObjectStore, version: DatasetVersion): Promise<string[]> {
  const bytes = await objects.get(`${version.prefix}/manifest.json`)
  const manifest = JSON.parse(Buffer.from(bytes).toString('utf8')) as { shards: { index: string }[] } // our own file
  return manifest.shards.map(({ index }) => `${version.prefix}/${index}`)
}

/** @throws AppError invalid_request for a cursor that is none */
export async function listImages(
  objects: ObjectStore,
  version: DatasetVersion,
  { limit, after }: PageRequest
): Promise<Page<DatasetImage>> {
  const start = parseCursor(after)
  const lines = readLines(objects, await shardIndexes(objects, version), start)
  return readPage(lines, limit, (value, index) => {
    const { name, format, width, height, bytes, label, sha256 } = value as DatasetImage // our own file
    return { index, name, format, width, height, bytes, label, sha256 }
  })
}

/** @throws AppError invalid_request for a cursor that is none */
export async function listRejected(
  objects: ObjectStore,
  version: DatasetVersion,
  { limit, after }: PageRequest
): Promise<Page<RejectedFile>> {
  const lines = readLines(objects, [`${version.prefix}/rejected.jsonl`], parseCursor(after))
  return readPage(lines, limit, (value) => {
    const { name, code, message } = value as RejectedFile // our own file
    return { name, code, message }
  })
}
