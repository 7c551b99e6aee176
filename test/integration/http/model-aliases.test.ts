/** Models by name: versions, aliases, and requests that go by them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
/** Lets others go first: requests overlap as they do where images take their time. */
const warmed: string[] = []
/** Until then models are loaded. */
let loading = Promise.resolve()
const slowly: Inference = {
  ...fakeInference,
  async warm({ id }) {
    warmed.push(id)
    await loading
  },
  async embed(...request) {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    return fakeInference.embed(...request)
  }
}
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { inference: slowly })

let counted = 0
const aName = () => `shoes, ViT-S/${++counted}`
const aModel = (name: string | null, patch = {}) => aReadyModel(api.stores, api.projectId, { name, ...patch })
const at = (name: string, alias: string) => `/v1/models/${encodeURIComponent(name)}/aliases/${alias}`
const put = (name: string, alias: string, body: object, headers = {}) =>
  api.call('PUT', at(name, alias), { body, headers })
const PNG = Buffer.from('iVBORw0KGgo=', 'base64').toString('base64')
const embed = (model: string) => api.call('POST', '/v1/embeddings', { body: { model, input: [PNG] } })

test('every model of a name has the next version, whichever way it came, and a number is given once', {
  skip
}, async () => {
  const name = aName()
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const run = (await api.call('POST', '/v1/runs', { body: { dataset: datasetId, preset: 'demo' } })).json
  const checkpoint = aCheckpoint(run.id, api.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const create = () => api.call('POST', '/v1/models', { body: { checkpoint: checkpoint.id, name } })
  const made = await Promise.all([create(), create(), create()])
  assert.deepEqual(made.map(({ json }) => json.version).toSorted(), [1, 2, 3])
  const fourth = await aModel(null)
  assert.equal((await api.call('GET', `/v1/models/${fourth.id}`)).json.version, null)
  const renamed = await api.call('PATCH', `/v1/models/${fourth.id}`, { body: { name } })
  assert.deepEqual([renamed.json.name, renamed.json.version], [name, 4])
  const same = await api.call('PATCH', `/v1/models/${fourth.id}`, { body: { name } })
  assert.equal(same.json.version, 4, 'it has the name already')
  await api.call('PATCH', `/v1/models/${fourth.id}`, { body: { name: null } })
  assert.equal((await aModel(name)).version, 5)
  const listed = await api.call('GET', `/v1/models?versions_of=${encodeURIComponent(name)}`)
  assert.deepEqual(listed.json.data.map(({ version }: { version: number }) => version).toSorted(), [1, 2, 3, 5])
})

test('an alias means another model when that has been loaded, and not before', { skip }, async () => {
  const name = aName()
  const [first, second] = [await aModel(name), await aModel(name)]
  await put(name, 'live', { version: 1 })
  warmed.length = 0
  const loaded = Promise.withResolvers<void>()
  loading = loaded.promise
  const moving = put(name, 'live', { model: second.id })
  while (warmed.length === 0) await new Promise(setImmediate)
  assert.equal((await api.call('GET', at(name, 'live'))).json.model, first.id)
  assert.equal((await embed(`${name}@live`)).json.model, first.id)
  loaded.resolve()
  assert.equal((await moving).status, 200)
  assert.deepEqual(warmed, [second.id])
  assert.equal((await embed(`${name}@live`)).json.model, second.id)
  assert.equal((await put(name, 'live', { version: 9 })).status, 404, 'of what is not there nothing is loaded')
  assert.deepEqual(warmed, [second.id])
})

test('what is no name is refused by its field', { skip }, async () => {
  const { id } = await aModel(null)
  for (const name of [' ', 'a@b', ' shoes', 'two\nlines']) {
    for (const [method, url, body] of [
      ['PATCH', `/v1/models/${id}`, { name }],
      ['POST', '/v1/models', { checkpoint: 'ckpt_1', name }]
    ] as const) {
      const { status, json } = await api.call(method, url, { body })
      assert.deepEqual([status, json.errors?.[0]?.pointer], [400, '/name'], JSON.stringify([name, json]))
    }
  }
})

test('an alias is moved, read, listed and removed, and says what it means', { skip }, async () => {
  const name = aName()
  const [first, second] = [await aModel(name), await aModel(name)]
  const created = await put(name, 'prod', { version: 1 })
  assert.equal(created.status, 200, created.text)
  assert.deepEqual([created.json.model, created.json.version, created.json.alias], [first.id, 1, 'prod'])
  const moved = await put(name, 'prod', { model: second.id })
  assert.deepEqual([moved.json.model, moved.json.version], [second.id, 2])
  assert.notEqual(moved.headers['etag'], created.headers['etag'])
  const repeated = await put(name, 'prod', { model: `${name}@2` })
  assert.deepEqual(repeated.json, moved.json, 'it means that already')
  await put(name, 'old', { version: 1 })
  const { json } = await api.call('GET', `/v1/models/${encodeURIComponent(name)}/aliases`)
  assert.deepEqual(
    json.data.map((one: { alias: string; version: number }) => [one.alias, one.version]),
    [
      ['old', 1],
      ['prod', 2]
    ]
  )
  const page = await api.call('GET', `/v1/models/${encodeURIComponent(name)}/aliases?limit=1`)
  const next = `/v1/models/${encodeURIComponent(name)}/aliases?after=${page.json.next_cursor}`
  assert.equal((await api.call('GET', next)).json.data[0].alias, 'prod')
  assert.deepEqual((await api.call('GET', `/v1/models/${second.id}`)).json.aliases, ['prod'])
  const got = await api.call('GET', at(name, 'prod'))
  assert.deepEqual([got.headers['etag'], got.json.etag], [moved.headers['etag'], moved.headers['etag']])
  const known = { headers: { 'if-none-match': got.json.etag } }
  assert.equal((await api.call('GET', at(name, 'prod'), known)).status, 304)
  assert.equal((await api.call('DELETE', at(name, 'prod'))).status, 204)
  const gone = await api.call('GET', at(name, 'prod'))
  assert.deepEqual([gone.status, gone.json.code], [404, 'alias_not_found'])
  assert.equal((await api.call('DELETE', at(name, 'prod'))).status, 404)
  assert.deepEqual((await api.call('GET', `/v1/models/${second.id}`)).json.aliases, [])
})

test('of two who move an alias that they have read, one succeeds and the other learns of it', { skip }, async () => {
  const name = aName()
  await aModel(name)
  await aModel(name)
  await aModel(name)
  const read = (await put(name, 'prod', { version: 1 })).headers['etag']!
  const both = await Promise.all([2, 3].map((version) => put(name, 'prod', { version }, { 'if-match': read })))
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 412])
  const refused = both.find(({ status }) => status === 412)!
  const winner = both.find(({ status }) => status === 200)!
  assert.equal(refused.json.code, 'precondition_failed')
  assert.match(refused.json.detail, new RegExp(`means version ${winner.json.version} by now`))
  assert.equal((await api.call('GET', at(name, 'prod'))).json.model, winner.json.model)
  const stale = { headers: { 'if-match': read } }
  assert.equal((await api.call('DELETE', at(name, 'prod'), stale)).status, 412)
  const weak = `W/${winner.headers['etag']}`
  assert.equal((await put(name, 'prod', { version: 1 }, { 'if-match': weak })).status, 400, 'a weak tag is no proof')
  assert.equal((await api.call('DELETE', at(name, 'prod'), { headers: { 'if-match': weak } })).status, 400)
  const created = await Promise.all([1, 2].map((version) => put(name, 'new', { version }, { 'if-none-match': '*' })))
  assert.deepEqual(created.map(({ status }) => status).toSorted(), [200, 412])
  assert.equal((await put(name, 'absent', { version: 1 }, { 'if-match': '*' })).status, 412)
  // Removed and made again as it was: whoever read it before has not read this one.
  const before = (await put(name, 'again', { version: 1 })).json
  await api.call('DELETE', at(name, 'again'))
  const after = (await put(name, 'again', { version: 1 })).json
  if (before.created_at !== after.created_at) assert.notEqual(before.etag, after.etag)
})

test('an alias means a ready model of its own name, and keeps the name for it', { skip }, async () => {
  const name = aName()
  const model = await aModel(name)
  const other = await aModel('others')
  const exporting = await aModel(name, { status: 'exporting' })
  for (const [body, status, code, pointer] of [
    [{ model: other.id }, 409, 'model_of_other_name', '/model'],
    [{ model: exporting.id }, 409, 'model_not_ready', '/model'],
    [{ version: 2 }, 409, 'model_not_ready', '/version'],
    [{ version: 9 }, 404, 'model_not_found', '/version'],
    [{ model: 'mdl_none' }, 404, 'model_not_found', '/model']
  ] as const) {
    const { status: is, json } = await put(name, 'prod', body)
    assert.deepEqual([is, json.code, json.errors[0].pointer], [status, code, pointer], JSON.stringify(body))
  }
  assert.equal((await put('nobody', 'prod', { version: 1 })).status, 404)
  for (const alias of ['3', '-x', 'a%20b', 'a'.repeat(65)]) {
    assert.equal((await put(name, alias, { version: 1 })).status, 400, alias)
  }
  for (const body of [{}, { version: 1, model: model.id }, { version: 0 }]) {
    assert.equal((await put(name, 'prod', body)).status, 400, JSON.stringify(body))
  }
  await put(name, 'prod', { version: 1 })
  const renamed = await api.call('PATCH', `/v1/models/${model.id}`, { body: { name: 'shoes' } })
  assert.deepEqual([renamed.status, renamed.json.code], [409, 'model_has_alias'])
  assert.ok(renamed.json.detail.includes(`${name}@prod`))
})

test('name@alias and name@version are taken wherever a model is, and answers name the model itself', {
  skip
}, async () => {
  const name = aName()
  const { id } = await aModel(name)
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  await put(name, 'prod', { version: 1 })
  for (const reference of [`${name}@prod`, `${name}@1`]) {
    const path = `/v1/models/${encodeURIComponent(reference)}`
    const input = [PNG]
    for (const { status, json, text } of [
      await embed(reference),
      await api.call('POST', `${path}/embeddings`, { body: { input } }),
      await api.call('POST', `${path}/assignments`, { body: { input } })
    ]) {
      assert.equal(status, 200, text)
      assert.equal(json.model, id)
    }
    assert.equal((await api.call('GET', path)).json.id, id)
    assert.equal((await api.call('GET', `${path}/prototypes`)).json.data[0].model, id)
    assert.equal((await api.call('GET', `${path}/kappa`)).status, 200)
    assert.equal((await api.call('GET', `${path}/artifacts`)).status, 200)
    const evaluation = await api.call('POST', '/v1/evaluations', { body: { model: reference, dataset } })
    assert.deepEqual([evaluation.status, evaluation.json.model], [202, id], evaluation.text)
    const measured = await api.call('GET', `/v1/evaluations?model=${encodeURIComponent(reference)}`)
    assert.equal(measured.json.data[0].model, id)
  }
})

test('what a name does not have is a 404 that says which alias or version', { skip }, async () => {
  const name = aName()
  await aModel(name)
  for (const [reference, detail] of [
    [`${name}@prod`, `Models of the name "${name}" have no alias "prod".`],
    [`${name}@7`, `Models of the name "${name}" have no version 7.`],
    ['nobody@prod', 'There is no model with the name "nobody".']
  ] as const) {
    const { status, json } = await embed(reference)
    assert.equal(status, 404)
    assert.ok(JSON.stringify(json).includes(JSON.stringify(detail).slice(1, -1)), JSON.stringify(json))
    const begun = await api.call('POST', '/v1/runs', { body: { dataset: 'ds_1', init: { model: reference } } })
    assert.deepEqual([begun.status, begun.json.errors[0]], [404, { pointer: '/init/model', detail }])
  }
})

test('names and aliases of another project are not there', { skip }, async () => {
  const name = aName()
  await aModel(name)
  await put(name, 'prod', { version: 1 })
  const { key, projectId } = await api.issueKey({ project: 'stranger' })
  for (const [method, url, body] of [
    ['GET', at(name, 'prod')],
    ['GET', `/v1/models/${encodeURIComponent(name)}/aliases`],
    ['PUT', at(name, 'prod'), { version: 1 }],
    ['DELETE', at(name, 'prod')],
    ['POST', '/v1/embeddings', { model: `${name}@prod`, input: [PNG] }]
  ] as const) {
    const refused = await api.call(method, url, { key, ...(body && { body }) })
    assert.equal(refused.status, 404, `${method} ${url}`)
  }
  const own = await aReadyModel(api.stores, projectId, { name })
  assert.equal(own.version, 1, 'every project counts for itself')
  const moved = await api.call('PUT', at(name, 'prod'), { key, body: { version: 1 } })
  assert.equal(moved.json.model, own.id)
  assert.notEqual((await api.call('GET', at(name, 'prod'))).json.model, own.id)
})

test('an alias that is moved while requests run fails none of them, and each says who answered', {
  skip
}, async () => {
  const name = aName()
  const ids = [(await aModel(name)).id, (await aModel(name)).id]
  await put(name, 'prod', { version: 1 })
  const served = new Set<string>()
  let isMoving = true
  async function ask(): Promise<number> {
    let asked = 0
    for (; isMoving; asked++) {
      const { status, json, text } = await embed(`${name}@prod`)
      assert.equal(status, 200, text)
      assert.ok(ids.includes(json.model))
      served.add(json.model)
    }
    return asked
  }
  const asking = Array.from({ length: 8 }, ask)
  for (let move = 0; move < 30; move++) {
    const { status } = await put(name, 'prod', { version: 1 + ((move + 1) % 2) })
    assert.equal(status, 200)
  }
  isMoving = false
  const asked = (await Promise.all(asking)).reduce((sum, one) => sum + one)
  assert.ok(asked >= 30, `${asked} requests`)
  assert.equal(served.size, 2)
})
