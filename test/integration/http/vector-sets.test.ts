import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Model } from '../../../src/domain/model.ts'
import { bound } from '../../../src/storage/postgres/bound-query.ts'
import { createTestApp, FAKE_PIXELS, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aMappedSet, aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aModel = (patch: Partial<Model> = {}) => aReadyModel(api.stores, api.projectId, patch)
const aDataset = async (images?: number) => (await aReadyVersion(api, api.projectId, images)).datasetId
const create = (body: object) => api.call('POST', '/v1/vector-sets', { body })
const search = (id: string, body: object) => api.call('POST', `/v1/vector-sets/${id}:search`, { body })
const aSearchedSet = async () => aVectorSet(api, await aModel(), await aDataset(12))

interface Match {
  readonly index: number
  readonly similarity: number
  readonly label: string
  readonly prototype: number
}

/** By every vector, in float64. */
function nearest(vector: ArrayLike<number>, isMeant: (index: number) => boolean): number[] {
  const cosine = (index: number) => {
    const { vector: other } = aVectorRow(index, 8)
    return Array.from(vector).reduce((sum, value, i) => sum + value * other[i]!, 0)
  }
  const all = Array.from({ length: 12 }, (_, index) => index).filter(isMeant)
  return all.sort((a, b) => cosine(b) - cosine(a) || a - b)
}
const found = ({ json }: { readonly json: { readonly data: readonly Match[] } }) => json.data.map(({ index }) => index)

test('a vector set is queued with what it will cost, once for one Idempotency-Key', { skip }, async () => {
  const [model, dataset] = [await aModel(), await aDataset()]
  const body = { name: 'all', model: model.id, dataset, metadata: { team: 'x' } }
  const headers = { 'idempotency-key': 'vectors-1' }
  const first = await api.call('POST', '/v1/vector-sets', { body, headers })
  assert.equal(first.status, 202, first.text)
  const { id, status, progress, dimensions, prototypes, index, files } = first.json
  assert.match(id, /^vec_/)
  assert.equal(first.headers['location'], `/v1/vector-sets/${id}`)
  assert.deepEqual([first.json.dataset, status, dimensions, prototypes], [`${dataset}@1`, 'queued', 8, 3])
  assert.deepEqual(progress, { images: 0, total_images: 500, indexed: 0 })
  assert.deepEqual([index, files], ['scan', []])
  assert.equal((await api.call('POST', '/v1/vector-sets', { body, headers })).json.id, id)
  const jobs = api.jobs.filter(({ key }) => key === id)
  assert.deepEqual(jobs, [{ kind: 'embed-dataset', payload: { vectorSetId: id }, key: id }])
  assert.deepEqual((await api.call('GET', `/v1/vector-sets?model=${model.id}`)).json.data[0], first.json)
})

test('what cannot be made is refused by its field, before anything is queued', { skip }, async () => {
  const { id: model, config } = await aModel()
  const headless = await aModel({ config: { ...config!, prototypes: null, temperature: null } })
  const wide = await aModel({ config: { ...config!, embeddingDim: 30_000 } })
  const dataset = await aDataset()
  const before = api.jobs.length
  const refused = async (body: object, status: number, pointer: string, reason: RegExp) => {
    const answer = await create({ dataset, model, ...body })
    assert.deepEqual([answer.status, answer.json.errors?.[0].pointer], [status, pointer], answer.text)
    assert.match(answer.text, reason)
  }
  await refused({ model: headless.id, assign: true }, 422, '/assign', /needs a model with prototypes/)
  await refused({ model: wide.id }, 422, '/search', /pgvector 0\.8 or later for more than 266 images of 30000/)
  await refused({ model: 'mdl_none' }, 404, '/model', /model_not_found/)
  await refused({ dataset: 'ds_none' }, 404, '/dataset', /dataset_not_found/)
  assert.equal(api.jobs.length, before)
  assert.equal((await create({ dataset, model: wide.id, search: false })).json.index, null)
  assert.equal((await create({ dataset, model: headless.id })).json.prototypes, null)
})

test('what it needs cannot be removed before it has ended', { skip }, async () => {
  const [model, dataset] = [await aModel({ name: null }), await aDataset()]
  const { id } = (await create({ model: model.id, dataset })).json
  for (const path of [`/v1/models/${model.id}`, `/v1/datasets/${dataset}`, `/v1/datasets/${dataset}/versions/1`]) {
    const refused = await api.call('DELETE', path)
    assert.deepEqual([refused.status, refused.json.used_by], [409, [id]], refused.text)
  }
  assert.equal((await api.call('DELETE', `/v1/vector-sets/${id}`)).json.code, 'vector_set_not_deletable')
  const cancelled = await api.call('POST', `/v1/vector-sets/${id}:cancel`)
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'])
  assert.equal((await api.call('POST', `/v1/vector-sets/${id}:cancel`)).status, 200)
  assert.equal(api.jobs.filter(({ key }) => key === id).length, 0)
  for (const path of [`/v1/datasets/${dataset}`, `/v1/models/${model.id}`, `/v1/vector-sets/${id}`])
    assert.equal((await api.call('DELETE', path)).status, 204, path)
  assert.equal((await api.call('GET', `/v1/vector-sets/${id}`)).status, 404)
})

test('its files are there with URLs once it has succeeded', { skip }, async () => {
  const [model, dataset] = [await aModel(), await aDataset(12)]
  const queued = (await create({ model: model.id, dataset })).json.id
  const early = await api.call('GET', `/v1/vector-sets/${queued}/files`)
  assert.deepEqual([early.status, early.json.code], [409, 'vector_set_not_ready'])
  const files = [{ name: 'vectors.npy', bytes: 4, sha256: 'a'.repeat(64) }]
  const { id } = await aVectorSet(api, model, dataset, { files })
  await api.objects.put(`vectors/${id}/vectors.npy`, Buffer.from('rows'))
  const [file] = (await api.call('GET', `/v1/vector-sets/${id}/files`)).json.data
  assert.deepEqual([file.name, file.bytes], ['vectors.npy', 4])
  const { pathname } = new URL(file.url, 'http://here')
  assert.equal((await api.call('GET', pathname, { key: null })).text, 'rows')
})

test('its map is sent as it is stored, once for a browser that has it; older sets have none', { skip }, async () => {
  const { id } = await aMappedSet(api, await aModel(), await aDataset(12))
  const map = await api.call('GET', `/v1/vector-sets/${id}/map`)
  assert.deepEqual([map.status, map.json.explained, map.json.x], [200, [1, 0], [-1, 1]], map.text)
  const headers = { 'if-none-match': map.headers['etag'] ?? '' }
  assert.equal((await api.call('GET', `/v1/vector-sets/${id}/map`, { headers })).status, 304)
  const older = await api.call('GET', `/v1/vector-sets/${(await aSearchedSet()).id}/map`)
  assert.deepEqual([older.status, older.json.code], [404, 'artifact_not_found'])
  const queued = (await create({ model: (await aModel()).id, dataset: await aDataset() })).json.id
  assert.equal((await api.call('GET', `/v1/vector-sets/${queued}/map`)).json.code, 'vector_set_not_ready')
})

test('the nearest images are found by an image, a vector, one of its own and a prototype', { skip }, async () => {
  const { id, modelId } = await aSearchedSet()
  const [index, vector] = [4, Array.from(aVectorRow(4, 8).vector, (value) => 7 * value)]
  const byVector = await search(id, { vector, top_k: 5 })
  assert.equal(byVector.status, 200, byVector.text)
  assert.deepEqual(found(byVector), nearest(vector, () => true).slice(0, 5))
  const [first] = byVector.json.data as Match[]
  assert.ok(Math.abs(first!.similarity - 1) < 1e-5)
  assert.deepEqual([byVector.json.exact, byVector.json.model, byVector.json.usage.images], [true, modelId, 0])

  const byIndex = await search(id, { index, top_k: 5 })
  assert.deepEqual(found(byIndex), nearest(vector, (other) => other !== index).slice(0, 5))

  const mean = Array.from({ length: 8 }, (_, axis) =>
    [1, 4, 7, 10].reduce((sum, image) => sum + aVectorRow(image, 8).vector[axis]!, 0)
  )
  assert.deepEqual(
    found(await search(id, { prototype: 1, top_k: 12 })),
    nearest(mean, () => true)
  )

  const image = Buffer.from('iVBORw0KGgoAAAA=', 'base64')
  const json = await search(id, { input: image.toString('base64') })
  const raw = await api.call('POST', `/v1/vector-sets/${id}:search`, {
    body: image,
    headers: { 'content-type': 'image/png' }
  })
  assert.deepEqual(json.json.data, raw.json.data)
  assert.deepEqual([json.json.usage.images, json.json.data.length], [1, 10])
  assert.match(json.headers['server-timing'] ?? '', /infer;dur=/)
})

test('filters leave what they say, and similarity has a floor', { skip }, async () => {
  const { id } = await aSearchedSet()
  const vector = Array.from(aVectorRow(0, 8).vector)
  const labelled = await search(id, { vector, top_k: 12, filter: { labels: ['right'], prototypes: [0, 1] } })
  assert.deepEqual(
    found(labelled),
    nearest(vector, (index) => index % 2 === 1 && index % 3 < 2)
  )
  const near = await search(id, { vector, top_k: 12, min_similarity: 0.9 })
  const all = (await search(id, { vector, top_k: 12 })).json.data as Match[]
  assert.deepEqual(
    near.json.data,
    all.filter(({ similarity }) => similarity >= 0.9)
  )
  assert.ok(near.json.data.length > 0 && near.json.data.length < 12)
  assert.deepEqual(found(await search(id, { vector, filter: { labels: ['none'] } })), [])
})

test('what cannot be searched by is named', { skip }, async () => {
  const { id } = await aSearchedSet()
  const refused = async (set: string, body: object, code: string, at: RegExp) => {
    const answer = await search(set, body)
    assert.equal(answer.json.code, code, answer.text)
    assert.match(answer.text, at)
  }
  await refused(id, {}, 'invalid_request', /takes one of input, vector, index and prototype/)
  await refused(id, { index: 1, prototype: 1 }, 'invalid_request', /takes one of/)
  await refused(id, { vector: [1, 2] }, 'invalid_request', /must have 8 numbers, and has 2/)
  await refused(id, { vector: new Array(8).fill(0) }, 'invalid_request', /has no direction/)
  await refused(id, { index: 12 }, 'vector_not_found', /has no image 12/)
  await refused(id, { prototype: 9 }, 'vector_not_found', /has no image of prototype 9/)
  const dataset = await aDataset(12)
  const { id: files } = await aVectorSet(api, await aModel(), dataset, { index: null })
  await refused(files, { index: 0 }, 'vector_set_not_searchable', /"search\\": false/)
  const { id: unassigned } = await aVectorSet(api, await aModel(), dataset, { prototypes: null })
  await refused(unassigned, { prototype: 0 }, 'vector_set_not_searchable', /were not assigned/)
  await refused(
    unassigned,
    { index: 0, filter: { prototypes: [0] } },
    'vector_set_not_searchable',
    /filter\/prototypes/
  )
})

test('an image is paid for as one that is embedded', { skip }, async () => {
  const { key, projectId } = await api.issueKey({ project: 'poor searchers' })
  const { datasetId } = await aReadyVersion(api, projectId, 12)
  const { id } = await aVectorSet(api, await aReadyModel(api.stores, projectId), datasetId)
  // Fewer than the API sets: the images of these tests are small.
  const quota = 'update projects set quota_pixels_per_minute = $1 where id = $2'
  await api.database.pool.query(quota, [FAKE_PIXELS, projectId])
  const ask = (wish: object) => api.call('POST', `/v1/vector-sets/${id}:search`, { key, body: wish })
  assert.equal((await ask({ input: 'iVBORw0KGgoAAAA=' })).status, 200)
  assert.equal((await ask({ input: 'iVBORw0KGgoAAAA=' })).json.code, 'project_rate_limited')
  assert.equal((await ask({ index: 0 })).status, 200, 'and what is embedded already costs no pixels')
})

test("another project's vectors are not there, also for a statement that names no project", { skip }, async () => {
  const { id } = await aSearchedSet()
  const { key, projectId } = await api.issueKey({ project: 'strangers of vectors' })
  const asked = await api.call('POST', `/v1/vector-sets/${id}:search`, { key, body: { index: 0 } })
  assert.deepEqual([asked.status, asked.json.code], [404, 'vector_set_not_found'])
  const { pool } = api.database
  assert.equal((await bound(pool, projectId).query(`select from "${id}"`)).rowCount, 0)
  assert.equal((await bound(pool, '').query(`select from "${id}"`)).rowCount, 0)
  assert.equal((await bound(pool, api.projectId).query(`select from "${id}"`)).rowCount, 12)
  await assert.rejects(bound(pool, projectId).query(`delete from "${id}"`), /permission denied/)
})

test('deleted, it leaves neither an object nor a table', { skip }, async () => {
  const { id } = await aSearchedSet()
  await api.objects.put(`vectors/${id}/vectors.npy`, Buffer.from('rows'))
  assert.equal((await api.call('DELETE', `/v1/vector-sets/${id}`)).status, 204)
  assert.equal((await search(id, { index: 0 })).status, 404)
  await api.sweep()
  assert.equal(await api.objects.head(`vectors/${id}/vectors.npy`), null)
  const { rows } = await api.database.pool.query('select to_regclass($1) is null as gone', [id])
  assert.ok(rows[0].gone)
})
