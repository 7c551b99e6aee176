import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { SCOPES } from '../../../src/domain/access.ts'
import { ACCESS, isOperationId } from '../../../src/http/core/access.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { createOpenApiValidator } from '../../helpers/openapi-validator.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** Every operation of the document with ids filled in. */
const operations = Object.entries(createOpenApiValidator().document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({ method: method.toUpperCase(), path, operationId }))
)
const withIds = (path: string, ids: Readonly<Record<string, string | number>> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(ids[name] ?? 1))

test('every route is in the document, and every line of the access table is a route', { skip }, () => {
  assert.deepEqual(operations.map((one) => one.operationId).sort(), Object.keys(ACCESS).sort())
})

for (const { method, path, operationId } of operations) {
  assert.ok(isOperationId(operationId))
  const access = ACCESS[operationId]
  if (access === 'public' || access === 'signature') continue

  test(`${method} ${path} needs a key, and the scope ${access}`, { skip }, async () => {
    const url = withIds(path)
    const body = method === 'POST' ? { body: {} } : {}
    const none = await api.call(method, url, { ...body, key: null })
    assert.equal(none.status, 401)
    assert.equal(none.headers['www-authenticate'], 'Bearer realm="kappa"')
    assert.equal(none.json.code, 'unauthorized')
    const others = SCOPES.filter((scope) => scope !== access && scope !== 'admin')
    const wrong = await api.call(method, url, { ...body, key: (await api.issueKey({ scopes: others })).key })
    assert.equal(wrong.status, 403)
    assert.equal(wrong.json.required_scope, access)
    const right = await api.call(method, url, { ...body, key: (await api.issueKey({ scopes: [access] })).key })
    assert.ok(right.status !== 401 && right.status !== 403, right.text)
  })
}

test('what is public needs no key, and a wrong key does not hurt there', { skip }, async () => {
  for (const { method, path, operationId } of operations) {
    if (!isOperationId(operationId) || ACCESS[operationId] !== 'public') continue
    assert.equal((await api.call(method, path, { key: null })).status, 200, path)
    assert.equal((await api.call(method, path, { key: 'nonsense' })).status, 200, path)
  }
})

test('keys that are wrong in any way are told the same', { skip }, async () => {
  const { key } = await api.issueKey({})
  const [, id, secret] = /^kappa_(.+)_(.+)$/.exec(key)!
  const otherSecret = secret!.replace(/^./, (first) => (first === '0' ? '1' : '0'))
  const bodies = new Set<string>()
  for (const wrong of [
    `kappa_${id}_${otherSecret}`,
    `kappa_unknown_${secret}`,
    `kappa_${id}_`,
    secret!,
    `${key} `.repeat(2),
    'x'.repeat(500)
  ]) {
    const refused = await api.call('GET', '/v1/runs', { key: wrong })
    assert.equal(refused.status, 401, wrong)
    const { request_id: _, ...rest } = refused.json
    bodies.add(JSON.stringify(rest))
  }
  assert.equal(bodies.size, 1)
  const basic = await api.call('GET', '/v1/runs', { key: null, headers: { authorization: `Basic ${key}` } })
  assert.equal(basic.status, 401)
})

test('a key is made, shown once, listed without its secret, and revoked', { skip }, async () => {
  const created = await api.call('POST', '/v1/keys', { body: { name: 'service', scopes: ['runs:read'] } })
  assert.equal(created.status, 201, created.text)
  const { id, key } = created.json
  assert.match(key, /^kappa_[0-9a-z]+_[0-9a-f]{48}$/)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 200)
  const listed = await api.call('GET', '/v1/keys?limit=100')
  const found = listed.json.data.find((one: { id: string }) => one.id === id)
  assert.notEqual(found.last_used_at, null)
  assert.ok(!listed.text.includes(key.split('_')[2]), 'the secret is not kept')
  assert.equal((await api.call('DELETE', `/v1/keys/${id}`)).status, 204)
  assert.equal((await api.call('GET', '/v1/runs', { key })).status, 401)
  assert.equal((await api.call('DELETE', `/v1/keys/${id}`)).status, 404)
})

test('a key ends when it was said to, and cannot end in the past', { skip }, async () => {
  const scopes = ['runs:read']
  const past = { name: 'x', scopes, expires_at: '2020-01-01T00:00:00Z' }
  const refused = await api.call('POST', '/v1/keys', { body: past })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].pointer, '/expires_at')
  for (const body of [
    { name: 'x', scopes: ['everything'] },
    { name: 'x', scopes: [] },
    { scopes },
    { ...past, expires_at: 'soon' }
  ]) {
    assert.equal((await api.call('POST', '/v1/keys', { body })).status, 400, JSON.stringify(body))
  }
})

test('nothing of another project is found, changed or named', { skip }, async () => {
  const owner = await api.issueKey({ project: 'owner' })
  const stranger = await api.issueKey({ project: 'stranger' })
  const { datasetId } = await aReadyVersion(api, owner.projectId)
  const as = (key: string) => ({ key })
  const run = (
    await api.call('POST', '/v1/runs', {
      ...as(owner.key),
      body: { dataset: datasetId, method: 'dino-vmf', preset: 'demo' }
    })
  ).json
  const checkpoint = aCheckpoint(run.id, owner.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const model = await aReadyModel(api.stores, owner.projectId, { runId: run.id })
  const uploads = `/v1/datasets/${datasetId}/uploads`
  const upload = (await api.call('POST', uploads, { ...as(owner.key), body: { filename: 'a.zip', bytes: 3 } })).json
  const ask = { model: model.id, dataset: datasetId }
  const evaluation = (await api.call('POST', '/v1/evaluations', { ...as(owner.key), body: ask })).json.id
  const hook = { url: 'https://hooks.example/', events: ['run.state'] }
  const { json: webhook } = await api.call('POST', '/v1/webhooks', { ...as(owner.key), body: hook })
  const ownKey = (await api.call('GET', '/v1/keys', as(owner.key))).json.data[0].id

  const idOf = (path: string): string => {
    if (path.startsWith('/v1/datasets')) return datasetId
    if (path.startsWith('/v1/runs')) return run.id
    if (path.startsWith('/v1/evaluations')) return evaluation
    if (path.startsWith('/v1/webhooks')) return webhook.id
    return path.startsWith('/v1/keys') ? ownKey : model.id
  }
  const input = ['iVBORw0KGgo=']
  const bodies: Readonly<Record<string, object>> = {
    createUpload: { filename: 'b.zip', bytes: 3 },
    completeUpload: { parts: [{ part: 1, etag: 'x' }] },
    createDatasetVersion: { source: { type: 'upload', uploads: [upload.id] } },
    updateDataset: { name: 'mine' },
    updateRun: { name: 'mine' },
    updateModel: { name: 'mine' },
    updateEvaluation: { name: 'mine' },
    updateWebhook: { events: ['run.alarm'] },
    createModelEmbeddings: { input },
    createAssignments: { input }
  }
  let asked = 0
  for (const { method, path, operationId } of operations) {
    if (!path.includes('{id}')) continue
    const url = withIds(path, { id: idOf(path), upload_id: upload.id, version: 1, index: 0, delivery_id: 'msg_1' })
    const options = bodies[operationId] ? { body: bodies[operationId] } : {}
    const refused = await api.call(method, url, { ...options, ...as(stranger.key) })
    assert.equal(refused.status, 404, `${method} ${url}: ${refused.text}`)
    assert.ok(!refused.text.includes('shoes'), 'no name leaks')
    asked += 1
  }
  assert.ok(asked > 20)

  const elsewhere = [
    ['/v1/runs', { dataset: datasetId, method: 'dino' }],
    ['/v1/runs:validate', { dataset: `${datasetId}@1`, method: 'dino' }],
    ['/v1/models', { checkpoint: checkpoint.id }],
    ['/v1/evaluations', ask],
    ['/v1/embeddings', { model: model.id, input }],
    ['/v1/embeddings', { model: run.id, input }]
  ] as const
  for (const [url, body] of elsewhere) {
    const refused = await api.call('POST', url, { body, ...as(stranger.key) })
    assert.equal(refused.status, 404, `${url}: ${refused.text}`)
  }
  for (const url of [
    '/v1/datasets',
    '/v1/runs',
    '/v1/models',
    '/v1/evaluations',
    '/v1/webhooks',
    `/v1/runs?dataset=${datasetId}`
  ]) {
    assert.deepEqual((await api.call('GET', url, as(stranger.key))).json.data, [], url)
  }
  assert.equal((await api.call('GET', '/v1/keys', as(stranger.key))).json.data.length, 1)
  assert.equal(
    (await api.call('GET', `/v1/runs/${run.id}`, as(owner.key))).json.status,
    'queued',
    'nothing was changed'
  )
  assert.equal((await api.call('GET', `/v1/keys`, as(owner.key))).json.data[0].revoked_at, null)

  const mine = (await api.call('POST', '/v1/datasets', { body: { name: 'mine' }, ...as(stranger.key) })).json.id
  const body = { source: { type: 'upload', uploads: [upload.id] } }
  const borrowed = await api.call('POST', `/v1/datasets/${mine}/versions`, { body, ...as(stranger.key) })
  assert.equal(borrowed.json.errors[0].pointer, '/source/uploads/0')
})
