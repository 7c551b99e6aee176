import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import { publishFile, removeOlder, writeStream } from './folder-files.ts'

const WEEK_MS = 7 * 86_400_000

export interface FolderUploads {
  start(key: string, now: number): Promise<string>
  /** @throws AppError upload_not_found */
  writePart(key: string, multipartId: string, part: number, body: Readable): Promise<string>
  /** @throws AppError upload_not_found, upload_incomplete */
  finish(upload: {
    readonly key: string
    readonly multipartId: string
    readonly parts: readonly { readonly part: number; readonly etag: string }[]
    readonly path: string
  }): Promise<void>
  abort(multipartId: string): Promise<void>
}

/** S3's own limit: whoever holds the URL of a part cannot fill the disk with it. */
const MOST_PART_BYTES = 5 * 1024 ** 3

/** A multipart upload is a folder: the key it is for, its parts, and each part's MD5, which is S3's ETag of a part. */
export function createFolderUploads(uploads: string, temporary: string): FolderUploads {
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
      await removeOlder(uploads, now - WEEK_MS)
      await removeOlder(temporary, now - WEEK_MS)
      const multipartId = randomBytes(16).toString('hex')
      await mkdir(folderOf(multipartId), { recursive: true })
      await writeFile(join(folderOf(multipartId), 'key'), key)
      return multipartId
    },

    async writePart(key, multipartId, part, body) {
      const folder = await requireUpload(key, multipartId)
      const hash = createHash('md5')
      let bytes = 0
      const hashing = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk)
          bytes += chunk.length
          if (bytes > MOST_PART_BYTES) done(new AppError('body_too_large', { limit: MOST_PART_BYTES }))
          else done(null, chunk)
        }
      })
      body.once('error', (error) => hashing.destroy(error))
      // A part may be sent again after a failure; the last one that arrived whole counts.
      await publishFile(temporary, join(folder, `part-${part}`), (path) => writeStream(path, body.pipe(hashing)))
      const etag = `"${hash.digest('hex')}"`
      await publishFile(temporary, join(folder, `etag-${part}`), (path) => writeFile(path, etag))
      return etag
    },

    async finish({ key, multipartId, parts, path }) {
      const folder = await requireUpload(key, multipartId)
      for (const { part, etag } of parts) {
        const written = await readFile(join(folder, `etag-${part}`), 'utf8').catch(() => null)
        if (written === null || written !== `"${etag.replaceAll('"', '')}"`) {
          throw new AppError('upload_incomplete', { message: `Part ${part} is missing or not the one that was sent.` })
        }
      }
      await publishFile(temporary, path, (target) =>
        writeStream(target, joinFiles(parts.map(({ part }) => join(folder, `part-${part}`))))
      )
      await rm(folder, { recursive: true, force: true })
    },

    async abort(multipartId) {
      await rm(folderOf(multipartId), { recursive: true, force: true })
    }
  }
}

const joinFiles = (paths: readonly string[]): Readable =>
  Readable.from(
    (async function* () {
      for (const path of paths) yield* createReadStream(path)
    })(),
    { objectMode: false }
  )
