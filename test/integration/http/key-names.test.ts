/** Keys are called otherwise; what they may, and that they are revoked, stays. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aKey = async () => {
  const body = { name: 'service', scopes: ['runs:read'], expires_at: '2999-01-01T00:00:00.000Z' }
  return (await api.call('POST', '/v1/keys', { body })).json
}
const rename = (id: string, body: object, key?: string) =>
  api.call('PATCH', `/v1/keys/${id}`, key === undefined ? { body } : { body, key })

test('a key is renamed, opens what it opened, and its change is in the audit log', { skip }, async () => {
  const { id, key, ...made } = await aKey()
  const renamed = await rename(id, { name: 'the shop' })
  assert.deepEqual([renamed.status, renamed.json], [200, { id, ...made, name: 'the shop' }])
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 200)
  const read = await api.call('GET', `/v1/keys/${id}`)
  assert.equal(read.json.name, 'the shop')
  assert.ok(!read.text.includes(key.split('_')[2]), 'a secret is shown once')
  const [entry] = (await api.call('GET', `/v1/audit?subject=${id}`)).json.data
  assert.equal(entry.action, 'updateKey')
})

test('one that was revoked can be renamed, and stays revoked', { skip }, async () => {
  const { id, key } = await aKey()
  await api.call('DELETE', `/v1/keys/${id}`)
  const renamed = await rename(id, { name: 'left the house' })
  assert.equal(renamed.json.name, 'left the house')
  assert.notEqual(renamed.json.revoked_at, null)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 401)
})

test('nothing but its name changes, by nobody but an admin of its project', { skip }, async () => {
  const { id, key } = await aKey()
  for (const body of [{}, { name: '' }, { name: null }, { scopes: ['admin'] }, { name: 'a', expires_at: null }])
    assert.equal((await rename(id, body)).status, 400, JSON.stringify(body))
  assert.equal((await rename(id, { name: 'mine' }, key)).status, 403)
  const stranger = await api.issueKey({ project: 'stranger' })
  assert.equal((await rename(id, { name: 'mine' }, stranger.key)).status, 404)
  assert.equal((await api.call('GET', `/v1/keys/${id}`, { key: stranger.key })).status, 404)
})
