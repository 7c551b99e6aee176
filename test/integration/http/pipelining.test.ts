/** Requests that are sent behind each other without reading an answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createTestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()

async function pipeline(port: number, path: string, count: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  const closed = once(socket, 'close')
  const last = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count - 1) + last)
  await closed
  return text
}

test('some requests behind each other are answered, thousands end their connection and nothing else', {
  skip
}, async (t) => {
  const { app } = await createTestApp({ after: (hook) => t.after(hook) })
  let begun = 0
  app.server.on('request', () => {
    begun += 1
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const few = await pipeline(port, '/livez', 16)
  assert.equal(few.match(/HTTP\/1\.1 200/g)?.length, 16)

  begun = 0
  const many = await pipeline(port, '/openapi.json', 1500)
  assert.ok(begun > 16, 'Node hands out all that it has read')
  assert.ok((many.match(/HTTP\/1\.1 200/g)?.length ?? 0) <= 16)
  assert.match(await pipeline(port, '/livez', 1), /HTTP\/1\.1 200/)
})
