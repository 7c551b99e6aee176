import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../../src/base/ids.ts'
import { type ApiKey, isCovered, type Principal } from '../../../../src/domain/access.ts'
import type { AuditStore, KeyStore, ProjectStore } from '../../../../src/domain/access-stores.ts'
import type { AuditEntry } from '../../../../src/domain/audit.ts'
import { NO_QUOTAS } from '../../../../src/domain/project.ts'
import type { Stores, UnitOfWork } from '../../../../src/domain/stores.ts'
import { createFirstKey } from '../../../../src/services/access/first-key.ts'
import { createKeyService } from '../../../../src/services/access/keys.ts'
import { fakeClock } from '../../../helpers/fake-clock.ts'

function setUp() {
  const clock = fakeClock()
  const keys = new Map<string, ApiKey>()
  const touched: string[] = []
  const store: KeyStore = {
    ensureProject: async (name) => ({ id: 'prj_1', name, quotas: NO_QUOTAS, retention: {}, createdAt: new Date(0) }),
    insert: async (key) => void keys.set(key.id, key),
    findById: async (id) => keys.get(id) ?? null,
    find: async (_, id) => keys.get(id) ?? null,
    rename: async (id, name) => void keys.set(id, { ...keys.get(id)!, name }),
    findMany: async (ids) => [...keys.values()].filter(({ id }) => ids.includes(id)),
    list: async () => ({ data: [...keys.values()], hasMore: false, nextCursor: null }),
    lockAdmins: async () =>
      [...keys.values()].filter(({ scopes, revokedAt }) => isCovered('admin', scopes) && revokedAt === null),
    lockInstanceAdmins: async () =>
      [...keys.values()].filter(({ scopes, revokedAt }) => scopes.includes('instance:admin') && revokedAt === null),
    revoke: async (_, id, at) => {
      const key = keys.get(id)
      if (key) keys.set(id, { ...key, revokedAt: at })
      return key !== undefined
    },
    touch: async (id) => void touched.push(id)
  }
  const entries: AuditEntry[] = []
  const audit: AuditStore = {
    append: async (entry) => void entries.push(entry),
    list: () => Promise.reject(new Error())
  }
  const projects = { find: async () => null }
  const stores = { keys: store, projects: projects as unknown as ProjectStore, audit } as Stores
  const unitOfWork: UnitOfWork = (work) => work(stores)
  const deps = { unitOfWork, stores, clock, newId }
  return { service: createKeyService(deps), firstKey: createFirstKey(deps), keys, entries, touched, clock }
}

const admin: Principal = {
  projectId: 'prj_1',
  actor: 'key_1',
  by: 'key',
  scopes: ['admin', 'instance:admin'],
  expiresAt: null
}
const lasting = { name: 'admin', scopes: ['admin'], expiresAt: null } as const
const ofInstance = { name: 'instance', scopes: ['instance:admin'], expiresAt: null } as const

test('a key opens its project until it ends or is revoked', async () => {
  const { service, clock } = setUp()
  const expiresAt = new Date(clock.now() + 1000)
  const { token, key } = await service.create(admin, { name: 'x', scopes: ['runs:read'], expiresAt })
  const principal = { projectId: 'prj_1', actor: key.id, by: 'key', scopes: ['runs:read'], expiresAt }
  assert.deepEqual(await service.authenticate(token), principal)
  await clock.advance(1000)
  await assert.rejects(service.authenticate(token), { code: 'unauthorized' })
  await service.create(admin, lasting)
  const other = await service.create(admin, lasting)
  await service.revoke('prj_1', other.key.id)
  await assert.rejects(service.authenticate(other.token), { code: 'unauthorized' })
})

test('use is noted once a minute', async () => {
  const { service, touched, clock } = setUp()
  const { token } = await service.create(admin, { name: 'x', scopes: ['admin'], expiresAt: null })
  for (let i = 0; i < 3; i++) await service.authenticate(token)
  assert.equal(touched.length, 1)
  await clock.advance(60_000)
  await service.authenticate(token)
  assert.equal(touched.length, 2)
})

test('a key makes none that may more than itself', async () => {
  const { service, keys } = setUp()
  const reader: Principal = { ...admin, scopes: ['runs:read'] }
  const refused = service.create(reader, { name: 'x', scopes: ['runs:read', 'runs:write'], expiresAt: null })
  await assert.rejects(refused, { code: 'forbidden', message: /lacks the scope runs:write/ })
  assert.equal(keys.size, 0)
  await service.create(reader, { name: 'x', scopes: ['runs:read'], expiresAt: null })
})

test('an admin of a project makes no admin of the installation, who is one of the project too', async () => {
  const { service } = setUp()
  const refused = service.create({ ...admin, scopes: ['admin'] }, ofInstance)
  await assert.rejects(refused, { code: 'forbidden', message: /instance:admin/ })
  await service.create({ ...admin, scopes: ['instance:admin'] }, lasting)
})

test('a key makes none that outlives it', async () => {
  const { service, clock } = setUp()
  await service.create(admin, lasting)
  const passing: Principal = { ...admin, expiresAt: new Date(clock.now() + 1000) }
  for (const expiresAt of [null, new Date(clock.now() + 1001)]) {
    const refused = service.create(passing, { ...lasting, expiresAt })
    await assert.rejects(refused, { code: 'forbidden', message: /outlives/ })
  }
  await service.create(passing, { ...lasting, expiresAt: passing.expiresAt })
})

test('the last admin key that does not run out cannot be revoked, others can', async () => {
  const { service, clock } = setUp()
  const ending = { ...lasting, expiresAt: new Date(clock.now() + 1000) }
  await assert.rejects(service.create(admin, ending), { code: 'last_admin_key' }, 'it would run out')
  const first = await service.create(admin, lasting)
  const passing = await service.create(admin, ending)
  const reader = await service.create(admin, { ...lasting, scopes: ['runs:read'] })
  await assert.rejects(service.revoke('prj_1', first.key.id), { code: 'last_admin_key' })
  await service.revoke('prj_1', reader.key.id)
  await service.revoke('prj_1', passing.key.id)
  const second = await service.create(admin, lasting)
  await service.revoke('prj_1', first.key.id)
  await assert.rejects(service.revoke('prj_1', second.key.id), { code: 'last_admin_key' })
})

test('a first key is made once, and shown once', async () => {
  const { service, firstKey, entries } = setUp()
  const { token } = await firstKey('default', null)
  assert.deepEqual((await service.authenticate(token!)).scopes, ['admin', 'instance:admin'])
  assert.equal((await firstKey('default', null)).token, null)
  const id = `key_${token!.split('_')[1]}`
  assert.deepEqual(
    entries.map(({ actor, action, subject }) => [actor, action, subject]),
    [[id, 'createKey', id]]
  )
})

test('where no admin key opens the project, a start makes one', async () => {
  const { firstKey, keys } = setUp()
  await firstKey('default', null)
  for (const [id, key] of keys) keys.set(id, { ...key, revokedAt: new Date(0) })
  assert.notEqual((await firstKey('default', null)).token, null)
})

test('a given key works, every time it is given, and not with another secret', async () => {
  const { service, firstKey, keys } = setUp()
  const given = `kappa_my_key_${'s'.repeat(24)}`
  assert.equal((await firstKey('default', given)).token, null)
  await firstKey('default', given)
  assert.equal(keys.size, 1)
  assert.equal((await service.authenticate(given)).actor, 'key_my_key')
  await assert.rejects(firstKey('default', `kappa_my_key_${'t'.repeat(24)}`), /another secret/)
  await assert.rejects(firstKey('default', 'letmein'), /must look like/)
  assert.ok(![...keys.values()].some((key) => JSON.stringify(key).includes('s'.repeat(24))))
})

test('a given key that was revoked stays revoked, and the operator is told in a line', async () => {
  const { service, firstKey, clock } = setUp()
  const given = `kappa_my_key_${'s'.repeat(24)}`
  assert.equal((await firstKey('default', given)).notice, null)
  await assert.rejects(service.revoke('prj_1', 'key_my_key'), { code: 'last_admin_key' }, 'it counts')
  await service.create(admin, lasting)
  await assert.rejects(service.revoke('prj_1', 'key_my_key'), { code: 'last_admin_key' }, 'of the installation')
  await service.create(admin, ofInstance)
  await service.revoke('prj_1', 'key_my_key')
  const { notice } = await firstKey('default', given)
  const at = new Date(clock.now()).toISOString()
  assert.equal(notice, `KAPPA_ADMIN_KEY (key_my_key) was revoked at ${at}. It opens nothing: set another one, or none.`)
  await assert.rejects(service.authenticate(given), { code: 'unauthorized' })
})

test('a given key that ran out, or is none of an admin, is said as well', async () => {
  const { firstKey, keys } = setUp()
  const given = `kappa_my_key_${'s'.repeat(24)}`
  await firstKey('default', given)
  const key = keys.get('key_my_key')!
  keys.set(key.id, { ...key, expiresAt: new Date(0) })
  assert.match((await firstKey('default', given)).notice!, /ran out at 1970/)
  keys.set(key.id, { ...key, scopes: ['runs:read'] })
  assert.match((await firstKey('default', given)).notice!, /no key of an admin of the installation: it has runs:read/)
})
