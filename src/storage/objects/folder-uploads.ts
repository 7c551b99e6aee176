import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError, toError } from '../../base/errors.ts'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { UnfinishedUpload } from '../../domain/ports.ts'
import { publishFile, publishInto, removeFolder, removeOlder, writeStream } from './folder-files.ts'
import { checkPartFile, joinParts, type PartFile, writePartFile } from './folder-parts.ts'

const WEEK_MS = 7 * 86_400_000
/** Each sweep looks at every upload that is open: not at every start of one. */
const SWEEP_EVERY_MS = 3_600_000

export interface FolderPart {
  readonly key: string
  readonly multipartId: string
  readonly part: number
  readonly bytes: number
}

export interface FolderUploads {
  start(key: string, now: number): Promise<string>
  /** @throws AppError upload_not_found, body_too_large, upload_incomplete */
  writePart(part: FolderPart, body: Readable): Promise<string>
  /** @throws AppError upload_not_found, upload_incomplete */
  finish(upload: {
    readonly key: string
    readonly multipartId: string
    readonly parts: readonly { readonly part: number; readonly etag: string }[]
    readonly path: string
  }): Promise<void>
  abort(multipartId: string): Promise<void>
  list(): Promise<readonly UnfinishedUpload[]>
}

/** A multipart upload is a folder: the key it is for, and its parts. It is there as a whole or not at all. */
export function createFolderUploads(uploads: string, temporary: string): FolderUploads {
  let sweptAt = Number.NEGATIVE_INFINITY
  const folderOf = (multipartId: string): string => {
    if (!/^[0-9a-f]{32}$/.test(multipartId)) throw new AppError('upload_not_found')
    return join(uploads, multipartId)
  }

  const requireUpload = async (key: string, multipartId: string): Promise<string> => {
    const folder = folderOf(multipartId)
    const owner = await readFile(join(folder, 'key'), 'utf8').catch(() => null)
    if (owner !== key) throw new AppError('upload_not_found', { key })
    return folder
  }

  return {
    async start(key, now) {
      if (now - sweptAt >= SWEEP_EVERY_MS) {
        sweptAt = now
        await removeOlder(uploads, now - WEEK_MS)
        await removeOlder(temporary, now - WEEK_MS)
      }
      const multipartId = randomBytes(16).toString('hex')
      await mkdir(folderOf(multipartId), { recursive: true })
      await writeFile(join(folderOf(multipartId), 'key'), key)
      return multipartId
    },

    async writePart({ key, multipartId, part, bytes }, body) {
      const folder = await requireUpload(key, multipartId)
      let etag = ''
      // A part may be sent again after a failure; the last one that arrived whole counts.
      const isThere = await publishInto(temporary, join(folder, `part-${part}`), async (path) => {
        etag = await writePartFile(path, body, bytes)
      })
      // Finished or given up while the part was on its way.
      if (!isThere) throw new AppError('upload_not_found', { key })
      return etag
    },

    async finish({ key, multipartId, parts, path }) {
      const folder = await requireUpload(key, multipartId)
      const files: PartFile[] = parts.map((one) => ({ ...one, path: join(folder, `part-${one.part}`) }))
      try {
        // All of them first: what is missing is said before gigabytes are copied.
        for (const file of files) await checkPartFile(file)
        await publishFile(temporary, path, (target) => writeStream(target, joinParts(files)))
      } catch (error) {
        // Whoever finished it first took the parts away: then that is the reason.
        await requireUpload(key, multipartId)
        throw error
      }
      await removeFolder(temporary, folder)
    },

    abort: (multipartId) => removeFolder(temporary, folderOf(multipartId)),

    async list() {
      const all: UnfinishedUpload[] = []
      const names = await readdir(uploads).catch((error: unknown) => {
        if (systemCodeOf(toError(error)) === 'ENOENT') return []
        throw error
      })
      for (const multipartId of names) {
        const path = join(uploads, multipartId, 'key')
        try {
          all.push({ key: await readFile(path, 'utf8'), multipartId, startedAt: (await stat(path)).mtime })
        } catch (error) {
          // Finished or given up since it was listed, or begun a moment ago.
          if (systemCodeOf(toError(error)) !== 'ENOENT') throw error
        }
      }
      return all
    }
  }
}
