import { AppError, type ErrorCode, toError } from '../../base/errors.ts'
import { happened } from '../../base/happenings.ts'
import { isRecord } from '../../base/json.ts'
import { DISK_FULL, systemCodeOf } from '../../base/system-errors.ts'
import { RETRY_AFTER_S } from './patience.ts'

/** Names that S3 and the servers compatible with it give; the status decides about all others. */
const NAMES: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'object_not_found',
  NotFound: 'object_not_found',
  NoSuchUpload: 'upload_not_found',
  InvalidPart: 'upload_incomplete',
  InvalidPartOrder: 'upload_incomplete',
  EntityTooSmall: 'upload_incomplete',
  NoSuchBucket: 'storage_unavailable',
  AccessDenied: 'storage_unavailable',
  InvalidAccessKeyId: 'storage_unavailable',
  SignatureDoesNotMatch: 'storage_unavailable',
  CredentialsProviderError: 'storage_unavailable',
  TimeoutError: 'storage_unavailable',
  XMinioStorageFull: 'storage_full',
  QuotaExceeded: 'storage_full',
  InsufficientStorage: 'storage_full'
}

/** Of the socket, and of the local disk that an object is downloaded to. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'storage_unavailable',
  ECONNRESET: 'storage_unavailable',
  EPIPE: 'storage_unavailable',
  ETIMEDOUT: 'storage_unavailable',
  ENOTFOUND: 'storage_unavailable',
  EAI_AGAIN: 'storage_unavailable',
  EHOSTUNREACH: 'storage_unavailable',
  ERR_STREAM_PREMATURE_CLOSE: 'storage_unavailable',
  ...DISK_FULL
}

const INSUFFICIENT_STORAGE = 507

/** Wrong credentials, a missing account or too many requests, under names that every server invents for itself. */
const REFUSED = new Set([401, 403, 404, 429])

export function translateS3Error(thrown: unknown, key?: string): Error {
  const error = toError(thrown)
  if (error instanceof AppError) return error
  const code = NAMES[error.name] ?? codeOfStatus(statusOf(error)) ?? CODES[codeOf(error)]
  if (code === undefined) return error
  if (code === 'storage_unavailable' || code === 'storage_full') happened('outage', { dependency: 'objects', code })
  const details = {
    ...(key === undefined ? {} : { key }),
    ...(code === 'storage_unavailable' ? { retryAfterS: RETRY_AFTER_S } : {})
  }
  return new AppError(code, details, { cause: error })
}

function codeOfStatus(status: number): ErrorCode | undefined {
  if (status === INSUFFICIENT_STORAGE) return 'storage_full'
  return status >= 500 || REFUSED.has(status) ? 'storage_unavailable' : undefined
}

function statusOf(error: Error): number {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  return isRecord(metadata) && 'httpStatusCode' in metadata ? Number(metadata['httpStatusCode']) : 0
}

function codeOf(error: Error): string {
  // Node joins the failures of a host's several addresses.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(toError(error.errors[0]))
  return systemCodeOf(error)
}
