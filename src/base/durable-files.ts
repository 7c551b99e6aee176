/**
 * Files that exist complete or not at all, also after a power cut: written beside their place, synced, then renamed.
 * Every written file comes with its size and hash, every read one is compared with them.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { AppError, toError } from './errors.ts'
import { asDiskTrouble, systemCodeOf } from './system-errors.ts'

export interface FileDigest {
  readonly bytes: number
  readonly sha256: string
}

/** Node refuses single reads of 2 GiB and more; pieces of this size are as fast. */
const READ_PIECE_BYTES = 64 * 1024 * 1024

export const digestOf = (content: Uint8Array): FileDigest => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex')
})

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
    rethrowTranslated(error)
  }
  return { bytes, sha256: hash.digest('hex') }
}

/**
 * @returns the bytes in one array
 * @throws AppError checkpoint_invalid when the file is missing or its size or hash differ
 */
export async function readVerified(path: string, expected: FileDigest): Promise<Uint8Array> {
  const name = basename(path)
  const file = await openExisting(path)
  try {
    const { size } = await file.stat()
    if (size !== expected.bytes) {
      throw new AppError('checkpoint_invalid', { message: `${name} has ${size} bytes, not ${expected.bytes}` })
    }
    const hash = createHash('sha256')
    const content = new Uint8Array(size)
    let position = 0
    while (position < size) {
      const piece = content.subarray(position, position + READ_PIECE_BYTES)
      const { bytesRead } = await file.read(piece, 0, piece.length, position)
      if (bytesRead === 0) throw new AppError('checkpoint_invalid', { message: `${name} was cut while it was read` })
      hash.update(piece.subarray(0, bytesRead))
      position += bytesRead
    }
    if (hash.digest('hex') !== expected.sha256) {
      throw new AppError('checkpoint_invalid', { message: `${name} does not have the hash it was written with` })
    }
    return content
  } finally {
    await file.close()
  }
}

/** A folder in the making: `path` is temporary until `publish` gives it its name. */
export interface FolderDraft {
  readonly path: string
  /** Replaces a folder that has the name already. */
  publish(): Promise<void>
  /** Nothing happens after `publish`. */
  discard(): Promise<void>
}

/** What a killed process leaves is named `….partial`, is never read, and is removed by the next draft. */
export async function draftFolder(folder: string): Promise<FolderDraft> {
  const path = `${folder}.partial`
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true }).catch(rethrowTranslated)
  return {
    path,
    publish: async () => {
      await syncFolder(path)
      await rm(folder, { recursive: true, force: true })
      await rename(path, folder)
      await syncFolder(dirname(folder))
    },
    discard: () => rm(path, { recursive: true, force: true })
  }
}

/** A folder that is filled at once; when `fill` fails nothing stays behind. */
export async function publishFolder<T>(folder: string, fill: (path: string) => Promise<T>): Promise<T> {
  const draft = await draftFolder(folder)
  try {
    const result = await fill(draft.path)
    await draft.publish()
    return result
  } finally {
    await draft.discard()
  }
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    throw new AppError('checkpoint_invalid', { message: `${basename(path)} is missing.` }, { cause: error })
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

function rethrowTranslated(thrown: unknown): never {
  throw toError(asDiskTrouble(thrown))
}
