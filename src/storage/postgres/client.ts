import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Pool, type PoolClient } from 'pg'
import type { Logger } from '../../base/log.ts'
import { translateDatabaseError } from './errors.ts'
import { SteadyClient } from './steady-client.ts'

export interface DatabaseOptions {
  readonly url: string
  /** Largest number of connections. */
  readonly max: number
  /** A statement that takes longer is cancelled; also the longest pause inside a transaction. */
  readonly statementTimeoutMs: number
  /** Told about idle connections that break; the pool replaces them by itself. */
  readonly logger?: Pick<Logger, 'warn'>
}

export type Db = NodePgDatabase<Record<string, never>>

export interface Database {
  readonly pool: Pool
  readonly db: Db
  close(): Promise<void>
  /** @throws AppError database_unavailable */
  check(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000

/** Connects when first used, so a process starts while its database is still starting. */
export function createDatabase({ url, max, statementTimeoutMs, logger }: DatabaseOptions): Database {
  const pool = new Pool({
    Client: SteadyClient,
    connectionString: url,
    max,
    application_name: 'kappa',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // The server's timeouts do not fire when the server is gone; a socket that stays silent this long is given up.
    query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS,
    keepAlive: true
  })
  pool.on('error', (error) => logger?.warn({ err: error }, 'an idle database connection broke'))
  return {
    pool,
    db: drizzle(pool),
    close: () => pool.end(),
    async check() {
      try {
        await pool.query('select 1')
      } catch (error) {
        throw translateDatabaseError(error)
      }
    }
  }
}

/** Runs `work` in one transaction of one connection. Commit and rollback that fail drop the connection. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | null = null
  // The pool does not listen while a connection is lent; without this a lost server would end the process.
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    broken ??= await rollback(client)
    throw error
  } finally {
    client.removeListener('error', onError)
    client.release(broken ?? undefined)
  }
}

/** @returns what went wrong, so that the caller's own error is the one that is thrown */
async function rollback(client: PoolClient): Promise<Error | null> {
  try {
    await client.query('rollback')
    return null
  } catch (error) {
    return error as Error
  }
}
