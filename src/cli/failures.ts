/** Whatever was thrown as one sentence: what a user can put right, what the system says, and bugs. */
import { AppError, isAppError, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import { diskTroubleOf } from '../base/system-errors.ts'

/** Answers of the system that have to do with what it was asked for; EIO and the like have not. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'there is no permission',
  EPERM: 'it is not permitted',
  EROFS: 'the disk is read-only',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a part of the path is a file',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOTEMPTY: 'the folder is not empty',
  EBUSY: 'it is in use',
  EMFILE: 'too many files are open'
}

const codeOf = (error: unknown): string | null => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : null
}

/** For the end of a sentence. */
export function systemReason(error: unknown): string {
  const code = codeOf(error)
  return (code !== null && REASONS[code]) || toError(error).message
}

/** An expected failure, or null for a bug. */
export function expectedFailure(thrown: unknown): AppError | null {
  if (isAppError(thrown)) return thrown
  const error = toError(thrown)
  const code = codeOf(error)
  const trouble = diskTroubleOf(error)
  // A read-only folder that the user chose has words of its own below.
  if (trouble !== null && (code === null || REASONS[code] === undefined))
    return new AppError(trouble, {}, { cause: error })
  if (isOutOfMemory(error))
    return new AppError('out_of_memory', { message: 'There is not enough memory.' }, { cause: error })
  if (code === null || REASONS[code] === undefined) return null
  const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : ''
  return new AppError('invalid_request', { message: `${path}${REASONS[code]}.` }, { cause: error })
}
