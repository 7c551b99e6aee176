/** What a run begins from, in the local cache: needed by legs that begin at the first step, and by no other. */
import { AppError, isAppError } from '../base/errors.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import type { Claim } from '../services/runs/legs.ts'

/**
 * @returns null where the run begins at random weights
 * @throws AppError init_unavailable, which no other attempt mends; storage_unavailable, storage_full; the signal's reason
 */
export async function fetchInit(
  cache: LocalCache,
  { run: { init }, initFiles }: Pick<Claim, 'run' | 'initFiles'>,
  signal: AbortSignal
): Promise<CachedFolder | null> {
  if (init === null) return null
  if (initFiles === null) throw gone(`${init.from}, which the run begins from, is gone.`)
  return cache.acquire(initFiles, signal).catch((error: unknown) => {
    if (!isAppError(error, 'object_not_found') && !isAppError(error, 'object_damaged')) throw error
    throw gone(`${init.from}, which the run begins from, cannot be read: ${error.message}`)
  })
}

const gone = (message: string): AppError => new AppError('init_unavailable', { message })
