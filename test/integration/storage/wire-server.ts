/** A server that speaks as much of PostgreSQL's protocol, version 3, as a test needs: what to say is said by the test. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { TestContext } from 'node:test'

/** Its letter, its length, its content. */
function message(letter: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + content.length)
  return Buffer.concat([Buffer.from(letter), length, content])
}

/** What a client says last. */
const TERMINATE = 'X'

export const AUTHENTICATED = message('R', Buffer.alloc(4))
export const READY = message('Z', Buffer.from('I'))
export const DONE = message('C', Buffer.from('SELECT 1\0'))
export const refusal = (code: string, text: string): Buffer =>
  message('E', Buffer.from(`SFATAL\0C${code}\0M${text}\0\0`))

/** Where nobody listens. */
export async function freeAddress(): Promise<{ port: number; url: string }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return { port, url: `postgres://kappa@127.0.0.1:${port}/kappa` }
}

export interface Answering {
  readonly port: number
  /** To one packet after the other, in one packet each; the last one again and again. */
  readonly answers: readonly (readonly Buffer[])[]
  /** Ends the connection with the last answer. */
  readonly ends?: boolean
}

export async function answering(t: TestContext, { port, answers, ends = false }: Answering): Promise<void> {
  const server = createServer((socket) => {
    let given = 0
    socket.on('error', () => {}) // the client may be gone
    socket.on('data', (packet) => {
      if (packet.toString('latin1', 0, 1) === TERMINATE) return void socket.end()
      const answer = Buffer.concat(answers[Math.min(given, answers.length - 1)]!)
      given++
      if (ends && given >= answers.length) socket.end(answer)
      else socket.write(answer)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
}
