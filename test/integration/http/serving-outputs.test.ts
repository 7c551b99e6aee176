/** What vectors are asked of, and in what they come. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const model = skip ? '' : (await aReadyModel(api.stores, api.projectId)).id

const png = (seed: number): Buffer => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, seed)])
const base64 = (bytes: Buffer): string => bytes.toString('base64')
const embed = (body: object) => api.call('POST', '/v1/embeddings', { body: { model, ...body } })

test('a checkpoint of a run embeds: the newest there is, or one by its step, and is called by its step', {
  skip
}, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const body = { dataset: `${datasetId}@1`, method: 'dino-vmf', preset: 'demo' }
  const run = (await api.call('POST', '/v1/runs', { body })).json.id
  const ask = (model: string) => api.call('POST', '/v1/embeddings', { body: { model, input: base64(png(1)) } })
  const early = await ask(`${run}@latest`)
  assert.equal(early.status, 404)
  assert.equal(early.json.code, 'checkpoint_not_found')
  for (const step of [10, 20])
    await api.stores.checkpoints.insert({ ...aCheckpoint(run, api.projectId), id: newId('checkpoint'), step })
  const newest = await ask(`${run}@latest`)
  assert.equal(newest.status, 200, newest.text)
  assert.equal(newest.json.model, `${run}@20`)
  assert.equal(newest.json.usage.total_tokens, 17, '4 × 4 patches and one more')
  const byPath = await api.call('POST', `/v1/models/${run}@10/embeddings`, { body: { input: base64(png(1)) } })
  assert.equal(byPath.json.model, `${run}@10`, byPath.text)
  assert.equal((await ask(`${run}@15`)).json.code, 'checkpoint_not_found')
  const assigned = await api.call('POST', `/v1/models/${run}@10/assignments`, { body: { input: base64(png(1)) } })
  assert.equal(assigned.status, 404)
  assert.match(assigned.json.detail, /POST \/v1\/models makes a model of it/)
  const { key } = await api.issueKey({ project: 'another', scopes: ['embeddings:write'] })
  const foreign = await api.call('POST', '/v1/embeddings', { body: { model: `${run}@10`, input: base64(png(1)) }, key })
  assert.equal(foreign.status, 404)
  assert.equal(foreign.json.code, 'model_not_found')
})

test('vectors come in the type that is asked for, the same in every form', { skip }, async () => {
  const path = `/v1/models/${model}/embeddings`
  const image = { body: png(4), headers: { 'content-type': 'image/png' } }
  const numbers = (await api.call('POST', `${path}?output_dtype=int8`, image)).json.data[0].embedding
  assert.equal(numbers.length, 8)
  assert.ok(numbers.every((one: number) => Number.isInteger(one) && Math.abs(one) <= 127))
  const { data } = (await embed({ input: base64(png(4)), output_dtype: 'int8', encoding_format: 'base64' })).json
  assert.deepEqual([...new Int8Array(Buffer.from(data[0].embedding, 'base64'))], numbers)
  const accept = { ...image.headers, accept: 'application/octet-stream' }
  const raw = await api.call('POST', `${path}?output_dtype=binary`, { ...image, headers: accept })
  assert.equal(raw.headers['kappa-dimensions'], '8')
  assert.equal(raw.headers['content-length'], '1')
  const refused = await embed({ input: base64(png(4)), output_dtype: 'int4' })
  assert.equal(refused.status, 400)
  assert.match(refused.text, /output_dtype/)
})

test('a bottleneck vector has its own width, and a checkpoint or a model without prototypes has none', {
  skip
}, async () => {
  const input = base64(png(5))
  const cls = (await embed({ input })).json.data[0].embedding
  const bottleneck = await embed({ input, output: 'bottleneck' })
  assert.equal(bottleneck.status, 200, bottleneck.text)
  assert.notDeepEqual(bottleneck.json.data[0].embedding, cls)
  assert.equal((await embed({ input, output: 'bottleneck', dimensions: 64 })).status, 200)
  assert.equal((await embed({ input, output: 'bottleneck', dimensions: 65 })).status, 400)
  assert.equal((await embed({ input, dimensions: 64 })).status, 400)
  const { config } = await api.stores.models.find(api.projectId, model).then((one) => one!)
  const headless = { ...config!, bottleneckDim: null, prototypes: null, temperature: null, method: null }
  const { id } = await aReadyModel(api.stores, api.projectId, { config: headless })
  const refused = await api.call('POST', `/v1/models/${id}/embeddings?output=bottleneck`, {
    body: png(5),
    headers: { 'content-type': 'image/png' }
  })
  assert.equal(refused.json.code, 'model_without_head')
})
