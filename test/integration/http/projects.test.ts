/** Projects, who may make them, and what they may have. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock })

const NO_QUOTAS = {
  queued_runs: null,
  storage_bytes: null,
  devices_at_once: null,
  requests_per_minute: null,
  pixels_per_minute: null
}

interface Made {
  readonly id: string
  readonly key: string
}

/** With an admin key of its own. */
async function aProject(quotas?: object): Promise<Made> {
  const body = { name: newId('project'), ...(quotas && { quotas }) }
  const { json: project } = await api.call('POST', '/v1/projects', { body })
  const admin = { name: 'admin', scopes: ['admin'] }
  const issued = await api.call('POST', `/v1/projects/${project.id}/keys`, { body: admin })
  assert.equal(issued.status, 201, issued.text)
  return { id: project.id, key: issued.json.key }
}
const usageOf = async ({ id }: Made) => (await api.call('GET', `/v1/projects/${id}`)).json.usage
const setQuotas = (project: Made, quotas: object) =>
  api.call('PATCH', `/v1/projects/${project.id}`, { body: { quotas } })

test('an admin of the installation makes a project and its first key, and sees nothing of what is in it', {
  skip
}, async () => {
  const made = await api.call('POST', '/v1/projects', { body: { name: 'vision' } })
  assert.equal(made.status, 201, made.text)
  assert.equal(made.headers['location'], `/v1/projects/${made.json.id}`)
  assert.deepEqual(made.json.quotas, NO_QUOTAS)
  const rates = { requests_per_minute: null, pixels_per_minute: null }
  assert.deepEqual(made.json.usage, { queued_runs: 0, storage_bytes: 0, devices_at_once: 0, ...rates })
  const keys = `/v1/projects/${made.json.id}/keys`
  const issued = await api.call('POST', keys, { body: { name: 'admin', scopes: ['admin'] } })
  assert.equal(issued.json.project_id, made.json.id)
  const { key } = issued.json
  const dataset = (await api.call('POST', '/v1/datasets', { key, body: { name: 'secret' } })).json
  assert.equal(dataset.project_id, made.json.id)
  assert.equal((await api.call('GET', `/v1/datasets/${dataset.id}`)).status, 404)
  const members = (await api.call('GET', keys)).json.data
  assert.deepEqual(
    members.map(({ id }: { id: string }) => id),
    [issued.json.id]
  )
})

test('an admin of a project makes none, and sees and names no other', { skip }, async () => {
  const [mine, other] = [await aProject(), await aProject()]
  const { key } = mine
  const refused = await api.call('POST', '/v1/projects', { key, body: { name: 'more' } })
  assert.deepEqual([refused.status, refused.json.required_scope], [403, 'instance:admin'])
  const stronger = await api.call('POST', '/v1/keys', { key, body: { name: 'x', scopes: ['instance:admin'] } })
  assert.deepEqual([stronger.status, stronger.json.errors[0].pointer], [403, '/scopes/0'])
  assert.equal((await api.call('PATCH', `/v1/projects/${mine.id}`, { key, body: { name: 'x' } })).status, 403)
  const listed = (await api.call('GET', '/v1/projects', { key })).json
  assert.deepEqual(
    listed.data.map(({ id }: { id: string }) => id),
    [mine.id]
  )
  assert.equal((await api.call('GET', `/v1/projects/${mine.id}`, { key })).status, 200)
  assert.equal((await api.call('GET', `/v1/projects/${mine.id}/keys`, { key })).json.data.length, 1)
  assert.equal((await api.call('GET', `/v1/projects/${other.id}`, { key })).status, 404)
  assert.equal((await api.call('GET', `/v1/projects/${other.id}/keys`, { key })).status, 404)
})

test('a first admin key of a project does not run out, since nobody could follow it', { skip }, async () => {
  const { json: project } = await api.call('POST', '/v1/projects', { body: { name: 'passing' } })
  const body = { name: 'admin', scopes: ['admin'], expires_at: '2999-01-01T00:00:00Z' }
  const refused = await api.call('POST', `/v1/projects/${project.id}/keys`, { body })
  assert.deepEqual([refused.status, refused.json.code], [409, 'last_admin_key'])
  const nowhere = await api.call('POST', '/v1/projects/prj_none/keys', { body: { ...body, expires_at: null } })
  assert.equal(nowhere.json.code, 'project_not_found')
})

test('a project is renamed, to a name that no other has', { skip }, async () => {
  const [one, other] = [await aProject(), await aProject()]
  const { name } = (await api.call('GET', `/v1/projects/${other.id}`)).json
  const taken = await api.call('PATCH', `/v1/projects/${one.id}`, { body: { name } })
  assert.deepEqual([taken.status, taken.json.code], [409, 'project_name_taken'])
  assert.equal((await api.call('POST', '/v1/projects', { body: { name } })).json.code, 'project_name_taken')
  const renamed = await api.call('PATCH', `/v1/projects/${one.id}`, { body: { name: 'renamed' } })
  assert.equal(renamed.json.name, 'renamed')
  assert.equal((await api.call('PATCH', '/v1/projects/prj_none', { body: { name: 'x' } })).status, 404)
})

test('quotas change each by itself, and null takes one away', { skip }, async () => {
  const project = await aProject({ queued_runs: 3 })
  const first = await setQuotas(project, { storage_bytes: 10 })
  assert.deepEqual(first.json.quotas, { ...NO_QUOTAS, queued_runs: 3, storage_bytes: 10 })
  const second = await setQuotas(project, { queued_runs: null })
  assert.deepEqual(second.json.quotas, { ...NO_QUOTAS, storage_bytes: 10 })
  const empty = await setQuotas(project, {})
  assert.deepEqual([empty.status, empty.json.errors[0].pointer], [400, '/quotas'])
})

test('a run beyond the quota is not queued, and told what is used and allowed', { skip }, async () => {
  const project = await aProject({ queued_runs: 2 })
  const { key, id } = project
  const { datasetId } = await aReadyVersion(api, id)
  const body = { dataset: datasetId, preset: 'demo' }
  const create = () => api.call('POST', '/v1/runs', { key, body })
  const first = await create()
  // Both ask for the last one.
  const both = await Promise.all([create(), create()])
  assert.deepEqual(both.map(({ status }) => status).sort(), [202, 422])
  const refused = both.find(({ status }) => status === 422)!
  const { code, quota, used, allowed, detail } = refused.json
  assert.deepEqual([code, quota, used, allowed], ['quota_exceeded', 'queued_runs', 2, 2])
  assert.equal(detail, 'The project has 2 of 2 queued runs that it may have.')
  assert.equal((await usageOf(project)).queued_runs, 2)

  const run = first.json.id
  const ask = (verb: string) => api.call('POST', `/v1/runs/${run}:${verb}`, { key })
  assert.equal((await ask('pause')).status, 200)
  assert.equal((await create()).status, 202, 'a paused run waits for nobody')
  const resumed = await ask('resume')
  assert.deepEqual([resumed.status, resumed.json.code], [422, 'quota_exceeded'])
  assert.equal((await api.call('GET', `/v1/runs/${run}`, { key })).json.status, 'paused')
  await ask('cancel')
  assert.equal((await ask('retry')).json.code, 'quota_exceeded')
  await setQuotas(project, { queued_runs: 3 })
  assert.equal((await ask('retry')).status, 200)
  const elsewhere = await aProject({ queued_runs: 1 })
  const { datasetId: theirs } = await aReadyVersion(api, elsewhere.id)
  const others = await api.call('POST', '/v1/runs', { key: elsewhere.key, body: { ...body, dataset: theirs } })
  assert.equal(others.status, 202, 'what others have queued is not counted')
})

test('a run of more devices than the project may have at once is queued, and whoever queues it is told', {
  skip
}, async () => {
  const project = await aProject({ devices_at_once: 1 })
  const { key, id } = project
  const { datasetId } = await aReadyVersion(api, id)
  const body = { dataset: datasetId, preset: 'demo', compute: { devices: 2 } }
  const { status, json } = await api.call('POST', '/v1/runs', { key, body })
  assert.equal(status, 202)
  const told = json.warnings.filter(({ what }: { what: string }) => what === 'quota')
  const message = 'it takes 2 devices, and its project may have 1 at once: the run waits until it may have more'
  assert.deepEqual(told, [{ what: 'quota', images: 0, message }])
})

test('storage is what versions, uploads, checkpoints and models have', { skip }, async () => {
  const project = await aProject()
  const { key, id } = project
  const { datasetId } = await aReadyVersion(api, id, 100)
  assert.equal((await usageOf(project)).storage_bytes, 1000)
  await aReadyModel(api.stores, id)
  assert.equal((await usageOf(project)).storage_bytes, 1005)
  const run = (await api.call('POST', '/v1/runs', { key, body: { dataset: datasetId, preset: 'demo' } })).json.id
  const checkpoint = aCheckpoint(run, id)
  await api.stores.checkpoints.insert(checkpoint)
  assert.equal((await usageOf(project)).storage_bytes, 1015)
  await api.stores.checkpoints.markDeleted(checkpoint.id)
  assert.equal((await usageOf(project)).storage_bytes, 1005)
  await api.call('POST', `/v1/datasets/${datasetId}/uploads`, { key, body: { filename: 'a.zip', bytes: 95 } })
  assert.equal((await usageOf(project)).storage_bytes, 1100)
  await clock.advance(24 * 3600_000)
  assert.equal((await usageOf(project)).storage_bytes, 1005, 'the upload has expired')
})

test('what takes more storage than is allowed is refused, and nothing more begins once all is taken', {
  skip
}, async () => {
  const project = await aProject({ storage_bytes: 1100 })
  const { key, id } = project
  const { datasetId } = await aReadyVersion(api, id, 100)
  const upload = (bytes: number) =>
    api.call('POST', `/v1/datasets/${datasetId}/uploads`, { key, body: { filename: 'a.zip', bytes } })
  const refused = await upload(101)
  const { code, quota, used, wanted, allowed, detail } = refused.json
  assert.deepEqual([refused.status, code, quota], [422, 'quota_exceeded', 'storage_bytes'])
  assert.deepEqual([used, wanted, allowed], [1000, 101, 1100])
  assert.equal(detail, 'The project has 1000 of 1100 bytes that it may have, and this takes 101 more.')
  assert.equal((await upload(100)).status, 201)

  const run = (await api.call('GET', '/v1/runs', { key })).json.data
  assert.deepEqual(run, [])
  const imported = { source: { type: 's3', prefix: 'imports/' } }
  const refusals = [
    ['/v1/runs', { dataset: datasetId, preset: 'demo' }],
    ['/v1/models', { import: imported }],
    ['/v1/models/uploads', { filename: 'a.safetensors', bytes: 1 }],
    [`/v1/datasets/${datasetId}/versions`, imported]
  ] as const
  for (const [url, body] of refusals) {
    const { status, json } = await api.call('POST', url, { key, body })
    assert.deepEqual([status, json.code], [422, 'quota_exceeded'], url)
  }
  await setQuotas(project, { storage_bytes: null })
  for (const [url, body] of refusals) assert.ok((await api.call('POST', url, { key, body })).status < 300, url)
})

test('what is being made of an upload counts as large as that, so of many at once only those that fit are taken', {
  skip
}, async () => {
  const project = await aProject()
  const { key, id } = project
  const { json: dataset } = await api.call('POST', '/v1/datasets', { key, body: { name: 'waiting' } })
  const uploaded = async (datasetId: string | null, filename: string, bytes: number): Promise<string> => {
    const times = { createdAt: new Date(clock.now()), expiresAt: new Date(clock.now() + 1000) }
    const stored = { objectKey: 'uploads/x', multipartId: 'm', partBytes: bytes, ...times }
    const upload = {
      id: newId('upload'),
      projectId: id,
      datasetId,
      filename,
      bytes,
      status: 'completed',
      ...stored
    } as const
    await api.stores.datasets.insertUpload(upload)
    return upload.id
  }
  const images = await uploaded(dataset.id, 'a.zip', 100)
  const weights = await uploaded(null, 'a.safetensors', 50)
  const used = async (): Promise<number> => (await usageOf(project)).storage_bytes
  assert.equal(await used(), 150)
  const versions = `/v1/datasets/${dataset.id}/versions`
  const createVersion = () =>
    api.call('POST', versions, { key, body: { source: { type: 'upload', uploads: [images] } } })
  const importModel = () =>
    api.call('POST', '/v1/models', { key, body: { import: { source: { type: 'upload', uploads: [weights] } } } })
  const taken = async (ask: typeof createVersion, times = 20) => {
    const all = await Promise.all(Array.from({ length: times }, ask))
    for (const { status, json } of all)
      if (status !== 202) assert.deepEqual([status, json.code], [422, 'quota_exceeded'])
    return all.filter(({ status }) => status === 202)
  }

  await setQuotas(project, { storage_bytes: 150 + 2 * 100 + 50 + 20 })
  const [first, second, ...more] = await taken(createVersion)
  assert.equal(more.length, 0)
  assert.equal(await used(), 350)
  const [model, ...others] = await taken(importModel)
  assert.equal(others.length, 0)
  assert.equal(await used(), 400)
  const { used: told, wanted, allowed } = (await createVersion()).json
  assert.deepEqual([told, wanted, allowed], [400, 100, 420], 'by the number that usage says')

  const at = (one: typeof first) => one!.json.version as number
  await api.stores.datasets.updateVersion(dataset.id, at(first), { status: 'ingesting' })
  assert.equal(await used(), 400)
  await api.stores.datasets.updateVersion(dataset.id, at(first), { status: 'ready', bytes: 30 })
  assert.equal(await used(), 330, 'what it has come to')
  assert.equal((await api.call('POST', `${versions}/${at(second)}:cancel`, { key })).status, 200)
  assert.equal(await used(), 230)
  assert.equal((await api.call('POST', `/v1/models/${model!.json.id}:cancel`, { key })).status, 200)
  assert.equal(await used(), 180)
  const [failing] = await taken(createVersion, 1)
  assert.equal(await used(), 280)
  await api.stores.datasets.updateVersion(dataset.id, at(failing), { status: 'failed' })
  assert.equal(await used(), 180)
})
