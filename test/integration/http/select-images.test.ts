import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** Of twelve images. */
async function aSet(patch: Parameters<typeof aVectorSet>[3] = {}) {
  const model = await aReadyModel(api.stores, api.projectId)
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const { id } = await aVectorSet(api, model, datasetId, patch)
  return { datasetId, set: id, model }
}
const select = (dataset: string, body: object, headers = {}) =>
  api.call('POST', `/v1/datasets/${dataset}:select`, { body, headers })

test('a selection is a version that is queued, and says what it is made of', { skip }, async () => {
  const { datasetId, set } = await aSet()
  const body = { strategy: 'balanced', vector_set: set, count: 6, seed: 4, labels: { min_confidence: 0.8 } }
  const headers = { 'idempotency-key': 'select-1' }
  const first = await select(datasetId, body, headers)
  assert.equal(first.status, 202, first.text)
  assert.equal(first.headers['location'], `/v1/datasets/${datasetId}/versions/2`)
  assert.deepEqual(
    [first.json.id, first.json.status, first.json.classes],
    [`${datasetId}@2`, 'queued', ['left', 'right']]
  )
  assert.deepEqual(first.json.source, {
    type: 'selection',
    dataset: `${datasetId}@1`,
    vector_set: set,
    strategy: 'balanced',
    count: 6,
    seed: 4,
    labels: { from: set, neighbors: 20, min_confidence: 0.8 }
  })
  assert.equal((await select(datasetId, body, headers)).json.id, first.json.id)
  const payload = { datasetId, version: 2 }
  assert.deepEqual(
    api.jobs.filter(({ key }) => key === `${datasetId}@2`),
    [{ kind: 'ingest-small-dataset', payload, key: `${datasetId}@2` }]
  )
  const cancelled = await api.call('POST', `/v1/datasets/${datasetId}/versions/2:cancel`)
  assert.equal(cancelled.json.status, 'cancelled')
  assert.equal(api.jobs.filter(({ key }) => key === `${datasetId}@2`).length, 0)
})

test('images that a user has named are kept for the worker, and counted for everybody', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const { json } = await select(datasetId, { strategy: 'indices', version: 1, indices: [7, 3, 11] })
  assert.deepEqual(json.source, {
    type: 'selection',
    dataset: `${datasetId}@1`,
    vector_set: null,
    strategy: 'indices',
    count: 3
  })
  assert.deepEqual(await api.stores.datasets.loadSelected(datasetId, 2), [7, 3, 11])
  assert.equal(await api.stores.datasets.loadSelected(datasetId, 1), null)
})

test('what cannot be chosen is refused by its field, before anything is queued', { skip }, async () => {
  const { datasetId, set, model } = await aSet()
  const { datasetId: otherDataset } = await aReadyVersion(api, api.projectId, 12)
  const unassigned = (await aVectorSet(api, model, datasetId, { prototypes: null })).id
  const queued = (await aVectorSet(api, model, datasetId, { status: 'queued', index: null })).id
  const filesAlone = (await aVectorSet(api, model, datasetId, { index: null })).id
  const before = api.jobs.length
  const refused = async (
    body: object,
    status: number,
    pointer: string | undefined,
    reason: RegExp,
    dataset = datasetId
  ) => {
    const answer = await select(dataset, body)
    assert.deepEqual([answer.status, answer.json.errors?.[0].pointer], [status, pointer], answer.text)
    assert.match(answer.text, reason)
  }
  const hard = { strategy: 'hard', count: 3 }
  await refused({ ...hard, vector_set: set, count: 13 }, 422, '/count', /more than the 12 images/)
  await refused({ ...hard, vector_set: unassigned }, 422, '/strategy', /takes prototypes/)
  await refused({ ...hard, vector_set: set }, 422, '/vector_set', /another dataset/, otherDataset)
  await refused({ ...hard, vector_set: queued }, 409, undefined, /vector_set_not_ready/)
  await refused({ ...hard, vector_set: 'vec_none' }, 404, undefined, /vector_set_not_found/)
  const labels = { min_confidence: 0.5 }
  await refused({ strategy: 'all', vector_set: filesAlone, labels }, 409, undefined, /vector_set_not_searchable/)
  const foreign = await aReadyModel(api.stores, api.projectId)
  const from = (await aVectorSet(api, foreign, datasetId)).id
  await refused({ strategy: 'all', vector_set: set, labels: { ...labels, from } }, 409, undefined, /another model/)
  const indices = { strategy: 'indices', version: 1 }
  await refused({ ...indices, indices: [0, 12] }, 422, '/indices/1', /no image of the version, which has 12/)
  const most = Array.from({ length: 100_000 }, (_, i) => i)
  await refused({ ...indices, indices: most }, 422, '/indices/12', /no image of the version/)
  await refused({ ...indices, indices: [5, 5] }, 422, '/indices/1', /twice/)
  await refused({ ...indices, version: 9, indices: [5] }, 404, undefined, /dataset_version_not_found/)
  for (const body of [
    { strategy: 'all', vector_set: set },
    { strategy: 'typical', vector_set: set, count: 2, seed: 1 },
    { strategy: 'nearest', vector_set: set, count: 2 },
    { ...indices, indices: [] }
  ])
    assert.equal((await select(datasetId, body)).status, 400, JSON.stringify(body))
  assert.equal(api.jobs.length, before)
})

test('sets that are compared for too long, or would not fit in memory, are refused', { skip }, async () => {
  const model = await aReadyModel(api.stores, api.projectId)
  const { datasetId } = await aReadyVersion(api, api.projectId, 300_000)
  const { id } = await aVectorSet(api, model, datasetId, { dimensions: 384, index: null })
  const deduplicated = await select(datasetId, { strategy: 'deduplicated', vector_set: id })
  assert.deepEqual([deduplicated.status, deduplicated.json.errors[0].pointer], [422, '/strategy'])
  const diverse = await select(datasetId, { strategy: 'diverse', vector_set: id, count: 100_000 })
  assert.match(diverse.text, /count may be 86805 at the most/)
  assert.equal((await select(datasetId, { strategy: 'diverse', vector_set: id, count: 5000 })).status, 202)
  const wide = await aVectorSet(api, model, datasetId, { dimensions: 2000, index: null })
  const hard = await select(datasetId, { strategy: 'hard', vector_set: wide.id, count: 5 })
  assert.deepEqual([hard.status, hard.json.errors[0].pointer], [422, '/vector_set'])
  assert.equal((await select(datasetId, { strategy: 'balanced', vector_set: wide.id, count: 5 })).status, 202)
})

test('what it is made of cannot be removed before it has ended', { skip }, async () => {
  const { datasetId, set } = await aSet()
  const { id } = (await select(datasetId, { strategy: 'hard', vector_set: set, count: 3 })).json
  for (const path of [`/v1/datasets/${datasetId}/versions/1`, `/v1/vector-sets/${set}`]) {
    const refused = await api.call('DELETE', path)
    assert.deepEqual([refused.status, refused.json.used_by], [409, [id]], refused.text)
  }
  await api.stores.datasets.updateVersion(datasetId, 2, { status: 'ready' })
  for (const path of [`/v1/datasets/${datasetId}/versions/1`, `/v1/vector-sets/${set}`])
    assert.equal((await api.call('DELETE', path)).status, 204)
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}/versions/2`)).json.source.dataset, `${datasetId}@1`)
})

test('it counts against the quota of its project by the share that it takes', { skip }, async () => {
  const project = (await api.call('POST', '/v1/projects', { body: { name: 'small' } })).json.id
  const { key } = await api.issueKey({ project: 'small' })
  const { datasetId } = await aReadyVersion(api, project, 100)
  await api.call('PATCH', `/v1/projects/${project}`, { body: { quotas: { storage_bytes: 1200 } } })
  const of = (count: number) =>
    api.call('POST', `/v1/datasets/${datasetId}:select`, {
      key,
      body: { strategy: 'indices', version: 1, indices: Array.from({ length: count }, (_, i) => i) }
    })
  const refused = await of(30)
  assert.deepEqual([refused.status, refused.json.code, refused.json.wanted], [422, 'quota_exceeded', 300], refused.text)
  assert.equal((await of(20)).status, 202)
})
