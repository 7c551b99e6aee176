/** What an operator is told of webhooks' secrets that the database has as they are. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { plainSecretsNotice } from '../../../src/services/webhooks/seal.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const KEY = 'a key of the operator, longer than 32 characters'
const databaseUrl = skip ? '' : await createTestDatabase({ after })
const plain = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { databaseUrl })
const sealing = skip
  ? (undefined as unknown as TestApp)
  : await createTestApp({ after }, { databaseUrl, secretKey: KEY })

const make = async (api: TestApp): Promise<string> => {
  const body = { url: 'https://hooks.invalid/', events: ['run.state'] }
  return (await api.call('POST', '/v1/webhooks', { body })).json.id
}
const notice = (key: string | null) => plainSecretsNotice(plain.stores.webhooks, key)

test('nothing where there is no webhook, nor where all were made with a key', { skip }, async () => {
  assert.equal(await notice(null), null)
  await make(sealing)
  assert.equal(await notice(KEY), null)
})

test('how many there are and what to do, until each has another secret', { skip }, async () => {
  const ids = [await make(plain), await make(plain)]
  assert.match(
    (await notice(null)) ?? '',
    /the secrets of 2 webhooks as plain text: .* Set KAPPA_SECRET_KEY, then rotate them\.$/
  )
  assert.match(
    (await notice(KEY)) ?? '',
    /2 webhooks as plain text, from before KAPPA_SECRET_KEY was set: rotate them\.$/
  )
  const [first, second] = ids
  await sealing.call('POST', `/v1/webhooks/${first}:rotate`)
  assert.match((await notice(KEY)) ?? '', /2 webhooks/, 'the secret before still signs, and is there as it was')
  await sealing.call('POST', `/v1/webhooks/${first}:rotate`)
  assert.match((await notice(KEY)) ?? '', /the secret of 1 webhook as plain text.* rotate it\.$/)
  await sealing.call('DELETE', `/v1/webhooks/${second}`)
  assert.equal(await notice(KEY), null)
})
