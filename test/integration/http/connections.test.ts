/** Connections that hold up a process that ends, and those that send requests behind each other without reading an answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createTestApp } from '../../helpers/app.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()

const HALVES = {
  'half a body': 'POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n',
  'half a form':
    'POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n'
}

for (const [what, head] of Object.entries(HALVES)) {
  test(`a client that has sent ${what} and waits holds a process that ends for seconds, not minutes`, {
    skip
  }, async (t) => {
    const clock = fakeClock()
    const { app, adminKey } = await createTestApp({ after: (hook) => t.after(hook) }, { clock })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const arrived = new Promise<void>((done) => app.server.once('request', () => done()))
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    const gone = once(socket, 'close')
    socket.write(`${head}Authorization: Bearer ${adminKey}\r\n\r\n`)
    await arrived
    let isClosed = false
    const closing = app.close().then(() => {
      isClosed = true
    })
    await settle()
    assert.equal(isClosed, false, 'what is under way has time')
    while (!isClosed) await clock.advance(1000)
    await Promise.all([closing, gone])
  })
}

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
