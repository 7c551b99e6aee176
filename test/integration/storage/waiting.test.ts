import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitForDatabase } from '../../../src/storage/postgres/wait.ts'
import { AUTHENTICATED, answering, DONE, freeAddress, READY, refusal } from './wire-server.ts'

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
