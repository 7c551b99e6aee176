/** What people say of a model beside its name. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const change = (path: string, body: object) => api.call('PATCH', path, { body })

test('a model has what was said when it was made, and each name of it changes by itself', { skip }, async () => {
  const source = { type: 's3', prefix: 'weights/' }
  const body = { import: { source }, name: 'dino', metadata: { team: 'x', stage: 'new' } }
  const made = await api.call('POST', '/v1/models', { body })
  assert.deepEqual([made.status, made.json.metadata], [202, { team: 'x', stage: 'new' }], made.text)
  const path = `/v1/models/${made.json.id}`
  const merged = await change(path, { metadata: { stage: null, owner: 'y' } })
  assert.deepEqual(
    [merged.json.name, merged.json.version, merged.json.metadata],
    ['dino', 1, { team: 'x', owner: 'y' }]
  )
  const both = await change(path, { name: 'dino, second', metadata: { team: null } })
  assert.deepEqual([both.json.name, both.json.metadata], ['dino, second', { owner: 'y' }])
  assert.deepEqual((await api.call('GET', path)).json, both.json)
  assert.deepEqual((await change(path, { name: null })).json.metadata, { owner: 'y' })
  assert.equal((await change(path, {})).status, 400)
})

test('that of a model with an alias changes too, and a refused name changes nothing', { skip }, async () => {
  const { id, name } = await aReadyModel(api.stores, api.projectId)
  const path = `/v1/models/${id}`
  await api.call('PUT', `/v1/models/${name}/aliases/prod`, { body: { model: id } })
  assert.deepEqual((await change(path, { metadata: { a: '1' } })).json.metadata, { a: '1' })
  const refused = await change(path, { name: 'other', metadata: { a: '2' } })
  assert.deepEqual([refused.status, refused.json.code], [409, 'model_has_alias'])
  assert.deepEqual((await api.call('GET', path)).json.metadata, { a: '1' })
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`n${i}`, 'x']))
  assert.equal((await change(path, { metadata: many })).json.code, 'metadata_full')
})
