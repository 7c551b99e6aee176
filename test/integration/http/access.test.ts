import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isCovered, SCOPES } from '../../../src/domain/access.ts'
import { ACCESS, isOperationId } from '../../../src/http/core/access.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { createOpenApiValidator } from '../../helpers/openapi-validator.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** Every operation of the document with ids filled in. */
const operations = Object.entries(createOpenApiValidator().document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({ method: method.toUpperCase(), path, operationId }))
)
const withIds = (path: string, ids: Readonly<Record<string, string | number>> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(ids[name] ?? 1))

test('every route is in the document, and every line of the access table is a route', { skip }, () => {
  assert.deepEqual(operations.map((one) => one.operationId).sort(), Object.keys(ACCESS).sort())
})

for (const { method, path, operationId } of operations) {
  assert.ok(isOperationId(operationId))
  const access = ACCESS[operationId]
  if (access === 'public' || access === 'signature') continue

  test(`${method} ${path} needs a key, and the scope ${access}`, { skip }, async () => {
    const url = withIds(path)
    const body = method === 'POST' ? { body: {} } : {}
    const none = await api.call(method, url, { ...body, key: null })
    assert.equal(none.status, 401)
    assert.equal(none.headers['www-authenticate'], 'Bearer realm="kappa"')
    assert.equal(none.json.code, 'unauthorized')
    const others = SCOPES.filter((scope) => !isCovered(access, [scope]))
    const wrong = await api.call(method, url, { ...body, key: (await api.issueKey({ scopes: others })).key })
    assert.equal(wrong.status, 403)
    assert.equal(wrong.json.required_scope, access)
    const right = await api.call(method, url, { ...body, key: (await api.issueKey({ scopes: [access] })).key })
    assert.ok(right.status !== 401 && right.status !== 403, right.text)
  })
}

test('what is public needs no key, and a wrong key does not hurt there', { skip }, async () => {
  for (const { method, path, operationId } of operations) {
    if (!isOperationId(operationId) || ACCESS[operationId] !== 'public') continue
    assert.equal((await api.call(method, path, { key: null })).status, 200, path)
    assert.equal((await api.call(method, path, { key: 'nonsense' })).status, 200, path)
  }
})

test('keys that are wrong in any way are told the same', { skip }, async () => {
  const { key } = await api.issueKey({})
  const [, id, secret] = /^kappa_(.+)_(.+)$/.exec(key)!
  const otherSecret = secret!.replace(/^./, (first) => (first === '0' ? '1' : '0'))
  const bodies = new Set<string>()
  for (const wrong of [
    `kappa_${id}_${otherSecret}`,
    `kappa_unknown_${secret}`,
    `kappa_${id}_`,
    secret!,
    `${key} `.repeat(2),
    'x'.repeat(500)
  ]) {
    const refused = await api.call('GET', '/v1/runs', { key: wrong })
    assert.equal(refused.status, 401, wrong)
    const { request_id: _, ...rest } = refused.json
    bodies.add(JSON.stringify(rest))
  }
  assert.equal(bodies.size, 1)
  const basic = await api.call('GET', '/v1/runs', { key: null, headers: { authorization: `Basic ${key}` } })
  assert.equal(basic.status, 401)
})

test('a key is made, shown once, listed without its secret, and revoked', { skip }, async () => {
  const created = await api.call('POST', '/v1/keys', { body: { name: 'service', scopes: ['runs:read'] } })
  assert.equal(created.status, 201, created.text)
  const { id, key } = created.json
  assert.match(key, /^kappa_[0-9a-z]+_[0-9a-f]{48}$/)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 200)
  const listed = await api.call('GET', '/v1/keys?limit=100')
  const found = listed.json.data.find((one: { id: string }) => one.id === id)
  assert.notEqual(found.last_used_at, null)
  assert.ok(!listed.text.includes(key.split('_')[2]), 'the secret is not kept')
  assert.equal((await api.call('DELETE', `/v1/keys/${id}`)).status, 204)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 401)
  assert.equal((await api.call('DELETE', `/v1/keys/${id}`)).status, 404)
})

test('of a project the last admin key is not revoked, also not by two who revoke each other', { skip }, async () => {
  const one = await api.issueKey({ project: 'two admins' })
  const other = await api.issueKey({ project: 'two admins' })
  const idOf = ({ key }: { key: string }) => `key_${key.split('_')[1]}`
  const revoke = (by: { key: string }, whom: { key: string }) =>
    api.call('DELETE', `/v1/keys/${idOf(whom)}`, { key: by.key })
  const both = await Promise.all([revoke(one, other), revoke(other, one)])
  assert.deepEqual(both.map(({ status }) => status).sort(), [204, 409])
  const left = both[0]?.status === 204 ? one : other
  const refused = await revoke(left, left)
  assert.deepEqual([refused.status, refused.json.code], [409, 'last_admin_key'])
})

test('a key that ends makes none that ends later', { skip }, async () => {
  const ends = '2999-01-01T00:00:00.000Z'
  const body = { name: 'passing', scopes: ['admin'], expires_at: ends }
  const { key } = (await api.call('POST', '/v1/keys', { body })).json
  for (const expires_at of ['2999-01-01T00:00:00.001Z', null, undefined]) {
    const refused = await api.call('POST', '/v1/keys', { key, body: { ...body, expires_at } })
    assert.equal(refused.status, 403)
    assert.equal(refused.json.errors[0].pointer, '/expires_at')
  }
  assert.equal((await api.call('POST', '/v1/keys', { key, body })).status, 201)
})

test('a key ends when it was said to, and cannot end in the past', { skip }, async () => {
  const scopes = ['runs:read']
  const past = { name: 'x', scopes, expires_at: '2020-01-01T00:00:00Z' }
  const refused = await api.call('POST', '/v1/keys', { body: past })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].pointer, '/expires_at')
  for (const body of [
    { name: 'x', scopes: ['everything'] },
    { name: 'x', scopes: [] },
    { scopes },
    { ...past, expires_at: 'soon' }
  ]) {
    assert.equal((await api.call('POST', '/v1/keys', { body })).status, 400, JSON.stringify(body))
  }
})
