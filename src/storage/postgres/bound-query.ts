/**
 * Statements that say whose they are: each carries, ahead of itself and in the same packet, the role that it acts as and the project
 * that it asks for. Both end with its transaction, which for a statement alone ends at the same Sync: there is nothing to take back, so
 * nothing stays on a connection for the next one who is given it, in our pool or in one between us and the server.
 */
import { type Connection, type Pool, type PoolClient, Query, type QueryConfig, type QueryResult } from 'pg'
import { AppError } from '../../base/errors.ts'

/** Owns nothing and may not log in: row-level security holds for it, as it does not for owners and superusers. */
export const REQUEST_ROLE = 'kappa_request'

const BIND = "select set_config('role', $1, true), set_config('kappa.project', $2, true)"

type Asked = string | Pick<QueryConfig, 'text' | 'values'>
type Callback = (error: Error | null, result: QueryResult) => void

/** As much of a pool or connection as statements need. */
export interface Queryable {
  query(asked: Asked, values?: unknown[]): Promise<QueryResult>
}

/** What a client calls of pg's own query while it is answered; the types leave it out. */
interface Answered {
  submit(connection: Connection): Error | null
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, connection: Connection): void
  handleError(error: Error & { readonly code?: string }, connection: Connection): void
}

const PgQuery = Query as unknown as new (config: object) => Answered

/** invalid_parameter_value: no such role; insufficient_privilege: not a member of it */
const ROLE_IS_REFUSED = new Set(['22023', '42501'])

class BoundQuery extends PgQuery {
  readonly #binding: readonly [role: string, project: string]
  #isBound = false

  constructor(config: object, binding: readonly [string, string]) {
    // A statement of the simple protocol would be a packet of its own.
    super({ ...config, queryMode: 'extended' })
    this.#binding = binding
  }

  override submit(connection: Connection): Error | null {
    connection.stream.cork()
    try {
      connection.parse({ name: '', text: BIND, types: [] }, true)
      connection.bind({ values: [...this.#binding] }, true)
      connection.execute({}, true)
      return super.submit(connection)
    } finally {
      connection.stream.uncork()
    }
  }

  override handleDataRow(message: unknown): void {
    if (this.#isBound) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.#isBound) super.handleCommandComplete(message, connection)
    this.#isBound = true
  }

  override handleError(error: Error & { readonly code?: string }, connection: Connection): void {
    const isRefused = !this.#isBound && ROLE_IS_REFUSED.has(error.code ?? '')
    super.handleError(isRefused ? roleIsRefused(error) : error, connection)
  }
}

export const roleIsRefused = (cause?: Error): AppError => {
  const message = `The database's role may not act as ${REQUEST_ROLE}: npm run migrate grants it, or says who can.`
  return new AppError('schema_outdated', { message }, { cause })
}

/** @param projectId null for every project's: what a request looks up beyond its own, such as keys, it asks as who has logged in */
export function bound(connection: Pool | PoolClient, projectId: string | null): Queryable {
  const binding = projectId === null ? (['none', ''] as const) : ([REQUEST_ROLE, projectId] as const)
  const submit = connection.query.bind(connection) as unknown as (
    query: BoundQuery,
    values: undefined,
    callback: Callback
  ) => void
  return {
    query: (asked, values) =>
      new Promise((resolve, reject) => {
        const config = typeof asked === 'string' ? { text: asked } : asked
        const query = new BoundQuery({ ...config, ...(values && { values }) }, binding)
        submit(query, undefined, (error, result) => (error ? reject(error) : resolve(result)))
      })
  }
}
