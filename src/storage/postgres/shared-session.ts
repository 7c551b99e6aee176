/**
 * PGlite is one PostgreSQL session; this shares it between connections without one seeing into another's work.
 *
 * @electric-sql/pglite-socket 0.2.17 shares it message by message: when a statement's parameters arrive in more than one
 * chunk of the socket (64 kB), another client's Parse gets between its Parse and its Bind, and as both use the unnamed
 * statement, one binds to the other's SQL. Seen: 3 of 400 statements with 300 kB parameters on 8 connections failed with
 * "bind message supplies 2 parameters, but prepared statement requires 1"; with equal parameters the wrong SQL would have
 * run. Also, one exception in PGlite locks its queue for ever. So turns are taken here by these rules:
 *
 * - A turn is everything up to a Sync or a simple query, run as one.
 * - After it PostgreSQL says whether a transaction is open. If so the session belongs to that connection until it is not,
 *   and the others wait: full isolation, one transaction at a time.
 * - A connection that goes away in its transaction is rolled back; one that falls silent in it is thrown out.
 */
import type { PGlite } from '@electric-sql/pglite'
import { query, readyStatus, sync, type TransactionStatus } from './wire.ts'

export interface SessionUser {
  /** The session was held for too long: the connection is to be closed. */
  evict(): void
}

interface Turn {
  readonly user: SessionUser
  readonly bytes: Uint8Array
  readonly onData: (bytes: Buffer) => void
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class SharedSession {
  readonly #db: Pick<PGlite, 'execProtocolRawStream'>
  readonly #idleMs: number
  #turns: Turn[] = []
  #holder: SessionUser | null = null
  #status: TransactionStatus = 'I'
  #busy = false
  #idleTimer: NodeJS.Timeout | undefined

  /** @param idleMs longest silence of a connection inside its transaction */
  constructor(db: Pick<PGlite, 'execProtocolRawStream'>, idleMs: number) {
    this.#db = db
    this.#idleMs = idleMs
  }

  statusOf(user: SessionUser): TransactionStatus {
    return this.#holder === user ? this.#status : 'I'
  }

  /** Resolves when the turn has been taken and all of its answer was given to `onData`. */
  run(user: SessionUser, bytes: Uint8Array, onData: (bytes: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.push({ user, bytes, onData, resolve, reject })
      void this.#takeTurns()
    })
  }

  /** Nobody waits for this user's answers any more: drops its turns and undoes its transaction. */
  async leave(user: SessionUser): Promise<void> {
    this.#turns = this.#turns.filter((turn) => turn.user !== user)
    if (this.#holder !== user) return
    // Sync ends a half-sent extended query; outside a transaction the rollback is only a warning.
    await this.run(user, Buffer.concat([sync(), query('rollback')]), () => {})
  }

  async #takeTurns(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    for (let turn = this.#next(); turn; turn = this.#next()) {
      clearTimeout(this.#idleTimer)
      try {
        await this.#take(turn)
        turn.resolve()
      } catch (error) {
        turn.reject(error as Error)
      }
    }
    this.#busy = false
  }

  #next(): Turn | undefined {
    const holder = this.#holder
    const i = holder === null ? 0 : this.#turns.findIndex((turn) => turn.user === holder)
    return i < 0 ? undefined : this.#turns.splice(i, 1)[0]
  }

  async #take({ user, bytes, onData }: Turn): Promise<void> {
    let end: Buffer = Buffer.alloc(0)
    await this.#db.execProtocolRawStream(bytes, {
      syncToFs: false,
      onRawData: (data) => {
        // A view of PGlite's memory, which it uses again.
        const copy = Buffer.from(data)
        end = copy.length >= 6 ? copy : Buffer.concat([end, copy])
        onData(copy)
      }
    })
    const status = readyStatus(end)
    this.#holder = status === 'I' ? null : user
    this.#status = status ?? this.#status
    if (this.#holder !== null) {
      this.#idleTimer = setTimeout(() => user.evict(), this.#idleMs)
      this.#idleTimer.unref()
    }
  }
}
