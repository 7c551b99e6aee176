import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function anImport(): Promise<string> {
  const made = await api.call('POST', '/v1/models', {
    body: { import: { source: { type: 's3', prefix: 'weights/' } } }
  })
  assert.equal(made.status, 202, made.text)
  return made.json.id
}

const cancel = (id: string, key = api.adminKey) => api.call('POST', `/v1/models/${id}:cancel`, { key })

test('an import that waits is cancelled at once, and once more; then it can be deleted', { skip }, async () => {
  const id = await anImport()
  const jobsOf = (model: string) => api.jobs.filter(({ key }) => key === model).length
  assert.equal(jobsOf(id), 1)
  for (let i = 0; i < 2; i++) {
    const answer = await cancel(id)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual([answer.json.status, answer.json.error, answer.json.ready_at], ['cancelled', null, null])
  }
  assert.equal(jobsOf(id), 0, 'its job went with it')
  const deleted = await anImport()
  assert.equal((await api.call('DELETE', `/v1/models/${deleted}`)).status, 204)
  assert.equal(jobsOf(deleted), 0)
  assert.equal((await api.call('GET', `/v1/models/${id}`)).json.status, 'cancelled')
  const served = await api.call('POST', '/v1/embeddings', { body: { model: id, input: 'data:image/png;base64,AA==' } })
  assert.deepEqual([served.status, served.json.error.code], [409, 'model_not_ready'])
  assert.match(served.json.error.message, /is cancelled/)
  const left = `models/${id}/embed.onnx`
  await api.objects.put(left, Buffer.from('of a worker that died'))
  await api.sweep()
  assert.equal(await api.objects.head(left), null)
  assert.equal((await api.call('DELETE', `/v1/models/${id}`)).status, 204)
  assert.equal((await cancel(id)).status, 404)
})

test('the run of an export that is cancelled is told of it once', {
  skip
}, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const run = await api.call('POST', '/v1/runs', { body: { dataset: datasetId, preset: 'demo' } })
  const { id } = await aReadyModel(api.stores, api.projectId, { status: 'exporting', config: null, runId: run.json.id })
  assert.equal((await cancel(id)).json.status, 'cancelled')
  await cancel(id)
  const events = await api.call('GET', `/v1/runs/${run.json.id}/events`)
  const told = events.json.data.filter(({ type }: { type: string }) => type === 'model')
  assert.deepEqual(
    told.map(({ data }: { data: object }) => data),
    [{ model: id, status: 'cancelled' }]
  )
})

test('a model that has been made, or has failed, cannot be cancelled', { skip }, async () => {
  for (const status of ['ready', 'failed'] as const) {
    const { id } = await aReadyModel(api.stores, api.projectId, { status, name: null })
    const answer = await cancel(id)
    assert.deepEqual([answer.status, answer.json.code], [409, 'model_not_cancelable'])
    assert.equal((await api.stores.models.load(id))?.status, status)
  }
})

test("another project's model is not found and goes on, and a key that only reads cancels none", { skip }, async () => {
  const id = await anImport()
  const { key } = await api.issueKey({ project: 'other' })
  const foreign = await cancel(id, key)
  assert.deepEqual([foreign.status, foreign.json.code], [404, 'model_not_found'])
  const { key: reader } = await api.issueKey({ scopes: ['models:read'] })
  assert.equal((await cancel(id, reader)).status, 403)
  assert.equal((await api.stores.models.load(id))?.status, 'exporting')
})

test('uploads of a cancelled import are no longer held by it', { skip }, async () => {
  const begun = await api.call('POST', '/v1/models/uploads', { body: { filename: 'a.safetensors', bytes: 3 } })
  await api.stores.datasets.completeUpload(api.projectId, begun.json.id)
  const body = { import: { source: { type: 'upload', uploads: [begun.json.id] } } }
  const { json } = await api.call('POST', '/v1/models', { body })
  const remove = () => api.call('POST', `/v1/models/uploads/${begun.json.id}:delete`)
  assert.equal((await remove()).status, 409)
  await cancel(json.id)
  assert.equal((await remove()).status, 204)
})
