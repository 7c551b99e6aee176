/**
 * A part of an upload as one file: its bytes, then their MD5 in hexadecimal, which is S3's ETag of a part. One rename
 * publishes both, so a part that is sent twice at once never has the bytes of one and the ETag of the other.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { AppError, isAppError } from '../../base/errors.ts'
import { exactly } from './bodies.ts'
import { translateFileError, writeStream } from './folder-files.ts'

const TRAILER_BYTES = 32

export interface PartFile {
  readonly path: string
  readonly part: number
  readonly etag: string
}

/** @returns the ETag. @throws AppError body_too_large, upload_incomplete */
export async function writePartFile(path: string, body: Readable, bytes: number): Promise<string> {
  const hash = createHash('md5')
  let digest = ''
  const content = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of exactly(body, bytes)) {
      hash.update(chunk)
      yield chunk
    }
    digest = hash.digest('hex')
    yield Buffer.from(digest)
  }
  await writeStream(path, content())
  return `"${digest}"`
}

/** @throws AppError upload_incomplete when it is missing or another one was sent */
export async function checkPartFile(file: PartFile): Promise<void> {
  await (await openPart(file)).handle.close()
}

/** The bytes of all parts, each checked as it is opened: it may have been sent again since. */
export async function* joinParts(files: readonly PartFile[]): AsyncGenerator<Buffer> {
  for (const file of files) {
    const { handle, bytes } = await openPart(file)
    if (bytes === 0) await handle.close()
    else yield* handle.createReadStream({ start: 0, end: bytes - 1 })
  }
}

async function openPart({ path, part, etag }: PartFile): Promise<{ handle: FileHandle; bytes: number }> {
  const message = `Part ${part} is missing or not the one that was sent.`
  const handle = await open(path, 'r').catch((thrown) => {
    const error = translateFileError(thrown, path)
    throw isAppError(error, 'object_not_found') ? new AppError('upload_incomplete', { message }) : error
  })
  try {
    const bytes = (await handle.stat()).size - TRAILER_BYTES
    const trailer = Buffer.alloc(TRAILER_BYTES)
    await handle.read(trailer, 0, TRAILER_BYTES, Math.max(0, bytes))
    if (trailer.toString('latin1') === etag.replaceAll('"', '')) return { handle, bytes }
    throw new AppError('upload_incomplete', { message })
  } catch (error) {
    await handle.close()
    throw error
  }
}
