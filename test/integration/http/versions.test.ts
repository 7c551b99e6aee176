/** What is asked of versions that cannot be done, and how a version is cancelled. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aDataset = async (key = api.adminKey): Promise<string> =>
  (await api.call('POST', '/v1/datasets', { body: { name: 'shoes' }, key })).json.id

async function anUpload(datasetId: string | null, filename: string, projectId = api.projectId): Promise<string> {
  const id = newId('upload')
  const at = new Date()
  await api.stores.datasets.insertUpload({
    ...{ id, projectId, datasetId, filename, bytes: 10, status: 'completed', objectKey: `uploads/${id}/${filename}` },
    ...{ multipartId: 'm', partBytes: 10, createdAt: at, expiresAt: at }
  })
  return id
}

const create = (datasetId: string, source: unknown, key = api.adminKey) =>
  api.call('POST', `/v1/datasets/${datasetId}/versions`, { body: { source }, key })

const fromUploads = (datasetId: string, uploads: readonly string[], more: object = {}) =>
  create(datasetId, { type: 'upload', uploads, ...more })

async function aVersion(): Promise<{ datasetId: string; path: string }> {
  const datasetId = await aDataset()
  const made = await fromUploads(datasetId, [await anUpload(datasetId, 'a.zip')])
  assert.equal(made.status, 202, made.text)
  return { datasetId, path: `/v1/datasets/${datasetId}/versions/1` }
}

const jobsOf = (datasetId: string) => api.jobs.filter(({ key }) => key.startsWith(`${datasetId}@`)).length

test('a version that waits is cancelled at once, and once more', { skip }, async () => {
  const { datasetId, path } = await aVersion()
  assert.equal(jobsOf(datasetId), 1)
  for (let i = 0; i < 2; i++) {
    const answer = await api.call('POST', `${path}:cancel`)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual([answer.json.status, answer.json.error, answer.json.ready_at], ['cancelled', null, null])
  }
  assert.equal(jobsOf(datasetId), 0, 'its job went with it')
  assert.equal((await api.call('GET', path)).json.status, 'cancelled')
  const list = await api.call('GET', `/v1/datasets/${datasetId}/versions`)
  assert.deepEqual(
    list.json.data.map((one: { status: string }) => one.status),
    ['cancelled']
  )
  const images = await api.call('GET', `${path}/images`)
  assert.deepEqual([images.status, images.json.code], [409, 'dataset_version_not_ready'])
  const again = await fromUploads(datasetId, [await anUpload(datasetId, 'a.zip')])
  assert.equal(again.json.version, 2)
})

test('a version that is being made is cancelled at once as well', { skip }, async () => {
  const { datasetId, path } = await aVersion()
  await api.stores.datasets.updateVersion(datasetId, 1, { status: 'ingesting' })
  api.jobs.length = 0
  assert.equal((await api.call('POST', `${path}:cancel`)).json.status, 'cancelled')
  assert.equal(jobsOf(datasetId), 1, 'somebody removes what there is of it')
})

test('versions that are deleted, alone or with their dataset, take their jobs along', { skip }, async () => {
  const { datasetId, path } = await aVersion()
  assert.equal((await api.call('DELETE', path)).status, 204)
  assert.equal(jobsOf(datasetId), 0)
  for (const name of ['b.zip', 'c.zip']) await fromUploads(datasetId, [await anUpload(datasetId, name)])
  assert.equal(jobsOf(datasetId), 2)
  assert.equal((await api.call('DELETE', `/v1/datasets/${datasetId}`)).status, 204)
  assert.equal(jobsOf(datasetId), 0)
})

test('a version that has ended cannot be cancelled', { skip }, async () => {
  const ready = await aReadyVersion(api, api.projectId)
  const failed = await aVersion()
  await api.stores.datasets.updateVersion(failed.datasetId, 1, { status: 'failed', error: { code: 'x', message: 'y' } })
  for (const path of [`/v1/datasets/${ready.datasetId}/versions/1`, failed.path]) {
    const before = (await api.call('GET', path)).json.status
    const answer = await api.call('POST', `${path}:cancel`)
    assert.deepEqual([answer.status, answer.json.code], [409, 'dataset_version_not_cancelable'])
    assert.equal((await api.call('GET', path)).json.status, before)
  }
})

test('a version of another project, or none, is not found, and goes on', { skip }, async () => {
  const { datasetId, path } = await aVersion()
  const { key } = await api.issueKey({ project: 'other' })
  const foreign = await api.call('POST', `${path}:cancel`, { key })
  assert.deepEqual([foreign.status, foreign.json.code], [404, 'dataset_not_found'])
  assert.equal((await api.call('GET', path)).json.status, 'queued')
  const none = await api.call('POST', `/v1/datasets/${datasetId}/versions/7:cancel`)
  assert.deepEqual([none.status, none.json.code], [404, 'dataset_version_not_found'])
  const { key: reader } = await api.issueKey({ scopes: ['datasets:read'] })
  assert.equal((await api.call('POST', `${path}:cancel`, { key: reader })).status, 403)
})

test('versions that are asked for at the same time get numbers of their own', { skip }, async () => {
  const datasetId = await aDataset()
  const upload = await anUpload(datasetId, 'a.zip')
  const answers = await Promise.all(Array.from({ length: 8 }, () => fromUploads(datasetId, [upload])))
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 202)
  )
  assert.deepEqual(answers.map(({ json }) => json.version).sort(), [1, 2, 3, 4, 5, 6, 7, 8])
})

test('a dataset that is deleted while versions of it are asked for and cancelled answers no 500', {
  skip
}, async () => {
  const { datasetId, path } = await aVersion()
  const upload = await anUpload(datasetId, 'a.zip')
  const answers = await Promise.all([
    fromUploads(datasetId, [upload]),
    api.call('POST', `${path}:cancel`),
    api.call('DELETE', `/v1/datasets/${datasetId}`),
    fromUploads(datasetId, [upload]),
    api.call('POST', `${path}:cancel`)
  ])
  for (const { status, text } of answers) assert.ok(status < 500, text)
})

const large = (length: number, of: (i: number) => string) => Array.from({ length }, (_, i) => of(i))

const REFUSED: Record<string, (datasetId: string) => Promise<unknown>> = {
  'an upload that is listed twice': async (id) => {
    const upload = await anUpload(id, 'a.png')
    return { type: 'upload', uploads: [upload, upload] }
  },
  'labels without images': async (id) => ({ type: 'upload', uploads: [await anUpload(id, 'y-labels-idx1-ubyte')] }),
  'two files of labels': async (id) => ({
    type: 'upload',
    uploads: [await anUpload(id, 'y-idx1-ubyte'), await anUpload(id, 'z-idx1-ubyte')]
  }),
  'an upload of another dataset': async () => ({
    type: 'upload',
    uploads: [await anUpload(await aDataset(), 'a.zip')]
  }),
  weights: async () => ({ type: 'upload', uploads: [await anUpload(null, 'model.safetensors')] }),
  'an upload of another project': async () => {
    const other = await api.issueKey({ project: 'other' })
    return { type: 'upload', uploads: [await anUpload(await aDataset(other.key), 'a.zip', other.projectId)] }
  },
  '10,000 uploads': async () => ({ type: 'upload', uploads: large(10_000, (i) => `up_${i}`) }),
  '1,000 uploads that are not there': async () => ({ type: 'upload', uploads: large(1000, (i) => `up_${i}`) }),
  'a selection of none': async (id) => ({
    type: 'upload',
    uploads: [await anUpload(id, 'a.zip')],
    select: { every: 0, offset: 0, invert: false }
  }),
  'no source at all': async () => null,
  'a list': async () => []
}

const NOT_THERE: ReadonlySet<string> = new Set([
  'an upload of another dataset',
  'weights',
  'an upload of another project',
  '1,000 uploads that are not there'
])

for (const [what, source] of Object.entries(REFUSED)) {
  test(`a version of ${what} is refused`, { skip }, async () => {
    const datasetId = await aDataset()
    const answer = await create(datasetId, await source(datasetId))
    const isMissing = answer.json.code === 'upload_not_found'
    assert.equal(isMissing, NOT_THERE.has(what), answer.text.slice(0, 300))
    assert.equal(answer.status, isMissing ? 404 : 400)
    assert.match(answer.json.errors[0].pointer, /^\/source/)
    assert.deepEqual((await api.call('GET', `/v1/datasets/${datasetId}/versions`)).json.data, [])
  })
}

test('paths that name nothing are refused or not found', { skip }, async () => {
  const datasetId = await aDataset()
  for (const path of [
    `${datasetId}/versions/0`,
    `${datasetId}/versions/99999999999999999999`,
    `${datasetId}/versions/1.5`,
    `${datasetId}/versions/-1`,
    `${datasetId}/versions/abc`,
    `${datasetId}/versions?after=99999999999999999999`,
    `${datasetId}/versions?after=x`,
    `${'x'.repeat(3000)}/versions/1`
  ]) {
    const { status, text } = await api.call('GET', `/v1/datasets/${path}`)
    assert.ok(status === 400 || status === 404 || status === 414, `${path}: ${status} ${text}`)
  }
  for (const version of ['0', '99999999999999999999']) {
    const { status, text } = await api.call('POST', `/v1/datasets/${datasetId}/versions/${version}:cancel`)
    assert.ok(status === 400 || status === 404, `${version}: ${status} ${text}`)
  }
})
