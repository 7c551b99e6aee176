/** Whole files between a folder and the object store, several at a time. What arrives is compared with its size and hash. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../base/errors.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import type { ObjectStore } from '../domain/ports.ts'

const AT_ONCE = 4

export interface Transfer {
  readonly objects: ObjectStore
  readonly prefix: string
  readonly folder: string
  readonly files: readonly StoredFile[]
  readonly signal?: AbortSignal | undefined
}

/** @throws AppError object_not_found, object_damaged, storage_unavailable, storage_full; the signal's reason */
export const downloadFiles = ({ objects, prefix, folder, files, signal }: Transfer): Promise<void> =>
  forEachLimited(files, async (file) => {
    signal?.throwIfAborted()
    const path = join(folder, file.name)
    await mkdir(dirname(path), { recursive: true })
    await objects.getFile(`${prefix}/${file.name}`, path)
    await verifyFile(path, file)
  })

/** @throws AppError storage_unavailable, storage_full; the signal's reason */
export const uploadFiles = ({ objects, prefix, folder, files, signal }: Transfer): Promise<void> =>
  forEachLimited(files, async (file) => {
    signal?.throwIfAborted()
    await objects.putFile(`${prefix}/${file.name}`, join(folder, file.name))
  })

/** @throws AppError object_damaged */
export async function verifyFile(path: string, { name, bytes, sha256 }: StoredFile): Promise<void> {
  const { size } = await stat(path)
  if (size !== bytes) throw new AppError('object_damaged', { message: `${name} has ${size} bytes, not ${bytes}.` })
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  if (hash.digest('hex') !== sha256) {
    throw new AppError('object_damaged', { message: `${name} does not have the hash it was written with.` })
  }
}

/**
 * The first failure ends it, after the calls under way have come back: nothing goes on behind the caller's back. Items may
 * come one by one, as a listing does; no more are asked for than there are calls.
 */
export async function forEachLimited<T>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>
): Promise<void> {
  const waiting = oneByOne(items)
  let failure: unknown
  const lane = async () => {
    try {
      for (let next = await waiting.next(); !next.done && failure === undefined; next = await waiting.next()) {
        await work(next.value)
      }
    } catch (error) {
      failure ??= error
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  await waiting.return(undefined)
  if (failure !== undefined) throw failure
}

/** Asked by several at once, a generator answers one after the other. */
async function* oneByOne<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, undefined> {
  yield* items
}
