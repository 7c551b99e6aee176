/** Errors lose their class on the way between threads. */
import { AppError, type ErrorCode, type ErrorDetails, isAppError } from './errors.ts'

export interface SentError {
  /** Null for what was not expected. */
  readonly code: string | null
  readonly message: string
  readonly details: ErrorDetails
}

export function sentError(error: unknown): SentError {
  if (isAppError(error)) return { code: error.code, message: error.message, details: error.details }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: null, message, details: {} }
}

/** @param who failed, where it was not expected */
export const receivedError = ({ code, message, details }: SentError, who: string): Error =>
  code === null ? new Error(`${who} failed: ${message}`) : new AppError(code as ErrorCode, { ...details, message }) // as sent
