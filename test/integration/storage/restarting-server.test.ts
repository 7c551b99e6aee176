/** A PostgreSQL that is not there yet, refuses, or ends just when a connection is there, as in a restart. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createDatabase, inTransaction } from '../../../src/storage/postgres/client.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { SteadyClient } from '../../../src/storage/postgres/steady-client.ts'
import { waitForDatabase } from '../../../src/storage/postgres/wait.ts'
import { AUTHENTICATED, answering, DONE, freeAddress, READY, refusal } from './wire-server.ts'

const SHUTDOWN = refusal('57P01', 'terminating connection due to administrator command')

/** Ends after so many answers, with the last of them. */
async function endingServer(t: TestContext, answers: number): Promise<string> {
  const { port, url } = await freeAddress()
  const all = [
    [AUTHENTICATED, READY],
    [DONE, READY]
  ].slice(0, answers)
  await answering(t, { port, answers: [...all.slice(0, -1), [...all.at(-1)!, SHUTDOWN]], ends: true })
  return url
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

test('a database that comes later is waited for, which is said once', async (t) => {
  const { port, url } = await freeAddress()
  const told: string[] = []
  let slept = 0
  const clock = {
    now: () => 0,
    sleep: async () => {
      slept++
      if (slept === 3)
        await answering(t, {
          port,
          answers: [
            [AUTHENTICATED, READY],
            [DONE, READY]
          ]
        })
    }
  }
  await waitForDatabase(url, { tell: (line) => told.push(line), clock })
  assert.equal(slept, 3)
  assert.deepEqual(told, [`Waiting for the database: connect ECONNREFUSED 127.0.0.1:${port}`, 'The database is there.'])
})

test('one that is there is not spoken of, and one that refuses is not waited for', async (t) => {
  const told: string[] = []
  const tell = (line: string) => told.push(line)
  const [there, refusing] = [await freeAddress(), await freeAddress()]
  await answering(t, {
    port: there.port,
    answers: [
      [AUTHENTICATED, READY],
      [DONE, READY]
    ]
  })
  await waitForDatabase(there.url, { tell })
  const wrong = refusal('28P01', 'password authentication failed for user "kappa"')
  await answering(t, { port: refusing.port, answers: [[wrong]], ends: true })
  const message = 'The database refuses: password authentication failed for user "kappa"'
  await assert.rejects(waitForDatabase(refusing.url, { tell }), { code: 'database_refuses', message })
  assert.deepEqual(told, [])
})
