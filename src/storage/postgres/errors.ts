/** Postgres and socket failures in the words of the catalogue; what is not listed is a bug and stays what it is. */
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { AppError, type ErrorCode, isAppError, toError } from '../../base/errors.ts'
import { happened } from '../../base/happenings.ts'

export const RETRY_AFTER_S = 5
/** Whoever was in the way is done by then, or undone. */
const RETRY_CONFLICT_AFTER_S = 1

/** Classes 08 (connection) and 57P (shutdown) are added below. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'database_unavailable',
  ECONNRESET: 'database_unavailable',
  EPIPE: 'database_unavailable',
  ETIMEDOUT: 'database_unavailable',
  ENOTFOUND: 'database_unavailable',
  EAI_AGAIN: 'database_unavailable',
  EHOSTUNREACH: 'database_unavailable',
  /** too_many_connections */
  '53300': 'database_unavailable',
  /** query_canceled: the statement timeout */
  '57014': 'database_unavailable',
  /** idle_in_transaction_session_timeout */
  '25P03': 'database_unavailable',
  /** lock_not_available: the same request may succeed a moment later */
  '55P03': 'database_unavailable',
  /** deadlock_detected, serialization_failure: this one was undone so that others could go on */
  '40P01': 'write_conflict',
  '40001': 'write_conflict',
  /** read_only_sql_transaction: a server that follows another since a failover, or that somebody set so */
  '25006': 'database_read_only',
  /** undefined_table, undefined_column: npm run migrate was not run */
  '42P01': 'schema_outdated',
  '42703': 'schema_outdated',
  /** disk_full */
  '53100': 'storage_full'
}

/** pg reports these without a code. */
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|server conn crashed/i

export const causeOf = (thrown: unknown): Error =>
  thrown instanceof DrizzleQueryError && thrown.cause ? thrown.cause : toError(thrown)

/** What the database calls it; undefined of what it has not said. */
export function causeCodeOf(thrown: unknown): unknown {
  const error = causeOf(thrown)
  return 'code' in error ? error.code : undefined
}

const hasCode = (thrown: unknown, code: string): boolean => causeCodeOf(thrown) === code

/** As translateDatabaseError, of a call that has just failed: it is counted, but for a conflict, which the database has settled. */
export function heardDatabaseError(thrown: unknown): Error {
  const error = translateDatabaseError(thrown)
  if (isAppError(error) && error !== thrown && !UNCOUNTED.has(error.code))
    happened('outage', { dependency: 'database', code: error.code })
  return error
}

/** Says nothing about the database. */
const UNCOUNTED: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'write_conflict'])

/** Of every table's project_id. */
const OF_PROJECT = /_project_id_projects_id_fk$/

/** A request whose project was deleted while it was under way: its key opens nothing any more. */
const hasNoProject = (error: Error): boolean =>
  'code' in error && error.code === '23503' && 'constraint' in error && OF_PROJECT.test(String(error.constraint))

/** What the row belongs to is not there, or no longer. */
export const violatesForeignKey = (thrown: unknown): boolean => hasCode(thrown, '23503')

export const violatesUnique = (thrown: unknown): boolean => hasCode(thrown, '23505')

/** Longer than lock_timeout. */
export const waitedForLock = (thrown: unknown): boolean => hasCode(thrown, '55P03')

export function translateDatabaseError(thrown: unknown): Error {
  const error = causeOf(thrown)
  if (error instanceof AppError) return error
  if (hasNoProject(error)) return new AppError('unauthorized', {}, { cause: error })
  const code = codeOf(error)
  if (code === null) return error
  const retryAfterS = code === 'write_conflict' ? RETRY_CONFLICT_AFTER_S : RETRY_AFTER_S
  return new AppError(code, code === 'storage_full' ? {} : { retryAfterS }, { cause: error })
}

function codeOf(error: Error): ErrorCode | null {
  // A host with several addresses fails with all of their errors at once.
  if (error instanceof AggregateError) return error.errors.length > 0 ? codeOf(toError(error.errors[0])) : null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code.startsWith('08') || code.startsWith('57P')) return 'database_unavailable'
  return CODES[code] ?? (MESSAGES.test(error.message) ? 'database_unavailable' : null)
}

/** A store whose methods reject with translated errors. */
export function translating<T extends object>(store: T): T {
  const wrapped = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await method(...args)
      } catch (error) {
        throw heardDatabaseError(error)
      }
    }
  ])
  return Object.fromEntries(wrapped) as T // same names, same signatures
}
