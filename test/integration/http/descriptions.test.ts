/** Names and metadata of what is there, keys among it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function resources() {
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  const served = await aReadyModel(api.stores, api.projectId)
  const { id: model } = served
  const run = (await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).json
  const evaluation = (await api.call('POST', '/v1/evaluations', { body: { model, dataset } })).json
  const { id: set } = await aVectorSet(api, served, dataset)
  const [runs, evaluations] = [run.id as string, evaluation.id as string]
  return { datasets: dataset, runs, evaluations, 'vector-sets': set, models: model }
}

const change = (path: string, body: object, key?: string) =>
  api.call('PATCH', `/v1/${path}`, key === undefined ? { body } : { body, key })

test('what is named changes, and what is not stays', { skip }, async () => {
  const { models, ...others } = await resources()
  for (const [kind, id] of Object.entries(others)) {
    const path = `${kind}/${id}`
    const named = await change(path, { name: 'second', metadata: { team: 'x', stage: 'new' } })
    assert.deepEqual([named.status, named.json.name, named.json.metadata], [200, 'second', { team: 'x', stage: 'new' }])
    const merged = await change(path, { metadata: { stage: null, owner: 'y' } })
    assert.deepEqual([merged.json.name, merged.json.metadata], ['second', { team: 'x', owner: 'y' }])
    const { json } = await api.call('GET', `/v1/${path}`)
    assert.deepEqual([json.name, json.metadata], ['second', { team: 'x', owner: 'y' }])
  }
  assert.equal((await change(`models/${models}`, { name: 'best' })).json.name, 'best')
  assert.equal((await change(`models/${models}`, { name: null })).json.name, null)
  assert.equal((await change(`runs/${others.runs}`, { name: null })).json.name, null)
  assert.equal((await change(`datasets/${others.datasets}`, { name: null })).status, 400, 'a dataset has a name')
})

test('a run keeps its state, and what is said while it is worked on is not lost', { skip }, async () => {
  const { runs } = await resources()
  await api.stores.runs.update(runs, { status: 'running' })
  const [one, other] = await Promise.all([
    change(`runs/${runs}`, { metadata: { a: '1' } }),
    change(`runs/${runs}`, { metadata: { b: '2' } })
  ])
  assert.deepEqual([one.status, other.status], [200, 200])
  const { status, metadata } = (await api.call('GET', `/v1/runs/${runs}`)).json
  assert.deepEqual([status, metadata], ['running', { a: '1', b: '2' }])
})

test('nothing, too much, and what belongs to others is refused', { skip }, async () => {
  const { runs, models, ...more } = await resources()
  for (const body of [{}, { title: 'x' }, { name: '' }, { metadata: { a: 1 } }])
    assert.equal((await change(`runs/${runs}`, body)).status, 400, JSON.stringify(body))
  const many = (from: number) => Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`n${from + i}`, 'x']))
  assert.equal((await change(`runs/${runs}`, { metadata: many(0) })).status, 200)
  const tooMany = await change(`runs/${runs}`, { metadata: many(10) })
  assert.deepEqual([tooMany.status, tooMany.json.code], [409, 'metadata_full'])
  assert.equal(tooMany.json.errors[0].pointer, '/metadata')
  assert.match(tooMany.json.errors[0].detail, /20 names with those that are there, and 16 are the most/)
  const stranger = await api.issueKey({ project: 'stranger' })
  const reader = await api.issueKey({ scopes: ['runs:read', 'models:read', 'datasets:read'] })
  for (const [kind, id] of Object.entries({ runs, models, ...more })) {
    assert.equal((await change(`${kind}/${id}`, { name: 'mine' }, stranger.key)).status, 404, kind)
    assert.equal((await change(`${kind}/${id}`, { name: 'mine' }, reader.key)).status, 403, kind)
    assert.equal((await change(`${kind}/none`, { name: 'mine' })).status, 404, kind)
  }
})

test('names that would change how the text around them is shown are refused, and those of all languages are not', {
  skip
}, async () => {
  const make = (name: string) => api.call('POST', '/v1/datasets', { body: { name } })
  const unfit = [
    '\u001b[31mred',
    'a\tb',
    'a\nb',
    '\ta',
    'a\u007f',
    'a\u0085b',
    'a\u2028b',
    '\u2029a',
    'a\u202eb',
    'a\u2066b'
  ]
  for (const name of unfit) {
    const { status, json } = await make(name)
    assert.deepEqual([status, json.errors?.[0].pointer], [400, '/name'], JSON.stringify(name))
    assert.match(json.errors[0].detail, /one line .* without control characters/)
  }
  for (const name of ['鞋', 'چکمه\u200cها', 'שלום\u200f', ' shoes ', '\u3000靴', 'a\u00a0b', '👩‍👩‍👧'])
    assert.equal((await make(name)).status, 201, JSON.stringify(name))
})

test('what is asked for by itself has an ETag, and is not sent again until it changes', { skip }, async () => {
  const { datasets, ...others } = await resources()
  const hook = (
    await api.call('POST', '/v1/webhooks', { body: { url: 'https://example.com/a', events: ['run.state'] } })
  ).json
  const { json: sweep } = await api.call('POST', '/v1/sweeps', {
    body: { run: { dataset: datasets, preset: 'demo' }, grid: { seed: [1] } }
  })
  const paths = [
    `datasets/${datasets}`,
    `datasets/${datasets}/versions/1`,
    `projects/${api.projectId}`,
    `webhooks/${hook.id}`,
    `sweeps/${sweep.id}`,
    ...Object.entries(others).map(([kind, id]) => `${kind}/${id}`)
  ]
  for (const path of paths) {
    const first = await api.call('GET', `/v1/${path}`)
    const etag = String(first.headers['etag'])
    assert.match(etag, /^"[\w-]{27}"$/, path)
    const again = await api.call('GET', `/v1/${path}`, { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag], path)
  }
  const etag = String((await api.call('GET', `/v1/datasets/${datasets}`)).headers['etag'])
  assert.equal((await change(`datasets/${datasets}`, { name: 'other' })).status, 200)
  const changed = await api.call('GET', `/v1/datasets/${datasets}`, { headers: { 'if-none-match': etag } })
  assert.deepEqual([changed.status, changed.json.name], [200, 'other'])
})

test('a model has what was said when it was made, and each name of it changes by itself', { skip }, async () => {
  const source = { type: 's3', prefix: 'weights/' }
  const body = { import: { source }, name: 'dino', metadata: { team: 'x', stage: 'new' } }
  const made = await api.call('POST', '/v1/models', { body })
  assert.deepEqual([made.status, made.json.metadata], [202, { team: 'x', stage: 'new' }], made.text)
  const path = `models/${made.json.id}`
  const merged = await change(path, { metadata: { stage: null, owner: 'y' } })
  assert.deepEqual(
    [merged.json.name, merged.json.version, merged.json.metadata],
    ['dino', 1, { team: 'x', owner: 'y' }]
  )
  const both = await change(path, { name: 'dino, second', metadata: { team: null } })
  assert.deepEqual([both.json.name, both.json.metadata], ['dino, second', { owner: 'y' }])
  assert.deepEqual((await api.call('GET', `/v1/${path}`)).json, both.json)
  assert.deepEqual((await change(path, { name: null })).json.metadata, { owner: 'y' })
  assert.equal((await change(path, {})).status, 400)
})

test('metadata of a model with an alias change too, and a refused name changes nothing', { skip }, async () => {
  const { id, name } = await aReadyModel(api.stores, api.projectId)
  const path = `models/${id}`
  await api.call('PUT', `/v1/models/${name}/aliases/prod`, { body: { model: id } })
  assert.deepEqual((await change(path, { metadata: { a: '1' } })).json.metadata, { a: '1' })
  const refused = await change(path, { name: 'other', metadata: { a: '2' } })
  assert.deepEqual([refused.status, refused.json.code], [409, 'model_has_alias'])
  assert.deepEqual((await api.call('GET', `/v1/${path}`)).json.metadata, { a: '1' })
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`n${i}`, 'x']))
  assert.equal((await change(path, { metadata: many })).json.code, 'metadata_full')
})

const aKey = async () => {
  const body = { name: 'service', scopes: ['runs:read'], expires_at: '2999-01-01T00:00:00.000Z' }
  return (await api.call('POST', '/v1/keys', { body })).json
}
const rename = (id: string, body: object, key?: string) => change(`keys/${id}`, body, key)

test('a key is renamed, opens what it opened, and its change is in the audit log', { skip }, async () => {
  const { id, key, ...made } = await aKey()
  const renamed = await rename(id, { name: 'the shop' })
  assert.deepEqual([renamed.status, renamed.json], [200, { id, ...made, name: 'the shop' }])
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 200)
  const read = await api.call('GET', `/v1/keys/${id}`)
  assert.equal(read.json.name, 'the shop')
  assert.ok(!read.text.includes(key.split('_')[2]), 'a secret is shown once')
  const [entry] = (await api.call('GET', `/v1/audit?subject=${id}`)).json.data
  assert.equal(entry.action, 'updateKey')
})

test('a key that was revoked can be renamed, and stays revoked', { skip }, async () => {
  const { id, key } = await aKey()
  await api.call('DELETE', `/v1/keys/${id}`)
  const renamed = await rename(id, { name: 'left the house' })
  assert.equal(renamed.json.name, 'left the house')
  assert.notEqual(renamed.json.revoked_at, null)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 401)
})

test('nothing of a key but its name changes, by nobody but an admin of its project', { skip }, async () => {
  const { id, key } = await aKey()
  for (const body of [{}, { name: '' }, { name: null }, { scopes: ['admin'] }, { name: 'a', expires_at: null }])
    assert.equal((await rename(id, body)).status, 400, JSON.stringify(body))
  assert.equal((await rename(id, { name: 'mine' }, key)).status, 403)
  const stranger = await api.issueKey({ project: 'stranger' })
  assert.equal((await rename(id, { name: 'mine' }, stranger.key)).status, 404)
  assert.equal((await api.call('GET', `/v1/keys/${id}`, { key: stranger.key })).status, 404)
})
