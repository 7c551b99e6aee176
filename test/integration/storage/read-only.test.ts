/** A PostgreSQL that answers and takes no changes, as the old primary after a failover does. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { waitForDatabase } from '../../../src/storage/postgres/wait.ts'
import { createTestApp } from '../../helpers/app.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { setReadOnly } from '../../helpers/read-only.ts'

const skip = await whyNoPostgres()

async function aDatabase(t: TestContext) {
  const drops: (() => Promise<void>)[] = []
  const url = await createTestDatabase({ after: (drop) => void drops.push(drop) })
  const database = createDatabase({ url, max: 3, statementTimeoutMs: 5000 })
  t.after(async () => {
    await database.close()
    for (const drop of drops) await drop()
  })
  return { url, database }
}

test('the check says why it is not ready, and is ready as soon as the database is', { skip }, async (t) => {
  const { url, database } = await aDatabase(t)
  await database.check()
  await setReadOnly(url, true)
  // Connections that were ended are found out by their next use.
  await database.check().catch(() => {})
  await assert.rejects(database.check(), { code: 'database_read_only', details: { retryAfterS: 5 } })
  await setReadOnly(url, false)
  await database.check()
})

test('a process that starts meanwhile waits, and says so', { skip }, async (t) => {
  const { url } = await aDatabase(t)
  await setReadOnly(url, true)
  const told: string[] = []
  const clock = { now: () => 0, sleep: () => setReadOnly(url, false) }
  await waitForDatabase(url, { tell: (line) => told.push(line), clock })
  assert.deepEqual(told, [
    'Waiting for the database: The database takes no changes at present.',
    'The database is there.'
  ])
})

test('reading goes on, changes are refused for a while, and both work again without a restart', { skip }, async (t) => {
  const { url, database } = await aDatabase(t)
  const api = await createTestApp(t, { databaseUrl: url, app: { checks: { database: () => database.check() } } })
  const { json: dataset } = await api.call('POST', '/v1/datasets', { body: { name: 'before' } })
  await setReadOnly(url, true)
  for (let i = 0; i < 5; i++) await api.call('GET', '/v1/datasets')
  assert.equal((await api.call('GET', `/v1/datasets/${dataset.id}`)).status, 200)
  for (const headers of [{}, { 'idempotency-key': 'once' }]) {
    const refused = await api.call('POST', '/v1/datasets', { body: { name: 'during' }, headers })
    assert.deepEqual(
      [refused.status, refused.json.code, refused.headers['retry-after']],
      [503, 'database_read_only', '5']
    )
  }
  const readiness = await api.call('GET', '/readyz', { key: null })
  assert.deepEqual([readiness.status, readiness.json.code], [503, 'database_read_only'])
  await setReadOnly(url, false)
  for (const headers of [{}, { 'idempotency-key': 'once' }]) {
    const { status } = await api.call('POST', '/v1/datasets', { body: { name: 'after' }, headers })
    assert.equal(status, 201)
  }
  assert.equal((await api.call('GET', '/readyz', { key: null })).status, 200)
})
