/** A PostgreSQL that ends in the same packet as its answer: a restart that comes just when a connection is there. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createDatabase, inTransaction } from '../../../src/storage/postgres/client.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { SteadyClient } from '../../../src/storage/postgres/steady-client.ts'
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
