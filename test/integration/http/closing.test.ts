/** A process that ends: what is under way is finished, and nobody can hold it up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
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
