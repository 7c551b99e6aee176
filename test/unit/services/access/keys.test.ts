import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../../src/base/ids.ts'
import type { ApiKey } from '../../../../src/domain/access.ts'
import type { KeyStore } from '../../../../src/domain/stores.ts'
import { createKeyService } from '../../../../src/services/access/keys.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'

function setUp() {
  const clock = fakeClock()
  const keys = new Map<string, ApiKey>()
  const touched: string[] = []
  const store: KeyStore = {
    ensureProject: async (name) => ({ id: 'prj_1', name, createdAt: new Date(0) }),
    insert: async (key) => void keys.set(key.id, key),
    findById: async (id) => keys.get(id) ?? null,
    findMany: async (ids) => [...keys.values()].filter(({ id }) => ids.includes(id)),
    list: async () => ({ data: [...keys.values()], hasMore: false, nextCursor: null }),
    revoke: async (_, id, at) => {
      const key = keys.get(id)
      if (key) keys.set(id, { ...key, revokedAt: at })
      return key !== undefined
    },
    touch: async (id) => void touched.push(id)
  }
  return { service: createKeyService({ stores: { keys: store }, clock, newId }), keys, touched, clock }
}

test('a key opens its project until it ends or is revoked', async () => {
  const { service, clock } = setUp()
  const expiresAt = new Date(clock.now() + 1000)
  const { token, key } = await service.create('prj_1', { name: 'x', scopes: ['runs:read'], expiresAt })
  const principal = { projectId: 'prj_1', keyId: key.id, scopes: ['runs:read'] }
  assert.deepEqual(await service.authenticate(token), principal)
  await clock.advance(1000)
  await assert.rejects(service.authenticate(token), { code: 'unauthorized' })
  const other = await service.create('prj_1', { name: 'y', scopes: ['admin'], expiresAt: null })
  await service.revoke('prj_1', other.key.id)
  await assert.rejects(service.authenticate(other.token), { code: 'unauthorized' })
})

test('use is noted once a minute', async () => {
  const { service, touched, clock } = setUp()
  const { token } = await service.create('prj_1', { name: 'x', scopes: ['admin'], expiresAt: null })
  for (let i = 0; i < 3; i++) await service.authenticate(token)
  assert.equal(touched.length, 1)
  await clock.advance(60_000)
  await service.authenticate(token)
  assert.equal(touched.length, 2)
})

test('a first key is made once, and shown once', async () => {
  const { service } = setUp()
  const { token } = await service.ensureAdminKey('default', null)
  assert.deepEqual((await service.authenticate(token!)).scopes, ['admin'])
  assert.equal((await service.ensureAdminKey('default', null)).token, null)
})

test('a given key works, every time it is given, and not with another secret', async () => {
  const { service, keys } = setUp()
  const given = `kappa_my_key_${'s'.repeat(24)}`
  assert.equal((await service.ensureAdminKey('default', given)).token, null)
  await service.ensureAdminKey('default', given)
  assert.equal(keys.size, 1)
  assert.equal((await service.authenticate(given)).keyId, 'key_my_key')
  await assert.rejects(service.ensureAdminKey('default', `kappa_my_key_${'t'.repeat(24)}`), /another secret/)
  await assert.rejects(service.ensureAdminKey('default', 'letmein'), /must look like/)
  assert.ok(![...keys.values()].some((key) => JSON.stringify(key).includes('s'.repeat(24))))
})
