/** What zip and tar have in common. */
import { AppError, isAppError, toError } from '../../base/errors.ts'

export interface ArchiveEntry {
  /** As stored; see names.ts. */
  readonly rawName: string
  /** Why it cannot be read at all, with a code for the list of rejected files. */
  readonly refusal?: { readonly code: string; readonly message: string }
  /** The unpacked bytes, once, before the next entry is asked for. */
  content(): AsyncIterable<Uint8Array>
}

/** The file as the user knows it, and where it is. */
export interface ArchiveFile {
  readonly path: string
  readonly name: string
}

export function archiveInvalid(name: string, error: unknown): AppError {
  if (isAppError(error)) return error
  const message = `${name} cannot be read: ${toError(error).message}`
  return new AppError('archive_invalid', { message, file: name }, { cause: error })
}

/**
 * All bytes in one array, or null when there are more than `limit` allows for what begins like this. Reads to the end
 * in any case, because a tar goes on after it.
 */
export async function collect(
  content: AsyncIterable<Uint8Array>,
  limit: (head: Uint8Array) => number
): Promise<Uint8Array | null> {
  let chunks: Uint8Array[] = []
  let length = 0
  let most = 0
  for await (const chunk of content) {
    if (length === 0) most = limit(chunk)
    length += chunk.length
    if (length <= most) chunks.push(chunk)
    else chunks = []
  }
  if (length > most) return null
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length)
}
