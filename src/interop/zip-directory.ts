/**
 * The directory of a zip file whose entries are stored as they are, which is how PyTorch writes them. Nothing is unpacked,
 * so an entry is never larger than the file that holds it; compressed and encrypted entries are refused.
 */
import type { FileHandle } from 'node:fs/promises'
import { readExactly, unreadable } from './tensor-source.ts'

export interface ZipEntry {
  readonly name: string
  readonly bytes: number
  /** Of the local header; the data follows it. */
  readonly headerOffset: number
}

const END_SIGNATURE = 0x06054b50
const END64_SIGNATURE = 0x06064b50
const LOCATOR64_SIGNATURE = 0x07064b50
const ENTRY_SIGNATURE = 0x02014b50
const LOCAL_SIGNATURE = 0x04034b50

const END_BYTES = 22
const LOCATOR64_BYTES = 20
const END64_BYTES = 56
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30
const MOST_COMMENT_BYTES = 0xffff
/** A checkpoint of ViT-L with optimizer state has about 3,000 entries of 70 bytes. */
const MOST_DIRECTORY_BYTES = 16 * 2 ** 20
const ZIP64_EXTRA = 1
const ENCRYPTED = 1

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

interface Directory {
  readonly offset: number
  readonly bytes: number
  readonly entries: number
}

/** @throws AppError checkpoint_invalid */
export async function readZipDirectory(file: FileHandle, fileBytes: number): Promise<Map<string, ZipEntry>> {
  const { offset, bytes, entries } = await findDirectory(file, fileBytes)
  if (offset + bytes > fileBytes) throw unreadable('The zip directory ends after the file.')
  if (bytes > MOST_DIRECTORY_BYTES) throw unreadable(`The zip directory of ${bytes} bytes is over the limit.`)
  const directory = await readExactly(file, offset, bytes)
  const found = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < entries; i++) {
    const { entry, next } = parseEntry(directory, at)
    if (entry.headerOffset + LOCAL_BYTES + entry.bytes > fileBytes) {
      throw unreadable(`The zip entry ${entry.name} ends after the file.`)
    }
    if (found.has(entry.name)) throw unreadable(`The zip entry ${entry.name} is there twice.`)
    found.set(entry.name, entry)
    at = next
  }
  return found
}

/** Where the bytes of an entry begin. @throws AppError checkpoint_invalid */
export async function dataOffset(file: FileHandle, entry: ZipEntry): Promise<number> {
  const header = view(await readExactly(file, entry.headerOffset, LOCAL_BYTES))
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE) throw unreadable(`The zip entry ${entry.name} has no header.`)
  return entry.headerOffset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true)
}

async function findDirectory(file: FileHandle, fileBytes: number): Promise<Directory> {
  const tailBytes = Math.min(fileBytes, END_BYTES + MOST_COMMENT_BYTES)
  const tailOffset = fileBytes - tailBytes
  const tail = view(await readExactly(file, tailOffset, tailBytes))
  for (let at = tailBytes - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue
    const directory = {
      entries: tail.getUint16(at + 10, true),
      bytes: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true)
    }
    const isLarge = directory.entries === 0xffff || directory.bytes === 0xffffffff || directory.offset === 0xffffffff
    return isLarge ? findDirectory64(file, tailOffset + at - LOCATOR64_BYTES) : directory
  }
  throw unreadable('The file is no whole zip archive: its directory is missing.')
}

async function findDirectory64(file: FileHandle, locatorOffset: number): Promise<Directory> {
  if (locatorOffset < 0) throw unreadable('The zip directory is missing.')
  const locator = view(await readExactly(file, locatorOffset, LOCATOR64_BYTES))
  if (locator.getUint32(0, true) !== LOCATOR64_SIGNATURE) throw unreadable('The zip directory is missing.')
  const end = view(await readExactly(file, toNumber(locator.getBigUint64(8, true)), END64_BYTES))
  if (end.getUint32(0, true) !== END64_SIGNATURE) throw unreadable('The zip directory is missing.')
  return {
    entries: toNumber(end.getBigUint64(32, true)),
    bytes: toNumber(end.getBigUint64(40, true)),
    offset: toNumber(end.getBigUint64(48, true))
  }
}

function parseEntry(directory: Uint8Array, at: number): { entry: ZipEntry; next: number } {
  if (at + ENTRY_BYTES > directory.length) throw unreadable('The zip directory is cut off.')
  const header = view(directory.subarray(at))
  if (header.getUint32(0, true) !== ENTRY_SIGNATURE) throw unreadable('The zip directory is damaged.')
  const nameEnd = at + ENTRY_BYTES + header.getUint16(28, true)
  const extraEnd = nameEnd + header.getUint16(30, true)
  const next = extraEnd + header.getUint16(32, true)
  if (next > directory.length) throw unreadable('The zip directory is cut off.')
  const name = checkedName(directory.subarray(at + ENTRY_BYTES, nameEnd))
  if (header.getUint16(8, true) & ENCRYPTED) throw unreadable(`The zip entry ${name} is encrypted.`)
  if (header.getUint16(10, true) !== 0) {
    throw unreadable(`The zip entry ${name} is compressed; PyTorch stores tensors as they are.`)
  }
  const wide = wideFields(directory.subarray(nameEnd, extraEnd))
  const field = (offset: number) => {
    const value = header.getUint32(offset, true)
    return value === 0xffffffff ? wide() : value
  }
  const bytes = field(24)
  if (field(20) !== bytes) throw unreadable(`The zip entry ${name} is not stored as it is.`)
  return { entry: { name, bytes, headerOffset: field(42) }, next }
}

/** Numbers that did not fit their 32-bit field, in the order in which the fields are asked for. */
function wideFields(extra: Uint8Array): () => number {
  const fields = view(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    if (fields.getUint16(at, true) !== ZIP64_EXTRA) continue
    const end = at + 4 + fields.getUint16(at + 2, true)
    let next = at + 4
    return () => {
      if (next + 8 > Math.min(end, extra.length)) throw unreadable('The zip directory is damaged.')
      next += 8
      return toNumber(fields.getBigUint64(next - 8, true))
    }
  }
  return () => {
    throw unreadable('The zip directory is damaged.')
  }
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

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unreadable('The zip directory is damaged.')
  return Number(value)
}
