/** From uploads, archives and folders to single files. What a file is, its content says, never its name. */
import { readFile, stat } from 'node:fs/promises'
import { isAppError, toError } from '../../base/errors.ts'
import type { IngestLimits, IngestSource } from '../../protocol/ingest-messages.ts'
import { type ArchiveEntry, type ArchiveFile, archiveInvalid } from './archive.ts'
import { type Budget, createBudget } from './budget.ts'
import { createByteReader } from './byte-reader.ts'
import { fileKind } from './file-kind.ts'
import { folderFiles } from './folder.ts'
import { type IdxFile, idxImages, isGzip, isIdx, openIdx } from './idx.ts'
import type { SourceItem, SourceRejection } from './item.ts'
import { judgeName } from './names.ts'
import { createSpool, type Spool } from './spool.ts'
import { tarEntries } from './tar.ts'
import { zipEntries } from './zip.ts'

export interface ReadOptions {
  readonly limits: IngestLimits
  /** A folder for what has to lie on the disk for a while. */
  readonly scratch: string
}

interface Reading {
  readonly limits: IngestLimits
  readonly budget: Budget
  readonly spool: Spool
  /** Found so far; images and labels are joined when everything has been read. */
  readonly idx: IdxFile[]
}

/** A file of an archive or a folder, by the name it has there. */
interface Named {
  readonly name: string
  readonly className: string | null
}

const tooLarge = (name: string, limit: number): SourceRejection => {
  return { kind: 'rejected', name, code: 'image_too_large', message: `The file has more than ${limit} bytes.` }
}

const noImage = (name: string): SourceRejection => {
  return { kind: 'rejected', name, code: 'image_invalid', message: 'The file is no image, archive or IDX file.' }
}

/** Null for what is passed over, and for IDX, whose images come at the end. */
async function readEntry(entry: ArchiveEntry, reading: Reading): Promise<SourceItem | null> {
  const judged = judgeName(entry.rawName)
  if (judged.kind === 'skipped') return null
  if (judged.kind === 'refused') return { ...judged, kind: 'rejected' }
  const { name } = judged
  if (entry.refusal !== undefined) return { kind: 'rejected', name, ...entry.refusal }
  try {
    return await readContent(entry, judged, reading)
  } catch (error) {
    if (isAppError(error)) throw error
    // One damaged entry; if it is the archive that breaks off, reading the next entry says so.
    return { kind: 'rejected', name, code: 'entry_unreadable', message: toError(error).message }
  }
}

/** Images are small and are read at once. What is larger is not read at all, but for IDX: many images in one file. */
async function readContent(entry: ArchiveEntry, file: Named, reading: Reading): Promise<SourceItem | null> {
  const { name, className } = file
  const { maxImageBytes } = reading.limits
  const reader = createByteReader(entry.content())
  try {
    const head = await reader.peek(4)
    if (isIdx(head) || isGzip(head)) return await keepIdx(name, reader.rest(), reading)
    if (entry.bytes > maxImageBytes) return tooLarge(name, maxImageBytes)
    const bytes = await reader.take(entry.bytes)
    if (!(await reader.isAtEnd())) throw new Error('the entry is longer than the archive says')
    return { kind: 'file', name, className, bytes }
  } finally {
    await reader.close()
  }
}

async function keepIdx(
  name: string,
  content: AsyncIterable<Uint8Array>,
  { spool, budget, idx }: Reading
): Promise<SourceItem | null> {
  const path = await spool.write(content)
  const file = await openIdx({ path, name }, budget)
  if (file !== null) idx.push(file)
  else await spool.discard(path)
  return file === null ? noImage(name) : null
}

async function* readArchive(entries: AsyncIterable<ArchiveEntry>, reading: Reading): AsyncGenerator<SourceItem> {
  for await (const entry of entries) {
    const item = await readEntry(entry, reading)
    if (item !== null) yield item
  }
}

async function* readImage({ path, name }: ArchiveFile, { budget, limits }: Reading): AsyncGenerator<SourceItem> {
  budget.countEntry()
  const { size } = await stat(path)
  if (size > limits.maxImageBytes) {
    yield tooLarge(name, limits.maxImageBytes)
    return
  }
  budget.openArchive(name, null).countBytes(size)
  yield { kind: 'file', name, className: name.split('/').at(-2) ?? null, bytes: await readFile(path) }
}

async function* readIdx(file: ArchiveFile, { budget, idx }: Reading): AsyncGenerator<SourceItem> {
  budget.countEntry()
  const opened = await openIdx(file, budget)
  if (opened === null) yield noImage(file.name)
  else idx.push(opened)
}

async function* readFileOf(file: ArchiveFile, reading: Reading): AsyncGenerator<SourceItem> {
  const kind = await fileKind(file.path).catch((error: unknown) => {
    throw archiveInvalid(file.name, toError(error))
  })
  const { budget } = reading
  if (kind === 'zip') yield* readArchive(zipEntries(file, budget), reading)
  else if (kind === 'tar') yield* readArchive(tarEntries({ ...file, isGzipped: false }, budget), reading)
  else if (kind === 'tar.gz') yield* readArchive(tarEntries({ ...file, isGzipped: true }, budget), reading)
  else if (kind === 'idx') yield* readIdx(file, reading)
  else if (kind === 'image') yield* readImage(file, reading)
  else throw archiveInvalid(file.name, new Error('it is no zip, tar, IDX file or image'))
}

/** In a folder other files may lie about: they are rejected by name, not the whole folder. */
async function* readFolder(folder: string, reading: Reading): AsyncGenerator<SourceItem> {
  for await (const file of folderFiles(folder)) {
    const judged = judgeName(file.name)
    if (judged.kind === 'skipped') continue
    if (judged.kind === 'file' && file.problem !== undefined) {
      reading.budget.countEntry()
      yield { kind: 'rejected', name: file.name, code: 'source_unreachable', message: file.problem }
      continue
    }
    const kind = await fileKind(file.path).catch(() => 'other' as const) // unreadable gzip: rejected by name
    if (judged.kind === 'file' && kind !== 'other') {
      yield* readFileOf(file, reading)
      continue
    }
    reading.budget.countEntry()
    yield judged.kind === 'refused' ? { ...judged, kind: 'rejected' } : noImage(file.name)
  }
}

/**
 * Everything that might be an image, in the order of the sources and of the files in them; images of IDX files last.
 * Of all of it one file at most is held at a time, and none above `maxImageBytes`.
 *
 * @throws AppError `archive_invalid` naming the file, `archive_too_large`, `source_unreachable`, `storage_full`
 */
export async function* readSources(
  sources: readonly IngestSource[],
  { limits, scratch }: ReadOptions
): AsyncGenerator<SourceItem> {
  const reading: Reading = { limits, budget: createBudget(limits), spool: createSpool(scratch), idx: [] }
  try {
    for (const { kind, path, name } of sources) {
      if (kind === 'folder') yield* readFolder(path, reading)
      else yield* readFileOf({ path, name }, reading)
    }
    yield* idxImages(reading.idx, limits)
  } finally {
    await reading.spool.remove()
  }
}
