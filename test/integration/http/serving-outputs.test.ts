/** What vectors are asked of, and in what they come. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import type { Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, type TestApp } from '../../helpers/app.ts'
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

test('a model says what its vectors in 8 bits lose, and computes them for who asks; others refuse', {
  skip
}, async () => {
  const input = base64(png(1))
  const { id, config } = await aReadyModel(api.stores, api.projectId)
  const told = { images: 21, min_cosine: 0.99, mean_cosine: 0.995, recall_at_10: 0.9 }
  assert.deepEqual((await api.call('GET', `/v1/models/${id}`)).json.config.precisions, { int8: told })
  const { precisions: _, ...older } = config!
  const { id: old } = await aReadyModel(api.stores, api.projectId, { config: older })
  const refused = await embed({ model: old, input, precision: 'int8' })
  assert.deepEqual([refused.status, refused.json.code], [409, 'precision_unavailable'])
  assert.deepEqual((await api.call('GET', `/v1/models/${old}`)).json.config.precisions, {})
  const path = `/v1/models/${id}/embeddings`
  const headers = { 'content-type': 'image/png' }
  const exact = (await embed({ model: id, input })).json.data
  const [rounded, ...same] = [
    await embed({ model: id, input, precision: 'int8' }),
    await embed({ model: id, input, precision: 'int8', image_size: 28 }),
    await api.call('POST', path, { body: { input, precision: 'int8' } }),
    await api.call('POST', `${path}?precision=int8`, { body: png(1), headers })
  ].map((answer) => answer.json.data)
  assert.notDeepEqual(rounded, exact)
  assert.deepEqual(same, [rounded, rounded, rounded])
  for (const others of [
    { output: 'bottleneck' },
    { output: 'mean_patch' },
    { output: 'patches' },
    { image_size: 56 }
  ]) {
    const other = await api.call('POST', path, { body: { input, precision: 'int8', ...others } })
    assert.deepEqual([other.status, other.json.errors[0].pointer], [409, '/precision'], JSON.stringify(others))
  }
  assert.equal((await embed({ model: id, input, precision: 'int4' })).status, 400)
})

const image = { body: png(6), headers: { 'content-type': 'image/png' } }
const ask = (path: string) => api.call('POST', `/v1/models/${model}/${path}`, image)

test('patches come as one file, in rows and columns, and nothing that means nothing beside them is taken', {
  skip
}, async () => {
  const npy = await ask('embeddings?output=patches')
  assert.equal(npy.status, 200, npy.text)
  assert.equal(npy.headers['kappa-shape'], '1,7,7,8')
  assert.match(npy.bytes.subarray(10, 128).toString('latin1'), /'descr': '<f4', .*'shape': \(1, 7, 7, 8\)/)
  assert.equal(npy.bytes.length, 128 + 4 * 49 * 8)
  const file = await ask('embeddings?output=patches&file_format=safetensors&image_size=56')
  const { tensors, metadata } = decodeSafetensors(file.bytes)
  assert.deepEqual(tensors.get('patches')?.shape, [1, 14, 14, 8])
  assert.deepEqual(metadata, { model, image_size: '56', patch_size: '4' })
  for (const [field, query] of [
    ['output_dtype', 'output=patches&output_dtype=int8'],
    ['dimensions', 'output=patches&dimensions=4'],
    ['encoding_format', 'output=patches&encoding_format=base64'],
    ['file_format', 'file_format=npy']
  ]) {
    const refused = await ask(`embeddings?${query}`)
    assert.equal(refused.status, 400, query)
    assert.equal(refused.json.errors[0].pointer, `/${field}`)
  }
  assert.equal((await embed({ input: base64(png(6)), output: 'patches' })).status, 400, "not of OpenAI's shape")
})

test('an answer of patches that is too large is refused before its images are looked at', { skip }, async () => {
  const { config } = await api.stores.models.find(api.projectId, model).then((one) => one!)
  const wide = { ...config!, embeddingDim: 4096, imageSize: 256, patchSize: 4 }
  const { id } = await aReadyModel(api.stores, api.projectId, { config: wide })
  const refused = await api.call('POST', `/v1/models/${id}/embeddings?output=patches`, image)
  assert.equal(refused.status, 422, refused.text)
  assert.equal(refused.json.code, 'answer_too_large')
  assert.equal(refused.json.errors[0].pointer, '/input')
})

test('a size is whole patches, from half of the model’s own to twice, and counts as it is seen', { skip }, async () => {
  const seen = await embed({ input: base64(png(7)), image_size: 56 })
  assert.equal(seen.json.usage.total_tokens, 197, '14 × 14 patches and one more')
  const assigned = await ask('assignments?image_size=16')
  assert.equal(assigned.json.usage.total_tokens, 17)
  const { json: shown } = await api.call('GET', `/v1/models/${model}`)
  assert.deepEqual(shown.config.image_sizes, { least: 16, most: 56, step: 4 })
  for (const size of [12, 30, 60]) {
    const refused = await embed({ input: base64(png(7)), image_size: size })
    assert.equal(refused.status, 400)
    assert.deepEqual(refused.json.errors, [
      { pointer: '/image_size', detail: 'must be a multiple of 4 from 16 to 56 for this model' }
    ])
  }
})

test('attention is a picture, a file or numbers, of the mean or of a head', { skip }, async () => {
  const picture = await ask('attention-maps')
  assert.equal(picture.headers['content-type'], 'image/png')
  assert.equal(picture.headers['kappa-range'], '0,0.25')
  assert.equal(picture.headers['kappa-heads'], '2')
  const npy = await ask('attention-maps?format=npy')
  assert.equal(npy.headers['kappa-shape'], '2,7,7', npy.text.slice(0, 400))
  assert.equal((await ask('attention-maps?format=npy&head=1')).headers['kappa-shape'], '1,7,7')
  const { json } = await ask('attention-maps?format=json')
  assert.deepEqual([json.rows, json.columns, json.mean.length, json.heads.length], [7, 7, 7, 2])
  const [first, second] = json.heads
  assert.ok(Math.abs(json.mean[2][3] - (first.patches[2][3] + second.patches[2][3]) / 2) < 1e-9)
  const unknown = await ask('attention-maps?head=2')
  assert.equal(unknown.status, 400)
  assert.deepEqual(unknown.json.errors, [{ pointer: '/head', detail: 'The model has 2 heads.' }])
  assert.match((await ask('attention-maps?format=json&draw=map')).text, /is for format png/)
})

test('a heat map is of the likeliest prototype, or of one that is named', { skip }, async () => {
  const picture = await ask('heat-maps')
  assert.equal(picture.headers['kappa-prototype'], '5')
  const { json } = await ask('heat-maps?prototype=2&format=json&value=posterior')
  assert.deepEqual([json.prototype, json.value, json.image], [2, 'posterior', { cosine: 0.5, probability: 0.25 }])
  const { config } = await api.stores.models.find(api.projectId, model).then((one) => one!)
  const beyond = await ask(`heat-maps?prototype=${config!.prototypes}`)
  assert.equal(beyond.json.errors[0].pointer, '/prototype')
  const two = await api.call('POST', `/v1/models/${model}/heat-maps`, { body: { input: ['a', 'b'] } })
  assert.equal(two.status, 400, 'one image')
  const headless = { ...config!, bottleneckDim: null, prototypes: null, temperature: null, method: null }
  const { id } = await aReadyModel(api.stores, api.projectId, { config: headless })
  assert.equal((await api.call('POST', `/v1/models/${id}/heat-maps`, image)).json.code, 'model_without_head')
  const { key } = await api.issueKey({ project: 'a third', scopes: ['embeddings:write'] })
  assert.equal((await api.call('POST', `/v1/models/${model}/heat-maps`, { ...image, key })).status, 404)
})

test('answers of patches that have not gone share a room, in which a key has its part', { skip }, async () => {
  const gate = Promise.withResolvers<void>()
  const inference: Inference = {
    ...fakeInference,
    embed: async (...args) => {
      await gate.promise
      return fakeInference.embed(...args)
    }
  }
  const other = await createTestApp({ after }, { inference })
  const { config } = await api.stores.models.find(api.projectId, model).then((one) => one!)
  const wide = { ...config!, embeddingDim: 1024, imageSize: 224 }
  const { id } = await aReadyModel(other.stores, other.projectId, { config: wide })
  const patches = () => other.call('POST', `/v1/models/${id}/embeddings?output=patches`, image)
  const answers = [patches(), patches()]
  const refused = await Promise.race(answers)
  assert.deepEqual([refused.status, refused.json.code], [429, 'too_much_at_once'])
  gate.resolve()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, 429])
  assert.equal((await patches()).status, 200, 'what has gone gives its room back')
})

test('an alias that means another model than it did has room for one answer of patches, not for two', {
  skip
}, async () => {
  const { config } = await api.stores.models.find(api.projectId, model).then((one) => one!)
  const name = 'wide'
  const wide = { name, config: { ...config!, embeddingDim: 1024, imageSize: 224 } }
  const models = [
    await aReadyModel(api.stores, api.projectId, wide),
    await aReadyModel(api.stores, api.projectId, wide)
  ]
  for (const { id } of models) {
    await api.call('PUT', `/v1/models/${name}/aliases/live`, { body: { model: id } })
    const file = await api.call(
      'POST',
      `/v1/models/${name}@live/embeddings?output=patches&file_format=safetensors`,
      image
    )
    assert.equal(file.status, 200, file.text.slice(0, 400))
    assert.equal(decodeSafetensors(file.bytes).metadata['model'], id)
  }
})
