/** What the operating system says went wrong, and what of it is a disk's fault, not that of the work which met it. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { AppError, isAppError } from './errors.ts'

/** The name that Node gives, such as ENOENT; empty for what is not an error of the system. */
export const systemCodeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** The disk has no room left, or this user's share of it has none. */
export const DISK_FULL = { ENOSPC: 'storage_full', EDQUOT: 'storage_full' } as const

/** It takes nothing at all: a kernel that finds a file system damaged goes on with it read-only. */
const DISK_UNUSABLE = { EROFS: 'disk_unusable', EIO: 'disk_unusable' } as const

const DISK_TROUBLE = new Map<string, 'storage_full' | 'disk_unusable'>(
  Object.entries({ ...DISK_FULL, ...DISK_UNUSABLE })
)

/** Null unless it, or what caused it, says that a disk takes nothing more. */
export function diskTroubleOf(error: unknown): 'storage_full' | 'disk_unusable' | null {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++) {
    const code = DISK_TROUBLE.get(systemCodeOf(one))
    if (code !== undefined) return code
  }
  return null
}

/** The same error, unless it says that a disk takes nothing more. */
export function asDiskTrouble(error: unknown): unknown {
  const code = isAppError(error) ? null : diskTroubleOf(error)
  return code === null ? error : new AppError(code, {}, { cause: error })
}

/** @throws AppError storage_full, disk_unusable, and whatever else the operation throws */
export const writing = <T>(operation: Promise<T>): Promise<T> =>
  operation.catch((error: unknown) => {
    throw asDiskTrouble(error)
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
