/**
 * The directory of a zip file whose entries are stored as they are, which is how PyTorch writes them. Nothing is unpacked,
 * so an entry is never larger than the file that holds it; compressed and encrypted entries are refused.
 */
import type { FileHandle } from 'node:fs/promises'
import yauzl from 'yauzl'
import { isAppError, toError } from '../base/errors.ts'
import { ZipReader } from '../base/zip-reader.ts'
import { unreadable } from './tensor-source.ts'

export interface ZipEntry {
  readonly name: string
  readonly bytes: number
  /** Where the bytes begin. @throws AppError checkpoint_invalid */
  readonly offset: () => Promise<number>
}

const LOCAL_BYTES = 30
/** A checkpoint of ViT-L with optimizer state has about 1,500. */
const MOST_ENTRIES = 100_000

/** @throws AppError checkpoint_invalid */
export async function readZipDirectory(file: FileHandle, fileBytes: number): Promise<Map<string, ZipEntry>> {
  try {
    // Names are decoded here: the library reads those without the UTF-8 flag as DOS did.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false }
    const zip = await yauzl.fromRandomAccessReaderPromise(new ZipReader(file, fileBytes), fileBytes, options)
    if (zip.entryCount > MOST_ENTRIES) throw unreadable(`The zip archive has more than ${MOST_ENTRIES} entries.`)
    const found = new Map<string, ZipEntry>()
    for await (const raw of zip.eachEntry()) {
      const entry = checkedEntry(zip, raw, fileBytes)
      if (found.has(entry.name)) throw unreadable(`The zip entry ${entry.name} is there twice.`)
      found.set(entry.name, entry)
    }
    return found
  } catch (error) {
    throw damaged(error)
  }
}

const damaged = (error: unknown): Error =>
  isAppError(error)
    ? error
    : unreadable(`The zip archive is damaged or cut off: ${toError(error).message.split('. ')[0]}.`, error)

function checkedEntry(zip: yauzl.ZipFile, raw: yauzl.Entry, fileBytes: number): ZipEntry {
  const name = checkedName(raw.fileNameRaw)
  if (raw.isEncrypted()) throw unreadable(`The zip entry ${name} is encrypted.`)
  if (raw.compressionMethod !== 0) {
    throw unreadable(`The zip entry ${name} is compressed; PyTorch stores tensors as they are.`)
  }
  if (raw.compressedSize !== raw.uncompressedSize) throw unreadable(`The zip entry ${name} is not stored as it is.`)
  const { uncompressedSize: bytes, relativeOffsetOfLocalHeader: headerOffset } = raw
  if (headerOffset + LOCAL_BYTES + bytes > fileBytes) throw unreadable(`The zip entry ${name} ends after the file.`)
  const offset = async () => {
    const header = await zip.readLocalFileHeaderPromise(raw, { minimal: true }).catch((error: unknown) => {
      throw damaged(error)
    })
    return header.fileDataStart
  }
  return { name, bytes, offset }
}

/** Entries are never written to a disk under their names; a name that tries to climb is refused all the same. */
function checkedName(bytes: Uint8Array): string {
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw unreadable('A zip entry has no readable name.', error)
  }
  const isPlain = !/[\0\\:]/.test(name) && !name.startsWith('/') && !name.split('/').includes('..')
  if (!isPlain) throw unreadable(`The zip entry ${JSON.stringify(name)} has a name that leaves the archive.`)
  return name
}
