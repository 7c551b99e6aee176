/**
 * Files that exist complete or not at all, also after a power cut: written beside their place, synced, then renamed.
 * Every written file comes with its size and hash, every read one is compared with them.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, toError } from './errors.ts'

export interface FileDigest {
  readonly bytes: number
  readonly sha256: string
}

/** Node refuses single reads of 2 GiB and more; pieces of this size are as fast. */
const READ_PIECE_BYTES = 64 * 1024 * 1024

/** @throws AppError storage_full */
export async function writeDurably(path: string, chunks: Iterable<Uint8Array>): Promise<FileDigest> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    const file = await open(path, 'wx')
    try {
      for (const chunk of chunks) {
        hash.update(chunk)
        await file.writeFile(chunk)
        bytes += chunk.length
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw translate(error)
  }
  return { bytes, sha256: hash.digest('hex') }
}

/**
 * @returns the bytes in one array
 * @throws AppError checkpoint_invalid when size or hash differ, and what `open` throws when there is no such file
 */
export async function readVerified(path: string, expected: FileDigest): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size !== expected.bytes) {
      throw new AppError('checkpoint_invalid', { message: `${path} has ${size} bytes, not ${expected.bytes}` })
    }
    const hash = createHash('sha256')
    const content = new Uint8Array(size)
    let position = 0
    while (position < size) {
      const piece = content.subarray(position, position + READ_PIECE_BYTES)
      const { bytesRead } = await file.read(piece, 0, piece.length, position)
      if (bytesRead === 0) throw new AppError('checkpoint_invalid', { message: `${path} was cut while it was read` })
      hash.update(piece.subarray(0, bytesRead))
      position += bytesRead
    }
    if (hash.digest('hex') !== expected.sha256) {
      throw new AppError('checkpoint_invalid', { message: `${path} does not have the hash it was written with` })
    }
    return content
  } finally {
    await file.close()
  }
}

/**
 * Fills a folder under a temporary name and gives it its own at the end. When `fill` fails nothing stays behind; what a
 * killed process leaves is named `….partial`, is never read and is removed by the next attempt. An existing folder is replaced.
 */
export async function publishFolder<T>(folder: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = `${folder}.partial`
  const parent = dirname(folder)
  try {
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { recursive: true })
    const result = await fill(temporary)
    await syncFolder(temporary)
    await rm(folder, { recursive: true, force: true })
    await rename(temporary, folder)
    await syncFolder(parent)
    return result
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw translate(error)
  }
}

/** A rename is on disk only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function translate(thrown: unknown): Error {
  const error = toError(thrown)
  const code = 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' ? new AppError('storage_full', {}, { cause: error }) : error
}
