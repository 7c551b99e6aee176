/** What the operating system says went wrong, and the one case in which the user can do something about it: a full disk. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { AppError } from './errors.ts'

/** The name that Node gives, such as ENOENT; empty for what is not an error of the system. */
export const systemCodeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** The disk has no room left, or this user's share of it has none. */
export const DISK_FULL = { ENOSPC: 'storage_full', EDQUOT: 'storage_full' } as const

/** The same error, unless it says that there is no room. */
export const asStorageFull = (error: unknown): unknown =>
  Object.hasOwn(DISK_FULL, systemCodeOf(error)) ? new AppError('storage_full', {}, { cause: error }) : error

/** @throws AppError storage_full, and whatever else the operation throws */
export const writing = <T>(operation: Promise<T>): Promise<T> =>
  operation.catch((error: unknown) => {
    throw asStorageFull(error)
  })

/**
 * When the stream takes more: a disk may be slower than what is written to it, and one that fails never drains.
 *
 * @param ended of the stream, as `finished` has it
 */
export async function written(stream: Writable, chunk: string, ended: Promise<void>): Promise<void> {
  if (stream.write(chunk)) return
  const left = new AbortController()
  await Promise.race([once(stream, 'drain', { signal: left.signal }), ended]).finally(() => left.abort())
}
