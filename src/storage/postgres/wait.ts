/** A process may be started before its database, or while that is away or takes no changes: it waits, and says so once. */
import { type Clock, systemClock } from '../../base/clock.ts'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import { createDatabase } from './client.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 5000
const STATEMENT_TIMEOUT_MS = 5000

export interface Waiting {
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/**
 * Resolves when the database has answered.
 *
 * @throws AppError database_refuses where waiting would not help: a wrong password, a database that is not there
 */
export async function waitForDatabase(url: string, { tell, clock = systemClock }: Waiting): Promise<void> {
  const database = createDatabase({ url, max: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  try {
    for (let waitMs = FIRST_WAIT_MS, tries = 0; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS), tries++) {
      try {
        await database.check()
        if (tries > 0) tell('The database is there.')
        return
      } catch (error) {
        const why = reasonOf(error)
        if (!isAppError(error, 'database_unavailable') && !isAppError(error, 'database_read_only')) {
          throw new AppError('database_refuses', { message: `The database refuses: ${why}` }, { cause: error })
        }
        if (tries === 0) tell(`Waiting for the database: ${why}`)
        await clock.sleep(waitMs)
      }
    }
  } finally {
    await database.close()
  }
}

/**
 * Resolves when the database has the schema of this code: a worker that took jobs before would fail them.
 *
 * @param check of migrate.ts
 * @param signal ends the waiting
 */
export async function waitForSchema(
  check: () => Promise<void>,
  { tell, clock = systemClock, signal }: Waiting & { readonly signal: AbortSignal }
): Promise<void> {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await check()
    } catch (error) {
      if (!isAppError(error, 'schema_outdated') && !isAppError(error, 'database_unavailable')) throw error
      if (tries === 0) tell(error.message)
      await clock.sleep(LONGEST_WAIT_MS, signal).catch(() => {}) // told to end
    }
  }
}

function reasonOf(error: unknown): string {
  const cause = toError(isAppError(error) ? (error.cause ?? error) : error)
  // A host with several addresses fails with all of their errors at once.
  return cause instanceof AggregateError && cause.message === '' ? toError(cause.errors[0]).message : cause.message
}
