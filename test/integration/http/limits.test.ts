/** Who is refused for asking too often, and who is not: behind proxies, among guessers, with a key that ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { TrustedProxies } from '../../../src/http/server.ts'
import { KEY_LIFE_MS } from '../../../src/services/access/key-cache.ts'
import { createKeyService } from '../../../src/services/access/keys.ts'
import { anAdminOf, createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()

interface Ask {
  readonly key?: string
  readonly from?: string
  readonly forwardedFor?: string
}

const ask = async ({ app }: TestApp, { key, from = '192.0.2.1', forwardedFor }: Ask): Promise<number> => {
  const headers = {
    ...(key && { authorization: `Bearer ${key}` }),
    ...(forwardedFor && { 'x-forwarded-for': forwardedFor })
  }
  return (await app.inject({ url: '/v1/runs', remoteAddress: from, headers })).statusCode
}

const guess = () => `kappa_${newId('key').slice('key_'.length)}_${'0'.repeat(48)}`

test('whatever others send from the same address, a right key is answered', { skip }, async (t) => {
  const api = await createTestApp(t, { app: { rateLimitPerMinute: 5 } })
  const known = api.adminKey.split('_')[1]
  const floods: readonly (() => Ask)[] = [
    () => ({}),
    () => ({ key: 'nonsense' }),
    () => ({ key: guess() }),
    () => ({ key: `kappa_${known}_${'0'.repeat(48)}` })
  ]
  for (const flood of floods) {
    const statuses: number[] = []
    for (let i = 0; i < 8; i++) statuses.push(await ask(api, flood()))
    assert.equal(statuses.at(-1), 429)
    assert.equal(await ask(api, { key: (await api.issueKey({})).key }), 200)
  }
  assert.equal(await ask(api, { from: '192.0.2.2' }), 401, 'another address is another guesser')
})

test('guesses cost one statement at a time, and a right key among them waits for no more than two', {
  skip
}, async (t) => {
  const api = await createTestApp(t, { app: { rateLimitPerMinute: 10 } })
  const { key } = await api.issueKey({})
  const { findMany } = api.stores.keys
  let open = 0
  let most = 0
  let statements = 0
  Object.assign(api.stores.keys, {
    findMany: async (ids: readonly string[]) => {
      statements += 1
      most = Math.max(most, ++open)
      return findMany(ids).finally(() => open--)
    }
  })
  const flood = Array.from({ length: 400 }, () => ask(api, { key: guess() }))
  assert.equal(await ask(api, { key }), 200)
  const refused = await Promise.all(flood)
  assert.equal(most, 1)
  assert.ok(statements < 20, `${statements} statements`)
  assert.equal(refused.filter((status) => status === 401).length, 10)
  assert.equal(refused.filter((status) => status === 429).length, 390)
})

test('failures are counted by the address that a trusted proxy has seen', { skip }, async (t) => {
  const setUp = (trustedProxies: TrustedProxies) => createTestApp(t, { app: { rateLimitPerMinute: 1, trustedProxies } })
  const from = '10.0.0.1'
  const twice = async (api: TestApp, first: Ask, second: Ask) => {
    assert.equal(await ask(api, first), 401)
    return await ask(api, second)
  }
  const one = { from, forwardedFor: '203.0.113.1' }
  const other = { from, forwardedFor: '203.0.113.2' }

  assert.equal(await twice(await setUp(null), one, other), 429, 'nobody is believed')
  for (const trusted of [1, ['10.0.0.0/8'], ['fd00::/8', '10.0.0.1']]) {
    const api = await setUp(trusted)
    assert.equal(await twice(api, one, other), 401, 'clients are apart')
    const liar = { from, forwardedFor: `${guess()}, 203.0.113.1` }
    assert.equal(await ask(api, liar), 429, 'what the client itself has written is not believed')
  }
  const past = { from: '198.51.100.1', forwardedFor: '203.0.113.9' }
  const pastAgain = { ...past, forwardedFor: '203.0.113.10' }
  assert.equal(await twice(await setUp(['10.0.0.0/8']), past, pastAgain), 429, 'who comes past the proxy is himself')
  const far = (forwardedFor: string) => ({ from, forwardedFor: `${forwardedFor}, 10.0.0.9` })
  assert.equal(await twice(await setUp(2), far('203.0.113.1'), far('203.0.113.2')), 401, 'two proxies')
})

test('an IPv6 customer is one guesser with all of his addresses', { skip }, async (t) => {
  const api = await createTestApp(t, { app: { rateLimitPerMinute: 1 } })
  assert.equal(await ask(api, { from: '2001:db8:0:1::1' }), 401)
  assert.equal(await ask(api, { from: '2001:db8:0:1:dead:beef::2' }), 429)
  assert.equal(await ask(api, { from: '2001:db8:0:2::1' }), 401)
})

test('a key revoked by another process ends within its life here, one revoked here at once', { skip }, async (t) => {
  const clock = fakeClock()
  const api = await createTestApp(t, { clock })
  const elsewhere = createKeyService({ ...api, clock, newId })
  const issue = async () => {
    const { key, token } = await api.services.keys.create(anAdminOf(api.projectId), {
      name: 'x',
      scopes: ['admin'],
      expiresAt: null
    })
    assert.equal(await ask(api, { key: token }), 200)
    return { id: key.id, token }
  }
  const here = await issue()
  assert.equal((await api.call('DELETE', `/v1/keys/${here.id}`)).status, 204)
  assert.equal(await ask(api, { key: here.token }), 401)
  const there = await issue()
  await elsewhere.revoke(api.projectId, there.id)
  await clock.advance(KEY_LIFE_MS)
  assert.equal(await ask(api, { key: there.token }), 401)
})

test('refusals are counted, of keys and of addresses', { skip }, async (t) => {
  const api = await createTestApp(t, { app: { rateLimitPerMinute: 1 } })
  const { key } = await api.issueKey({})
  for (let i = 0; i < 3; i++) await ask(api, { key })
  for (let i = 0; i < 4; i++) await ask(api, {})
  const { text } = await api.call('GET', '/metrics', { key: null })
  assert.match(text, /^kappa_rate_limited_total\{by="key"\} 2$/m)
  assert.match(text, /^kappa_rate_limited_total\{by="address"\} 3$/m)
})
