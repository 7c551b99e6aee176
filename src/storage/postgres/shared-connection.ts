import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SessionUser, SharedSession } from './shared-session.ts'
import {
  createMessageReader,
  errorResponse,
  passwordRequest,
  readGreeting,
  readStatement,
  readyForQuery,
  type WireMessage
} from './wire.ts'

export interface ConnectionOptions {
  readonly session: SharedSession
  readonly password: string
  /** What PGlite answers to a startup message: settings, key, ready. The same for all, as they share one session. */
  readonly welcome: Buffer
}

/** Messages after which PostgreSQL answers: Query, Sync, Flush, Function call. */
const ENDS_TURN = new Set(['Q', 'S', 'H', 'F'])

/**
 * What would change or wait in the session of all. Refused rather than done for somebody else: session settings, listening,
 * statements and cursors with a life beyond the transaction, session locks (granted to everybody at once), COPY's stream.
 */
const NOT_SHARABLE =
  /^\s*(set\s+(?!local\b|transaction\b|constraints\b)|listen\b|prepare\b|discard\b|copy\b[^;]*\bstdin\b)|\bpg_(try_)?advisory_lock(_shared)?\s*\(/i

const REFUSAL =
  'The embedded database has one session for all connections: SET, LISTEN, named statements, session locks and COPY need a real server (DATABASE_URL).'

/** Serves one socket until it closes. */
export function serveConnection(socket: Socket, { session, password, welcome }: ConnectionOptions): void {
  const read = createMessageReader()
  const write = (bytes: Buffer) => {
    if (socket.writable) socket.write(bytes)
  }
  const user: SessionUser = {
    evict() {
      write(errorResponse('FATAL', '25P03', 'terminating connection due to idle-in-transaction timeout'))
      socket.destroySoon()
    }
  }
  let phase: 'greeting' | 'password' | 'ready' = 'greeting'
  let turn: WireMessage[] = []
  let turns: Promise<void> = Promise.resolve()

  const greet = ({ bytes }: WireMessage) => {
    const greeting = readGreeting(bytes)
    if (greeting === 'encryption') return write(Buffer.from('N'))
    // A request to cancel gets no answer by protocol, and there is nothing that could be cancelled.
    if (greeting === 'other') return socket.destroySoon()
    phase = 'password'
    write(passwordRequest())
  }

  const admit = (message: WireMessage) => {
    if (!isPassword(message, password)) {
      write(errorResponse('FATAL', '28P01', 'password authentication failed'))
      return socket.destroySoon()
    }
    phase = 'ready'
    write(welcome)
  }

  const collect = (message: WireMessage) => {
    if (message.type === 'X') return socket.end()
    turn.push(message)
    if (!ENDS_TURN.has(message.type)) return
    const complete = turn
    turn = []
    turns = turns
      .then(() => (socket.destroyed ? undefined : takeTurn(session, user, { messages: complete, write })))
      .catch((error: Error) => {
        socket.destroy(error)
      })
  }

  const handlers = { greeting: greet, password: admit, ready: collect }

  socket.setNoDelay(true)
  socket.on('data', (chunk) => {
    try {
      for (const message of read(chunk, () => phase !== 'greeting')) handlers[phase](message)
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  // A client that was killed resets its connection; 'close' follows and does what is to be done.
  socket.on('error', () => {})
  socket.on('close', () => void session.leave(user))
}

interface ConnectionTurn {
  readonly messages: readonly WireMessage[]
  readonly write: (bytes: Buffer) => void
}

async function takeTurn(session: SharedSession, user: SessionUser, { messages, write }: ConnectionTurn): Promise<void> {
  if (messages.some(isRefused)) {
    write(Buffer.concat([errorResponse('ERROR', '0A000', REFUSAL), readyForQuery(session.statusOf(user))]))
  } else {
    await session.run(user, Buffer.concat(messages.map((message) => message.bytes)), write)
  }
}

function isRefused(message: WireMessage): boolean {
  const statement = readStatement(message)
  return statement !== null && (statement.name !== '' || NOT_SHARABLE.test(statement.text))
}

function isPassword({ type, bytes }: WireMessage, password: string): boolean {
  const given = bytes.subarray(5, -1)
  const expected = Buffer.from(password)
  return type === 'p' && given.length === expected.length && timingSafeEqual(given, expected)
}
