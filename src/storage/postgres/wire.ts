/** The few messages of PostgreSQL's protocol 3.0 that a server in front of PGlite must read or write by itself. */

export interface WireMessage {
  /** One letter; empty for the messages before a connection is up, which have none. */
  readonly type: string
  /** The whole message, with type and length. */
  readonly bytes: Buffer
}

const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104
const PROTOCOL_3_0 = 196_608

/** A statement with an 8 MB parameter is usual here; a gigabyte is an attack or an error. */
const MAX_MESSAGE_BYTES = 1 << 30

/** Cuts a byte stream into messages. @throws Error when the stream is not PostgreSQL's */
export function createMessageReader(): (chunk: Buffer, typed: () => boolean) => WireMessage[] {
  let chunks: Buffer[] = []
  let size = 0
  let wanted = 1

  return (chunk, typed) => {
    chunks.push(chunk)
    size += chunk.length
    // Joining only once a message is complete: a large one arrives in hundreds of chunks.
    if (size < wanted) return []
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    const messages: WireMessage[] = []
    for (;;) {
      const header = typed() ? 5 : 4
      const length = rest.length < header ? header : rest.readInt32BE(header - 4) + header - 4
      if (length < header || length > MAX_MESSAGE_BYTES) throw new Error(`a message of ${length} bytes`)
      wanted = rest.length < length ? length : 1
      if (rest.length < length) break
      messages.push({ type: header === 5 ? String.fromCharCode(rest[0] ?? 0) : '', bytes: rest.subarray(0, length) })
      rest = rest.subarray(length)
      // What follows an untyped message depends on the answer to it.
      if (header === 4) break
    }
    chunks = [rest]
    size = rest.length
    return messages
  }
}

export type Greeting = 'encryption' | 'startup' | 'other'

export function readGreeting(bytes: Buffer): Greeting {
  const code = bytes.length >= 8 ? bytes.readInt32BE(4) : 0
  if (code === SSL_REQUEST || code === GSS_REQUEST) return 'encryption'
  return code === PROTOCOL_3_0 ? 'startup' : 'other'
}

export function startupMessage(user: string, database: string): Buffer {
  const body = Buffer.from(`user\0${user}\0database\0${database}\0client_encoding\0UTF8\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + body.length, 0)
  head.writeInt32BE(PROTOCOL_3_0, 4)
  return Buffer.concat([head, body])
}

export const passwordRequest = (): Buffer => message('R', Buffer.from([0, 0, 0, 3]))

export const query = (sql: string): Buffer => message('Q', Buffer.from(`${sql}\0`))

export const sync = (): Buffer => message('S', Buffer.alloc(0))

/** @param state SQLSTATE */
export const errorResponse = (severity: 'ERROR' | 'FATAL', state: string, text: string): Buffer =>
  message('E', Buffer.from(`S${severity}\0V${severity}\0C${state}\0M${text}\0\0`))

/** I: idle, T: in a transaction, E: in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E'

export const readyForQuery = (status: TransactionStatus): Buffer => message('Z', Buffer.from(status))

const READY_BYTES = 6

/** @returns the status that an answer ends with; null when it does not end with ReadyForQuery */
export function readyStatus(answer: Buffer): TransactionStatus | null {
  const end = answer.subarray(-READY_BYTES)
  if (end.length < READY_BYTES || end[0] !== 0x5a || end.readInt32BE(1) !== 5) return null
  const status = String.fromCharCode(end[5] ?? 0)
  return status === 'I' || status === 'T' || status === 'E' ? status : null
}

/** The text of a statement, and the name it is to be kept under; null for messages that carry none. */
export function readStatement({ type, bytes }: WireMessage): { name: string; text: string } | null {
  if (type === 'Q') return { name: '', text: bytes.toString('utf8', 5, bytes.length - 1) }
  if (type !== 'P') return null
  const endOfName = bytes.indexOf(0, 5)
  const endOfText = bytes.indexOf(0, endOfName + 1)
  return { name: bytes.toString('utf8', 5, endOfName), text: bytes.toString('utf8', endOfName + 1, endOfText) }
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
