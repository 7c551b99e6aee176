/** What zip and tar have in common. */
import { AppError, isAppError, toError } from '../../base/errors.ts'

export interface ArchiveEntry {
  /** As stored; see names.ts. */
  readonly rawName: string
  /** Unpacked, as the archive announces it. */
  readonly bytes: number
  /** Why it cannot be read at all, with a code for the list of rejected files. */
  readonly refusal?: { readonly code: string; readonly message: string }
  /** The unpacked bytes, once, before the next entry is asked for. Whoever stops early costs no more than it must. */
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
