import { open } from 'node:fs/promises'
import yauzl from 'yauzl'
import { ZipReader } from '../../base/zip-reader.ts'
import { type ArchiveEntry, type ArchiveFile, archiveInvalid } from './archive.ts'
import type { Budget } from './budget.ts'

/** Unix mode of a symbolic link, in the upper half of the external attributes. */
const isSymbolicLink = (entry: yauzl.Entry): boolean => ((entry.externalFileAttributes >>> 16) & 0xf000) === 0xa000

/**
 * The entries of a zip, in the order of its directory.
 *
 * @throws AppError `archive_invalid` when it has no readable directory, `archive_too_large`
 */
export async function* zipEntries({ path, name }: ArchiveFile, budget: Budget): AsyncGenerator<ArchiveEntry> {
  const file = await open(path)
  // Names are decoded here and judged later: the library would give up the whole archive for one odd name.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true }
  try {
    const { size } = await file.stat()
    const archive = budget.openArchive(name, size)
    const zip = await yauzl.fromRandomAccessReaderPromise(new ZipReader(file, size), size, options)
    for await (const entry of zip.eachEntry()) {
      budget.countEntry()
      if (isSymbolicLink(entry)) continue
      yield toEntry(zip, entry, archive)
    }
  } catch (error) {
    throw archiveInvalid(name, error)
  } finally {
    await file.close()
  }
}

function toEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, archive: { countBytes(bytes: number): void }): ArchiveEntry {
  const rawName = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false)
  async function* content(): AsyncGenerator<Uint8Array> {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      archive.countBytes(chunk.length)
      yield chunk
    }
  }
  const readable = { rawName, bytes: entry.uncompressedSize, content }
  if (entry.canDecodeFileData()) return readable
  const message = entry.isEncrypted() ? 'The entry is encrypted.' : 'The entry is packed by an unknown method.'
  return { ...readable, refusal: { code: 'entry_unreadable', message } }
}
