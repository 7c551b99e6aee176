import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { AuditFilter } from '../../../src/domain/access-stores.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { readAll } from './pages.ts'
import { aKey, later, NOW } from './records.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`stores of who asked for what on ${name}`, { skip })
    continue
  }
  const { stores, unitOfWork } = await openBench({ after }, open)
  describe(`stores of who asked for what on ${name}`, () => {
    describe('keys', () => {
      test('a project is made once, however often it is asked for', async () => {
        const all = await Promise.all(Array.from({ length: 5 }, () => stores.keys.ensureProject('one project')))
        assert.equal(new Set(all.map((project) => project.id)).size, 1)
      })

      test('a key is read as it was written, revoked once, and only by its project', async () => {
        const mine = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const key = aKey(mine.id, { expiresAt: later(1000) })
        await stores.keys.insert(key)
        assert.deepEqual(await stores.keys.findById(key.id), key)
        assert.equal(await stores.keys.revoke(other.id, key.id, NOW), false)
        assert.equal(await stores.keys.revoke(mine.id, key.id, NOW), true)
        assert.equal(await stores.keys.revoke(mine.id, key.id, later(1)), false)
        assert.deepEqual(await stores.keys.findById(key.id), { ...key, revokedAt: NOW })
        assert.deepEqual((await stores.keys.list(other.id, { limit: 10, after: null })).data, [])
        const theirs = aKey(other.id)
        await stores.keys.insert(theirs)
        const found = await stores.keys.findMany([theirs.id, 'key_unknown', key.id])
        assert.deepEqual(found.map(({ id }) => id).sort(), [key.id, theirs.id].sort())
      })

      test('admin keys of a project are those that are not revoked', async () => {
        const { id } = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const admin = aKey(id, { scopes: ['runs:read', 'admin'], expiresAt: later(1) })
        const revoked = aKey(id, { scopes: ['admin'], revokedAt: NOW })
        const keys = [admin, revoked, aKey(id, { scopes: ['runs:read'] }), aKey(other.id, { scopes: ['admin'] })]
        for (const key of keys) await stores.keys.insert(key)
        assert.deepEqual(await stores.keys.lockAdmins(id), [admin])
      })

      test('the time of last use is kept to the minute', async () => {
        const { id } = await stores.keys.ensureProject(newId('request'))
        const key = aKey(id)
        await stores.keys.insert(key)
        for (const ms of [0, 59_999, 60_001]) await stores.keys.touch(key.id, later(ms))
        assert.deepEqual((await stores.keys.findById(key.id))?.lastUsedAt, later(60_001))
      })
    })

    describe('audit', () => {
      const list = async (projectId: string, filter: AuditFilter) =>
        (await stores.audit.list(projectId, filter, { limit: 10, after: null })).data

      test('entries are read as they were written, newest first, by their project and by each filter', async () => {
        const mine = await stores.keys.ensureProject(newId('request'))
        const other = await stores.keys.ensureProject(newId('request'))
        const entry = (ms: number, actor: string, action: string, subject: string) => ({
          id: newId('audit', NOW.getTime() + ms),
          projectId: mine.id,
          ...{ actor, action, subject },
          requestId: 'req_1',
          createdAt: later(ms)
        })
        const first = entry(0, 'key_a', 'createRun', 'run_1')
        const second = entry(1000, 'key_b', 'cancelRun', 'run_1')
        const third = entry(2000, 'key_a', 'createRun', 'run_2')
        for (const one of [first, second, third]) await stores.audit.append(one)
        await stores.audit.append({ ...first, id: newId('audit'), projectId: other.id })
        assert.deepEqual(await list(mine.id, {}), [third, second, first])
        assert.deepEqual(await list(mine.id, { actor: 'key_a' }), [third, first])
        assert.deepEqual(await list(mine.id, { subject: 'run_1' }), [second, first])
        assert.deepEqual(await list(mine.id, { action: 'createRun', subject: 'run_1' }), [first])
        assert.deepEqual(await list(mine.id, { from: later(1000), until: later(2000) }), [second])
        const pages = await readAll((after) => stores.audit.list(mine.id, {}, { limit: 2, after }))
        assert.deepEqual(pages, [[third, second], [first]])
      })
    })

    describe('idempotency', () => {
      const response = { status: 202, headers: { location: '/v1/runs/x' }, body: '{"id":"x"}' }

      const aRecord = async () => {
        const { id: projectId } = await stores.keys.ensureProject(newId('request'))
        return { projectId, key: 'k', route: 'POST /v1/runs', requestHash: 'h', response: null, createdAt: NOW }
      }

      test('of several at once one makes the record, and the others get it with its answer', async () => {
        const record = await aRecord()
        const requests = Array.from({ length: 4 }, () =>
          unitOfWork(async (tx) => {
            const earlier = await tx.idempotency.insert(record)
            if (earlier === null) await tx.idempotency.finish(record, response)
            return earlier
          })
        )
        const earlier = (await Promise.all(requests)).filter((one) => one !== null)
        assert.deepEqual(earlier, Array(3).fill({ ...record, response }))
      })

      test('a record goes with the work that failed', async () => {
        const record = await aRecord()
        const died = unitOfWork(async (tx) => {
          await tx.idempotency.insert(record)
          throw new Error('died')
        })
        await assert.rejects(died, /died/)
        assert.equal(await stores.idempotency.find(record, NOW), null)
      })

      test('a record is a day old at most', async () => {
        const record = await aRecord()
        await stores.idempotency.insert(record)
        await stores.idempotency.finish(record, response)
        const almostADay = 24 * 3600_000
        assert.deepEqual(await stores.idempotency.find(record, later(almostADay)), { ...record, response })
        assert.equal(await stores.idempotency.find(record, later(almostADay + 1)), null)
        assert.equal(await stores.idempotency.find(record, NOW), null, 'removed')
      })

      test('keys of other projects and routes are others', async () => {
        const record = await aRecord()
        const { projectId } = await aRecord()
        assert.equal(await stores.idempotency.insert(record), null)
        assert.equal(await stores.idempotency.insert({ ...record, projectId }), null)
        assert.equal(await stores.idempotency.insert({ ...record, route: 'b' }), null)
      })

      test('a record without an answer, as older code leaves it, is free again after ten minutes', async () => {
        const record = await aRecord()
        await stores.idempotency.insert(record)
        assert.deepEqual(await stores.idempotency.find(record, later(10 * 60_000)), record)
        assert.equal(await stores.idempotency.find(record, later(10 * 60_000 + 1)), null)
      })
    })
  })
}

expectNoLeaks({ after })
