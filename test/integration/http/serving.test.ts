import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import OpenAI from 'openai'
import { AppError } from '../../../src/base/errors.ts'
import type { Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, LIMITS, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()

/** What the next call of inference fails with. */
const next: { failure: AppError | null } = { failure: null }
const failing =
  <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
  (...args: A): Promise<T> => {
    const { failure } = next
    next.failure = null
    return failure ? Promise.reject(failure) : work(...args)
  }
const inference: Inference = {
  ...fakeInference,
  embed: failing(fakeInference.embed),
  assign: failing(fakeInference.assign)
}

const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { inference })
const model = skip ? '' : (await aReadyModel(api.stores, api.projectId)).id

const png = (seed: number): Buffer => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, seed)])
const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(20, 7)])
const base64 = (bytes: Buffer): string => bytes.toString('base64')
const dataUri = (bytes: Buffer): string => `data:image/png;base64,${base64(bytes)}`

const embed = (body: object, headers = {}) => api.call('POST', '/v1/embeddings', { body: { model, ...body }, headers })

test('the official client gets its embeddings, in its own default format and as numbers', { skip }, async () => {
  await api.app.listen({ port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  const client = new OpenAI({ apiKey: api.adminKey, baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
  const input = [base64(png(1)), dataUri(png(2))]
  const decoded = await client.embeddings.create({ model, input })
  const numbers = await client.embeddings.create({ model, input, encoding_format: 'float' })
  assert.equal(decoded.data.length, 2)
  assert.equal(decoded.data[0]?.embedding.length, 8)
  assert.deepEqual(decoded.data[1]?.embedding.map(Math.fround), numbers.data[1]?.embedding)
  assert.equal(decoded.model, model)
  assert.equal(decoded.usage.total_tokens, 2 * 50, '7 × 7 patches and one more, twice')
  await assert.rejects(client.embeddings.create({ model: 'mdl_unknown', input }), {
    status: 404,
    code: 'model_not_found'
  })
})

test('base64 is little-endian float32 and says the same as the numbers', { skip }, async () => {
  const input = base64(png(3))
  const numbers = (await embed({ input })).json.data[0].embedding
  const text = (await embed({ input, encoding_format: 'base64' })).json.data[0].embedding
  const bytes = Buffer.from(text, 'base64')
  assert.deepEqual(
    Array.from({ length: 8 }, (_, i) => bytes.readFloatLE(4 * i)),
    numbers
  )
})

test('a raw image, a form and JSON give the same embedding, and the timings are told', { skip }, async () => {
  const path = `/v1/models/${model}/embeddings`
  const json = await api.call('POST', path, { body: { input: [base64(png(1)), base64(jpeg)] } })
  const raw = await api.call('POST', path, { body: png(1), headers: { 'content-type': 'image/png' } })
  const form = new FormData()
  for (const image of [png(1), jpeg]) form.append('images', new Blob([new Uint8Array(image)]), 'image')
  const encoded = new Response(form)
  const multipart = await api.call('POST', path, {
    body: Buffer.from(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type')! }
  })
  assert.equal(multipart.status, 200, multipart.text)
  assert.deepEqual(multipart.json.data, json.json.data)
  assert.deepEqual(raw.json.data[0], json.json.data[0])
  assert.equal(raw.headers['server-timing'], 'decode;dur=1.00, queue;dur=2.00, infer;dur=3.00, encode;dur=0.50')
})

test('raw floats come with their width', { skip }, async () => {
  const raw = await api.call('POST', `/v1/models/${model}/embeddings?dimensions=4`, {
    body: { input: [base64(png(1)), base64(png(2))] },
    headers: { accept: 'application/octet-stream' }
  })
  assert.equal(raw.headers['content-type'], 'application/octet-stream')
  assert.equal(raw.headers['kappa-dimensions'], '4')
  assert.equal(raw.bytes.length, 2 * 4 * 4)
  const numbers = (await embed({ input: base64(png(2)), dimensions: 4 })).json.data[0].embedding
  assert.equal(raw.bytes.readFloatLE(16), numbers[0])
})

test('a model says how it sees images; one of 0.2 does not', { skip }, async () => {
  const { json } = await api.call('GET', `/v1/models/${model}`)
  const rule = { resize: 'shorter_side', side: 28, interpolation: 'bicubic', crop: 28, bits: 16 }
  assert.deepEqual(json.config.preprocessing, rule)
  const { preprocessing: _, ...before } = (await aReadyModel(api.stores, api.projectId)).config!
  const { id } = await aReadyModel(api.stores, api.projectId, { config: before })
  assert.equal((await api.call('GET', `/v1/models/${id}`)).json.config.preprocessing, null)
})

test('many numbers are written in pieces that are one JSON', { skip }, async () => {
  const large = (await aReadyModel(api.stores, api.projectId)).config!
  const { id } = await aReadyModel(api.stores, api.projectId, { config: { ...large, embeddingDim: 3000 } })
  const input = Array.from({ length: 8 }, (_, i) => base64(png(i)))
  const answer = await embed({ model: id, input })
  assert.deepEqual(
    answer.json.data.map((one: { index: number }) => one.index),
    [0, 1, 2, 3, 4, 5, 6, 7]
  )
  assert.ok(answer.json.data.every((one: { embedding: number[] }) => one.embedding.length === 3000))
})

test('assignments tell what is included, for JSON and for a raw image', { skip }, async () => {
  const path = `/v1/models/${model}/assignments`
  const all = await api.call('POST', path, { body: { input: base64(png(1)), top_k: 2 } })
  assert.equal(all.status, 200, all.text)
  const [one] = all.json.data
  assert.equal(one.assignments.length, 2)
  assert.deepEqual(one.assignments[0], { prototype: 0, probability: 0.5, cosine: 0.9, kappa: 25 })
  assert.equal(one.log_density, 30.25)
  assert.equal(one.density_percentile, null)
  const entropy = await api.call('POST', path, { body: { input: [base64(png(1))], include: ['entropy'] } })
  assert.deepEqual(Object.keys(entropy.json.data[0]).sort(), [
    'assignments',
    'effective_clusters',
    'entropy',
    'index',
    'object'
  ])
  assert.equal(entropy.json.data[0].assignments.length, 3, 'a model with three prototypes has no ten')
  const raw = await api.call('POST', `${path}?top_k=1`, { body: jpeg, headers: { 'content-type': 'image/jpeg' } })
  assert.equal(raw.json.data[0].assignments.length, 1)
})

for (const [what, body, status, code, pointer] of [
  ['no base64', { input: 'not base64!' }, 422, 'image_invalid', '/input/0'],
  [
    'base64 of what is no image',
    { input: [base64(png(1)), base64(Buffer.from('hello'))] },
    422,
    'image_invalid',
    '/input/1'
  ],
  ['an empty text', { input: '' }, 422, 'image_invalid', '/input/0'],
  ['a data URI that is not base64', { input: 'data:image/png,abc' }, 422, 'image_invalid', '/input/0'],
  [
    'an image that is too large',
    { input: base64(Buffer.concat([png(1), Buffer.alloc(LIMITS.imageBytes)])) },
    413,
    'image_too_large',
    '/input/0'
  ],
  ['a URL of a host that is not allowed', { input: 'https://example.com/a.png' }, 422, 'url_not_allowed', '/input/0'],
  ['a URL of this machine', { input: 'https://127.0.0.1/a.png' }, 422, 'url_not_allowed', '/input/0'],
  ['a URL that is not https', { input: 'http://images.example/a.png' }, 422, 'url_not_allowed', '/input/0'],
  ['a file', { input: 'file:///etc/passwd' }, 422, 'url_not_allowed', '/input/0'],
  ['too many images', { input: Array.from({ length: 9 }, () => base64(png(1))) }, 400, 'invalid_request', '/input'],
  ['no images', { input: [] }, 400, 'invalid_request', '/input'],
  ['tokens', { input: [1, 2, 3] }, 400, 'invalid_request', '/input/0'],
  ['an unknown format', { input: base64(png(1)), encoding_format: 'hex' }, 400, 'invalid_request', '/encoding_format'],
  ['more dimensions than there are', { input: base64(png(1)), dimensions: 9 }, 400, 'invalid_request', '/dimensions'],
  ['an unknown field', { input: base64(png(1)), normalize: true }, 400, 'invalid_request', '/normalize'],
  ['an unknown model', { model: 'mdl_unknown', input: base64(png(1)) }, 404, 'model_not_found', null]
] as const) {
  test(`an embedding of ${what} is refused by name`, { skip }, async () => {
    const refused = await embed(body)
    assert.equal(refused.status, status, refused.text)
    assert.match(refused.headers['content-type'] ?? '', /^application\/problem\+json/)
    assert.equal(refused.json.code, code)
    if (pointer) assert.equal(refused.json.errors[0].pointer, pointer)
  })
}

test('what the inference process finds wrong names the image', { skip }, async () => {
  next.failure = new AppError('image_invalid', { index: 1, message: 'Image 1 cannot be decoded.' })
  const refused = await embed({ input: [base64(png(1)), base64(png(2))] })
  assert.equal(refused.status, 422)
  assert.equal(refused.json.index, 1)
  assert.deepEqual(refused.json.errors, [{ pointer: '/input/1', detail: 'Image 1 cannot be decoded.' }])
})

test('a full queue says when to come back', { skip }, async () => {
  next.failure = new AppError('overloaded', { retryAfterS: 2 })
  const refused = await embed({ input: base64(png(1)) })
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['retry-after'], '2')
})

test('a model that is being made, or failed, is not served', { skip }, async () => {
  for (const status of ['exporting', 'failed'] as const) {
    const { id } = await aReadyModel(api.stores, api.projectId, { status })
    const refused = await embed({ model: id, input: base64(png(1)) })
    assert.equal(refused.status, 409)
    assert.equal(refused.json.code, 'model_not_ready')
    assert.equal((await api.call('GET', `/v1/models/${id}/kappa`)).status, 409)
  }
})

test('a run may be named in place of its model', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const body = { dataset: datasetId, method: 'dino-vmf', preset: 'demo' }
  const run = (await api.call('POST', '/v1/runs', { body })).json.id
  const early = await embed({ model: run, input: base64(png(1)) })
  assert.equal(early.json.code, 'model_not_ready')
  const { id } = await aReadyModel(api.stores, api.projectId, { runId: run })
  await api.stores.runs.update(run, { modelId: id, status: 'succeeded' })
  assert.equal((await embed({ model: run, input: base64(png(1)) })).json.model, id)
  assert.equal((await api.call('GET', `/v1/models/${run}`)).json.id, id)
})

test('a body of another kind, or too large a one, is refused before it is read', { skip }, async () => {
  const text = await api.call('POST', '/v1/embeddings', { body: 'x', headers: { 'content-type': 'text/plain' } })
  assert.equal(text.status, 415)
  const image = await api.call('POST', '/v1/embeddings', { body: png(1), headers: { 'content-type': 'image/png' } })
  assert.equal(image.status, 415, "OpenAI's route takes JSON only")
  const svg = await api.call('POST', `/v1/models/${model}/embeddings`, {
    body: '<svg/>',
    headers: { 'content-type': 'image/svg+xml' }
  })
  assert.equal(svg.status, 415)
  const large = await embed({ input: 'A'.repeat(LIMITS.bodyBytes) })
  assert.equal(large.status, 413)
  assert.equal(large.json.code, 'body_too_large')
  const raw = await api.call('POST', `/v1/models/${model}/embeddings`, {
    body: Buffer.alloc(LIMITS.imageBytes + 1),
    headers: { 'content-type': 'image/png' }
  })
  assert.equal(raw.status, 413)
})

test('a form with too many files, too large a file or a field is refused', { skip }, async () => {
  const send = async (form: FormData) => {
    const encoded = new Response(form)
    return api.call('POST', `/v1/models/${model}/assignments`, {
      body: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type')! }
    })
  }
  const many = new FormData()
  for (let i = 0; i < 9; i++) many.append('images', new Blob([new Uint8Array(png(i))]), 'image')
  assert.equal((await send(many)).status, 400)
  const large = new FormData()
  large.append('images', new Blob([new Uint8Array(LIMITS.imageBytes + 1)]), 'image')
  assert.equal((await send(large)).json.code, 'image_too_large')
  const field = new FormData()
  field.append('top_k', '3')
  assert.equal((await send(field)).json.errors[0].parameter, 'top_k')
})

test('prototypes are listed in any order, one is looked at, and kappa is summed up', { skip }, async () => {
  const path = `/v1/models/${model}`
  const indexes = async (query: string) =>
    (await api.call('GET', `${path}/prototypes?${query}`)).json.data.map((one: { index: number }) => one.index)
  assert.deepEqual(await indexes('sort=-kappa'), [2, 1, 0])
  assert.deepEqual(await indexes('limit=2'), [0, 1])
  const page = await api.call('GET', `${path}/prototypes?sort=-kappa&limit=2`)
  assert.deepEqual(await indexes(`sort=-kappa&after=${encodeURIComponent(page.json.next_cursor)}`), [0])
  const one = await api.call('GET', `${path}/prototypes/1`)
  assert.equal(one.json.kappa, 30)
  assert.deepEqual([one.json.fitted.kappa, one.json.fitted.kappa_interval], [1000, [900, 1050]])
  assert.deepEqual(one.json.fitted.angle_degrees, { p5: 8, p50: 20, p95: 31 })
  const without = (await api.call('GET', `${path}/prototypes/0`)).json
  assert.deepEqual([without.usage, without.fitted], [null, null], 'nothing is said of a prototype without images')
  assert.deepEqual(await indexes('sort=-fitted_kappa'), [2, 1])
  assert.deepEqual(await indexes('sort=fitted_kappa'), [1, 2])
  assert.equal((await api.call('GET', `${path}/prototypes/3`)).json.code, 'prototype_not_found')
  assert.equal((await api.call('GET', `${path}/prototypes?sort=size`)).status, 400)
  const kappa = (await api.call('GET', `${path}/kappa?bins=4`)).json
  assert.equal(kappa.histogram.counts.length, 4)
  assert.equal(kappa.histogram.edges.length, 5)
  assert.equal(kappa.quantiles.p50, 30)
  assert.deepEqual([kappa.view, kappa.temperature, kappa.prototypes, kappa.unused], ['model', 0.04, 3, 1])
  const fitted = (await api.call('GET', `${path}/kappa?view=fitted`)).json
  assert.deepEqual([fitted.view, fitted.temperature, fitted.prototypes, fitted.unused], ['fitted', null, 2, 1])
  assert.equal(fitted.quantiles.p100, 2000)
})

test('the files of a model are downloaded without a key, until their URLs expire', { skip }, async () => {
  const { id, prefix } = await aReadyModel(api.stores, api.projectId)
  await api.objects.put(`${prefix}/embed.onnx`, Buffer.from('onnx!'))
  const [file] = (await api.call('GET', `/v1/models/${id}/artifacts`)).json.data
  assert.equal(file.name, 'embed.onnx')
  const download = await api.call('GET', file.url, { key: null })
  assert.equal(download.text, 'onnx!')
  assert.match(download.headers['content-disposition'] ?? '', /filename\*=UTF-8''embed\.onnx/)
  const models = await api.call('GET', '/v1/models?limit=100')
  assert.ok(models.json.data.some((one: { id: string }) => one.id === id))
  const { headers } = await api.call('GET', `/v1/models/${id}`)
  const again = await api.call('GET', `/v1/models/${id}`, { headers: { 'if-none-match': headers['etag']! } })
  assert.equal(again.status, 304)
})
