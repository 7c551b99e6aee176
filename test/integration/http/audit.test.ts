/** The audit log, of every operation of the document that changes something. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { UnitOfWork } from '../../../src/domain/stores.ts'
import { UNRECORDED } from '../../../src/http/core/changes.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aNetworkOf } from '../../helpers/records.ts'
import { type Fixtures, listOperations, makeFixtures, type Operation, requestOf } from './every-operation.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()

/** The log cannot be written while this is true. */
let isBroken = false
const faulty =
  (real: UnitOfWork): UnitOfWork =>
  (work) =>
    real((tx) => {
      const append = () => Promise.reject(new Error('no entry'))
      return work(isBroken ? { ...tx, audit: { ...tx.audit, append } } : tx)
    })
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock, unitOfWork: faulty })
const fixtures = skip ? (undefined as unknown as Fixtures) : await makeFixtures(api)
const actor = skip ? '' : `key_${api.adminKey.split('_')[1]}`

/** A state in which the request changes something. */
const BEFORE: Readonly<Record<string, () => Promise<void>>> = {
  resumeRun: () => api.stores.runs.update(fixtures.run, { status: 'paused', desired: 'pause' }),
  pauseRun: () => api.stores.runs.update(fixtures.run, { status: 'queued', desired: 'run' }),
  cancelRun: () => api.stores.runs.update(fixtures.run, { status: 'queued', desired: 'run' }),
  retryRun: () => api.stores.runs.update(fixtures.run, { status: 'failed' }),
  cancelDatasetVersion: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'queued' }),
  createEvaluation: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'ready' }),
  createVectorSet: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'ready' }),
  cancelVectorSet: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'ready' }),
  selectImages: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'ready' }),
  createRun: () => api.stores.datasets.updateVersion(fixtures.dataset, 1, { status: 'ready' })
}

/** Where the document's example names what is not there. */
const BODIES: Readonly<Record<string, (api: TestApp) => Promise<object>>> = {
  createUpload: async () => ({ filename: 'a.zip', bytes: 3 }),
  createWeightUpload: async () => ({ filename: 'a.safetensors', bytes: 3 }),
  createRun: async () => ({ dataset: fixtures.dataset, preset: 'demo' }),
  createEvaluation: async () => ({ model: fixtures.model, dataset: fixtures.dataset }),
  createVectorSet: async () => ({ model: fixtures.model, dataset: fixtures.dataset }),
  forkRun: async () => {
    await api.stores.checkpoints.insert({ ...aCheckpoint(fixtures.run, api.projectId), step: 1000 })
    return {}
  },
  createDatasetVersion: async () => ({ source: { type: 's3', prefix: 'imports/shoes/' } }),
  createModel: async () => ({ import: { source: { type: 's3', prefix: 'imports/weights/' } } })
}

const entriesOf = async (requestId: string) =>
  (await api.call('GET', '/v1/audit?limit=100')).json.data.filter(
    (one: { request_id: string }) => one.request_id === requestId
  )

/** What it takes is prepared first, with a log that can be written. */
async function prepare(operation: Operation, requestId: string) {
  const { path, method, body, headers } = await requestOf(api, operation, fixtures)
  const { authorization: _, ...others } = headers as Record<string, string>
  const own = await BODIES[operation.id]?.(api)
  const sent = own ?? body
  return () =>
    api.call(method, path, { headers: { ...others, 'x-request-id': requestId }, ...(sent && { body: sent }) })
}

const changing = skip
  ? []
  : listOperations(api).filter(({ id, method }) => !['GET', 'HEAD'].includes(method) && !Object.hasOwn(UNRECORDED, id))

for (const operation of changing) {
  test(`${operation.id} writes an entry, and nothing without one`, { skip }, async () => {
    const { stores, objects, projectId } = api
    await aNetworkOf(objects, (await stores.models.find(projectId, fixtures.model))!)
    await BEFORE[operation.id]?.()
    const ask = await prepare(operation, `broken-${operation.id}`)
    isBroken = true
    const failed = await ask().finally(() => {
      isBroken = false
    })
    assert.equal(failed.status, 500, `it changed something without an entry: ${failed.text}`)
    assert.deepEqual(await entriesOf(`broken-${operation.id}`), [])

    const answer = await (await prepare(operation, operation.id))()
    assert.ok(answer.status < 300, answer.text)
    const [entry, ...more] = await entriesOf(operation.id)
    assert.deepEqual(more, [])
    assert.deepEqual([entry?.actor, entry?.action], [actor, operation.id])
    const made = answer.text === '' ? null : answer.json.id
    if (made != null) assert.equal(entry.subject, made)
    assert.match(
      entry.subject,
      operation.id.endsWith('ModelAlias') ? /^shoes, second try@\w+$/ : /^[a-z]+_[0-9a-z]{26}(@\d+)?$/
    )
    assert.ok(!JSON.stringify(entry).includes(api.adminKey.split('_')[2]!))
  })
}

test('a failure writes none', { skip }, async () => {
  const headers = { 'x-request-id': 'nothing' }
  assert.equal((await api.call('DELETE', '/v1/datasets/ds_none', { headers })).status, 404)
  assert.equal((await api.call('POST', '/v1/datasets', { headers, body: { name: '' } })).status, 400)
  assert.deepEqual(await entriesOf('nothing'), [])
})

test('a repetition of an Idempotency-Key is the same change', { skip }, async () => {
  const headers = { 'idempotency-key': 'once', 'x-request-id': 'once' }
  for (let i = 0; i < 2; i++) await api.call('POST', '/v1/datasets', { headers, body: { name: 'once' } })
  assert.equal((await entriesOf('once')).length, 1)
})

test('the log is read in pages, and by who, what, which and when', { skip }, async () => {
  const { key } = await api.issueKey({ project: 'readers' })
  const list = async (query: string) => (await api.call('GET', `/v1/audit?${query}`, { key })).json
  const ids: string[] = []
  const starts = clock.now()
  for (const name of ['a', 'b', 'c']) {
    ids.push((await api.call('POST', '/v1/datasets', { key, body: { name } })).json.id)
    await clock.advance(1000)
  }
  await api.call('DELETE', `/v1/datasets/${ids[0]}`, { key })
  const other = (await api.call('POST', '/v1/keys', { key, body: { name: 'x', scopes: ['admin'] } })).json
  await api.call('DELETE', `/v1/datasets/${ids[1]}`, { key: other.key })

  const pages: { action: string }[] = []
  for (let after = '', hasMore = true; hasMore; ) {
    const page = await list(`limit=4${after}`)
    pages.push(...page.data)
    hasMore = page.has_more
    after = `&after=${page.next_cursor}`
  }
  const create = 'createDataset'
  const all = ['deleteDataset', 'createKey', 'deleteDataset', create, create, create]
  assert.deepEqual(
    pages.map(({ action }) => action),
    all
  )
  const actionsOf = async (query: string) => (await list(query)).data.map((one: { action: string }) => one.action)
  assert.deepEqual(await actionsOf(`actor=${other.id}`), ['deleteDataset'])
  assert.deepEqual(await actionsOf(`subject=${ids[0]}`), ['deleteDataset', create])
  assert.deepEqual(await actionsOf('action=createKey'), ['createKey'])
  const at = (ms: number) => encodeURIComponent(new Date(starts + ms).toISOString())
  assert.deepEqual(await actionsOf(`from=${at(1000)}&until=${at(2000)}`), [create])
  assert.deepEqual(await actionsOf(`until=${at(1000)}&actor=${other.id}`), [])
})
