/** Files of the folder store: written beside the tree, synced, renamed into it. A file in the tree is whole. */
import { randomUUID } from 'node:crypto'
import { constants, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError, type ErrorCode, toError } from '../../base/errors.ts'
import { happened } from '../../base/happenings.ts'
import { DISK_FULL, systemCodeOf } from '../../base/system-errors.ts'

const CODES: Readonly<Record<string, ErrorCode>> = {
  ...DISK_FULL,
  EIO: 'storage_unavailable',
  EROFS: 'storage_unavailable',
  EACCES: 'storage_unavailable',
  EPERM: 'storage_unavailable',
  EMFILE: 'storage_unavailable',
  ENFILE: 'storage_unavailable',
  ESTALE: 'storage_unavailable'
}

/** @param key named in the error when the file is not there */
export function translateFileError(thrown: unknown, key?: string): Error {
  const error = toError(thrown)
  if (error instanceof AppError) return error
  const code = systemCodeOf(error)
  // ENOTDIR: a part of the path is a file, so there can be no object below it; EISDIR: a prefix is not an object.
  if (key !== undefined && (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR')) {
    return new AppError('object_not_found', { key }, { cause: error })
  }
  const known = CODES[code]
  if (known === undefined) return error
  happened('outage', { dependency: 'objects', code: known })
  return new AppError(known, {}, { cause: error })
}

/** Two writers and a removal can meet: the folder that was just made may be gone again. */
const PUBLISH_ATTEMPTS = 5

type Fill = (temporary: string) => Promise<void>

/** Fills a temporary file and gives it its name; when anything fails nothing is left. */
export const publishFile = (temporaryFolder: string, path: string, fill: Fill): Promise<void> =>
  fillThen(temporaryFolder, fill, async (temporary) => {
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(path), { recursive: true })
      try {
        await rename(temporary, path)
        break
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT' || attempt === PUBLISH_ATTEMPTS) throw error
      }
    }
    await syncPath(dirname(path))
  })

/** As publishFile, but never brings back a folder that was removed meanwhile: false then, and nothing is left. */
export async function publishInto(temporaryFolder: string, path: string, fill: Fill): Promise<boolean> {
  let isThere = true
  await fillThen(temporaryFolder, fill, async (temporary) => {
    try {
      await rename(temporary, path)
      await syncPath(dirname(path))
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
      isThere = false
      await rm(temporary, { force: true })
    }
  })
  return isThere
}

async function fillThen(folder: string, fill: Fill, place: Fill): Promise<void> {
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, randomUUID())
  try {
    await fill(temporary)
    await syncPath(temporary)
    await place(temporary)
  } catch (error) {
    await rm(temporary, { force: true })
    throw translateFileError(error)
  }
}

/** Out of everybody's sight at once, then file by file. */
export async function removeFolder(temporaryFolder: string, folder: string): Promise<void> {
  await mkdir(temporaryFolder, { recursive: true })
  const hidden = join(temporaryFolder, randomUUID())
  try {
    await rename(folder, hidden)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw error
  }
  await rm(hidden, { recursive: true, force: true })
}

export async function writeStream(
  path: string,
  body: Uint8Array | Readable | AsyncIterable<Uint8Array>
): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(body)
  } finally {
    await file.close()
  }
}

/** Shares the blocks where the file system can. */
export const cloneFile = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE)

/** The bytes in [start, start + length), fewer where the file ends. */
export async function readRange(path: string, start: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, (await file.stat()).size - start)))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  } finally {
    await file.close()
  }
}

/** Removes what killed processes left behind. */
export async function removeOlder(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => null) // another process may have removed or finished it meanwhile
    if (found !== null && found.mtimeMs < beforeMs) await rm(path, { recursive: true, force: true })
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
