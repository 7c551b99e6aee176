/** A PostgreSQL that ends in the same packet as its answer: a restart that comes just when a connection is there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createDatabase, inTransaction } from '../../../src/storage/postgres/client.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { SteadyClient } from '../../../src/storage/postgres/steady-client.ts'

/** A message of PostgreSQL's protocol, version 3: its letter, its length, its content. */
function message(letter: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + content.length)
  return Buffer.concat([Buffer.from(letter), length, content])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', Buffer.from('I'))
const SHUTDOWN = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'))
const BEGUN = message('C', Buffer.from('BEGIN\0'))

/** Ends after so many answers, with the last of them. */
async function endingServer(t: TestContext, answers: number): Promise<string> {
  const server = createServer((socket) => {
    let given = 0
    socket.on('error', () => {}) // the client may be gone
    socket.on('data', () => {
      const answer = given === 0 ? [AUTHENTICATED, READY] : [BEGUN, READY]
      given++
      if (given < answers) return void socket.write(Buffer.concat(answer))
      socket.end(Buffer.concat([...answer, SHUTDOWN]))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `postgres://kappa@127.0.0.1:${(server.address() as AddressInfo).port}/kappa`
}

// What nobody listens to ends the process, and here fails the test.
for (const answers of [1, 2]) {
  test(`transactions and statements fail with the ${answers === 1 ? 'connection' : 'first statement'}, and the process goes on`, async (t) => {
    const url = await endingServer(t, answers)
    const database = createDatabase({ url, max: 2, statementTimeoutMs: 5000 })
    t.after(() => database.close())
    for (let i = 0; i < 3; i++) {
      await assert.rejects(inTransaction(database.pool, (client) => client.query('select 1')))
      // Its one statement may have been answered before the end.
      if (answers === 1) await assert.rejects(database.check(), { code: 'database_unavailable' })
      else await database.check()
    }
    await assert.rejects(migrate(url), { code: 'database_unavailable' })
  })

  test(`the queue fails with the ${answers === 1 ? 'connection' : 'first statement'}, and the process goes on`, async (t) => {
    const url = await endingServer(t, answers)
    const options = { url, max: 2, name: 'test', supervise: false, logger: silentLogger, Client: SteadyClient }
    await assert.rejects(startBoss(options))
  })
}
