import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { type Client, Pool, type PoolClient } from 'pg'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { heardDatabaseError, RETRY_AFTER_S, translateDatabaseError } from './errors.ts'
import { SteadyClient } from './steady-client.ts'

export interface DatabaseOptions {
  readonly url: string
  /** Largest number of connections. */
  readonly max: number
  /** A statement that takes longer is cancelled; also the longest pause inside a transaction. */
  readonly statementTimeoutMs: number
  /**
   * What is between is a pooler of transactions: timeouts are not asked of the server, which would be state of a session (PgBouncer refuses
   * such a start, RDS Proxy keeps a connection for it). Its role has them: docs/deploy/aws.md.
   */
  readonly isPooled?: boolean
  /** Told about idle connections that break; the pool replaces them by itself. */
  readonly logger?: Pick<Logger, 'warn'>
}

export type Db = NodePgDatabase<Record<string, never>>

/** A connection that is nobody else's. */
export interface Alone {
  readonly client: Client
  /** Of the process that serves it. */
  readonly pid: number
  /** Without a word to a server that may not answer: what it was asked fails at once. */
  drop(): void
}

export interface Database {
  readonly pool: Pool
  readonly db: Db
  /** For statements that take as long as they take: beside the pool, which others wait for, and without its timeouts. */
  alone<T>(work: (connection: Alone) => Promise<T>): Promise<T>
  close(): Promise<void>
  /** @throws AppError database_unavailable, database_read_only */
  check(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000

/** Of the transaction that this statement is: true of a server in recovery, too. */
const IS_READ_ONLY = `select current_setting('transaction_read_only') as is_read_only`

/** Connects when first used, so a process starts while its database is still starting. */
export function createDatabase({ url, max, statementTimeoutMs, isPooled, logger }: DatabaseOptions): Database {
  const ofSession = { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: statementTimeoutMs }
  const pool = new Pool({
    Client: SteadyClient,
    connectionString: url,
    max,
    application_name: 'kappa',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(isPooled ? {} : ofSession),
    // The server's timeouts do not fire when the server is gone; a socket that stays silent this long is given up.
    query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS,
    keepAlive: true
  })
  pool.on('error', (error) => logger?.warn({ err: error }, 'an idle database connection broke'))
  return {
    pool,
    db: drizzle(pool),
    alone: (work) => alone(url, work),
    close: () => pool.end(),
    async check() {
      try {
        await checkWritable(pool)
      } catch (error) {
        throw heardDatabaseError(error)
      }
    }
  }
}

async function alone<T>(url: string, work: (connection: Alone) => Promise<T>): Promise<T> {
  const options = { connectionString: url, application_name: 'kappa', keepAlive: true }
  const client = new SteadyClient({ ...options, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  await client.connect()
  try {
    const { rows } = await client.query('select pg_backend_pid() as pid')
    return await work({ client, pid: rows[0].pid, drop: () => client.connection.stream.destroy() })
  } finally {
    await client.end()
  }
}

/** Connections that nobody uses are closed: of those of a process that was frozen meanwhile, nobody knows whether they are still there. */
export async function dropIdle(pool: Pool): Promise<void> {
  for (let left = pool.idleCount; left > 0; left--) (await pool.connect()).release(true)
}

async function checkWritable(pool: Pool): Promise<void> {
  const client = await pool.connect()
  let broken: Error | null = null
  try {
    const { rows } = await client.query(IS_READ_ONLY)
    // A new connection may find another server.
    if (rows[0]?.is_read_only === 'on') throw new AppError('database_read_only', { retryAfterS: RETRY_AFTER_S })
  } catch (error) {
    broken = toError(error)
    throw error
  } finally {
    client.release(broken ?? undefined)
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
    // After a failover a new connection finds the server that takes changes; the old one would lead to this one for ever.
    if (isReadOnly(error)) broken ??= error
    throw error
  } finally {
    client.removeListener('error', onError)
    client.release(broken ?? undefined)
  }
}

const isReadOnly = (error: unknown): error is AppError =>
  isAppError(translateDatabaseError(error), 'database_read_only')

/** @returns what went wrong, so that the caller's own error is the one that is thrown */
async function rollback(client: PoolClient): Promise<Error | null> {
  try {
    await client.query('rollback')
    return null
  } catch (error) {
    return error as Error
  }
}
