/** Clients that no HTTP library would be: they send what a test says, as far as it says, and leave how it says. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { settle } from './fake-clock.ts'

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** A content-length comes by itself, unless the headers say how the body is sent. */
export function formatRequest({ method, path, headers = {}, body }: RawRequest): Buffer {
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  const isSized = names.includes('content-length') || names.includes('transfer-encoding')
  const all = { host: 'localhost', ...headers, ...(body && !isSized && { 'content-length': String(body.length) }) }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`), body ?? Buffer.alloc(0)])
}

/** In pieces of unknown number, as chunked bodies are. */
export const chunked = (pieces: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n')
  ])

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  // Whatever the server does to the connection is what the test wants to see.
  socket.on('error', () => {})
  return socket
}

export interface Leave {
  /** Bytes of the request that are sent before. */
  readonly afterBytes: number
  /** Bytes of the answer that are waited for before. */
  readonly readBytes: number
  /** Turns of the event loop that pass before. */
  readonly turns: number
  /** `end` says goodbye first: the server may still answer. */
  readonly how: 'reset' | 'destroy' | 'end'
}

/** Sends a part of a request and is gone. */
export async function sendAndLeave(port: number, request: Buffer, leave: Leave): Promise<void> {
  const socket = await open(port)
  const closed = once(socket, 'close')
  let read = 0
  const hasRead = new Promise<void>((resolve) => {
    socket.on('data', ({ length }) => {
      read += length
      if (read >= leave.readBytes) resolve()
    })
  })
  socket.write(request.subarray(0, leave.afterBytes))
  if (leave.readBytes > 0) await Promise.race([hasRead, closed])
  await settle(leave.turns)
  if (leave.how === 'reset') socket.resetAndDestroy()
  else if (leave.how === 'end') {
    socket.end()
    await settle(leave.turns)
  }
  socket.destroy()
  await closed
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** All of the answer to one request, until the server ends the connection. */
export async function exchange(port: number, request: Buffer): Promise<RawAnswer> {
  const socket = await open(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  const closed = once(socket, 'close')
  socket.write(request)
  await closed
  const received = Buffer.concat(chunks)
  const end = received.indexOf('\r\n\r\n')
  const [status = '', ...lines] = received.toString('latin1', 0, Math.max(0, end)).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return {
    status: Number(status.split(' ')[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: received.subarray(end + 4)
  }
}
