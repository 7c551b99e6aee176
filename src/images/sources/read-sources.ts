/** From uploads, archives and folders to single files. What a file is, its content says, never its name. */
import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { isAppError, toError } from '../../base/errors.ts'
import { isImage } from '../../base/image-formats.ts'
import type { IngestLimits, IngestSource } from '../../protocol/ingest-messages.ts'
import { type ArchiveEntry, type ArchiveFile, archiveInvalid, collect } from './archive.ts'
import { type Budget, createBudget } from './budget.ts'
import { folderFiles } from './folder.ts'
import { type IdxFile, idxImages, isGzip, isIdx, MAXIMUM_IDX_BYTES, parseIdx } from './idx.ts'
import type { SourceFile, SourceItem, SourceRejection } from './item.ts'
import { judgeName } from './names.ts'
import { isTarHeader, tarEntries } from './tar.ts'
import { zipEntries } from './zip.ts'

const HEAD_BYTES = 512

interface Reading {
  readonly limits: IngestLimits
  readonly budget: Budget
  /** Found so far; images and labels are joined when everything has been read. */
  readonly idx: IdxFile[]
}

type FileKind = 'zip' | 'tar' | 'tar.gz' | 'idx' | 'image' | 'other'

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The first bytes inside a gzip file. */
async function firstUnpackedBytes(path: string): Promise<Uint8Array> {
  const file = createReadStream(path)
  const unpacked = file.pipe(createGunzip())
  file.on('error', (error) => unpacked.destroy(error))
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of unpacked) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= HEAD_BYTES) break
  }
  file.destroy()
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES)
}

async function kindOf(path: string): Promise<FileKind> {
  const head = await firstBytes(path)
  const isZip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)
  if (isZip) return 'zip'
  if (isIdx(head)) return 'idx'
  if (isImage(head)) return 'image'
  if (isTarHeader(head)) return 'tar'
  if (!isGzip(head)) return 'other'
  const inside = await firstUnpackedBytes(path)
  return isIdx(inside) ? 'idx' : isTarHeader(inside) ? 'tar.gz' : 'other'
}

const tooLarge = (name: string, limit: number): SourceRejection => {
  return { kind: 'rejected', name, code: 'image_too_large', message: `The file has more than ${limit} bytes.` }
}

const noImage = (name: string): SourceRejection => {
  return { kind: 'rejected', name, code: 'image_invalid', message: 'The file is no image, archive or IDX file.' }
}

/** Images are small; IDX files, also gzipped, are many images in one. */
const limitOf =
  ({ maxImageBytes }: IngestLimits) =>
  (head: Uint8Array): number =>
    isIdx(head) || isGzip(head) ? MAXIMUM_IDX_BYTES : maxImageBytes

/** A gzipped file may unpack to what the ratio allows, but not to less than a small set of images. */
const unpackedLimit = ({ maxRatio }: IngestLimits, packedBytes: number): number =>
  Math.min(MAXIMUM_IDX_BYTES, Math.max(10_000_000, packedBytes * maxRatio))

/** Null for IDX, whose images come at the end. */
async function itemOf(file: Omit<SourceFile, 'kind'>, { limits, idx }: Reading): Promise<SourceItem | null> {
  const { name, bytes } = file
  if (!isIdx(bytes) && !isGzip(bytes)) return { kind: 'file', ...file }
  const parsed = await parseIdx(name, bytes, unpackedLimit(limits, bytes.length))
  if (parsed === null) return noImage(name)
  idx.push(parsed)
  return null
}

/** Null for what is passed over as well. */
async function readEntry(entry: ArchiveEntry, reading: Reading): Promise<SourceItem | null> {
  const judged = judgeName(entry.rawName)
  if (judged.kind === 'skipped') return null
  if (judged.kind === 'unsafe') {
    const message = 'The name leads out of the archive.'
    return { kind: 'rejected', name: entry.rawName, code: 'unsafe_path', message }
  }
  const { name, className } = judged
  if (entry.refusal !== undefined) return { kind: 'rejected', name, ...entry.refusal }
  let bytes: Uint8Array | null
  try {
    bytes = await collect(entry.content(), limitOf(reading.limits))
  } catch (error) {
    if (isAppError(error)) throw error
    // One damaged entry; if it is the archive that breaks off, reading the next entry says so.
    return { kind: 'rejected', name, code: 'entry_unreadable', message: toError(error).message }
  }
  if (bytes === null) return tooLarge(name, reading.limits.maxImageBytes)
  return itemOf({ name, className, bytes }, reading)
}

async function* readArchive(entries: AsyncIterable<ArchiveEntry>, reading: Reading): AsyncGenerator<SourceItem> {
  for await (const entry of entries) {
    const item = await readEntry(entry, reading)
    if (item !== null) yield item
  }
}

/** A file that is packed in nothing: an image, or IDX. */
async function* readPlain({ path, name }: ArchiveFile, kind: FileKind, reading: Reading): AsyncGenerator<SourceItem> {
  const { budget, limits } = reading
  budget.countEntry()
  const { size } = await stat(path)
  const most = kind === 'image' ? limits.maxImageBytes : MAXIMUM_IDX_BYTES
  if (size > most) {
    yield tooLarge(name, most)
    return
  }
  budget.openArchive(name, null).countBytes(size)
  const className = name.split('/').at(-2) ?? null
  const item = await itemOf({ name, className, bytes: await readFile(path) }, reading)
  if (item !== null) yield item
}

async function* readFileOf(file: ArchiveFile, reading: Reading): AsyncGenerator<SourceItem> {
  const kind = await kindOf(file.path).catch((error: unknown) => {
    throw archiveInvalid(file.name, toError(error))
  })
  const { budget } = reading
  if (kind === 'zip') yield* readArchive(zipEntries(file, budget), reading)
  else if (kind === 'tar') yield* readArchive(tarEntries({ ...file, isGzipped: false }, budget), reading)
  else if (kind === 'tar.gz') yield* readArchive(tarEntries({ ...file, isGzipped: true }, budget), reading)
  else if (kind === 'idx' || kind === 'image') yield* readPlain(file, kind, reading)
  else throw archiveInvalid(file.name, new Error('it is no zip, tar, IDX file or image'))
}

/** In a folder other files may lie about: they are rejected by name, not the whole folder. */
async function* readFolder(folder: string, reading: Reading): AsyncGenerator<SourceItem> {
  for await (const file of folderFiles(folder)) {
    if (judgeName(file.name).kind !== 'file') continue
    if (file.problem !== undefined) {
      reading.budget.countEntry()
      yield { kind: 'rejected', name: file.name, code: 'source_unreachable', message: file.problem }
      continue
    }
    const kind = await kindOf(file.path).catch(() => 'other' as const) // unreadable gzip: rejected below by its content
    if (kind === 'other') {
      reading.budget.countEntry()
      yield noImage(file.name)
    } else yield* readFileOf(file, reading)
  }
}

/**
 * Everything that might be an image, in the order of the sources and of the files in them; images of IDX files last.
 *
 * @throws AppError `archive_invalid` naming the file, `archive_too_large`, `source_unreachable`
 */
export async function* readSources(sources: readonly IngestSource[], limits: IngestLimits): AsyncGenerator<SourceItem> {
  const reading: Reading = { limits, budget: createBudget(limits), idx: [] }
  for (const { kind, path, name } of sources) {
    if (kind === 'folder') yield* readFolder(path, reading)
    else yield* readFileOf({ path, name }, reading)
  }
  yield* idxImages(reading.idx)
}
