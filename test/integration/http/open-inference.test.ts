/** The Open Inference Protocol: what its specification asks for, as JSON and with tensors behind it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const model = skip ? null : await aReadyModel(api.stores, api.projectId, { name: 'cats' })

const png = (last: number) => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, last)])
const IMAGES = [png(1), png(2)]
const RAW = 'application/octet-stream'

const element = (bytes: Uint8Array) => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}

const tensor = (more: object = {}) => ({ name: 'images', shape: [IMAGES.length], datatype: 'BYTES', ...more })
const asJson = (more: object = {}) => ({
  inputs: [tensor({ data: IMAGES.map((bytes) => bytes.toString('base64')) })],
  ...more
})

function asBinary(more: object = {}, input: object = {}, behind = Buffer.concat(IMAGES.map(element))) {
  const inputs = [tensor({ parameters: { binary_data_size: behind.length }, ...input })]
  const json = Buffer.from(JSON.stringify({ inputs, ...more }))
  const headers = { 'content-type': RAW, 'inference-header-content-length': String(json.length) }
  return { body: Buffer.concat([json, behind]), headers }
}

const infer = (request: { readonly body: object; readonly headers?: Record<string, string> }, name = model!.id) =>
  api.call('POST', `/v2/models/${name}/infer`, request)

const floats = (bytes: Buffer): number[] => [...new Float32Array(Uint8Array.from(bytes).buffer)]

test('a server, its models and their versions say what they are', { skip }, async () => {
  const server = await api.call('GET', '/v2', { key: null })
  assert.deepEqual(server.json.extensions, ['binary_tensor_data'])
  for (const path of ['/v2/models/cats/versions/1', `/v2/models/${model!.id}`, '/v2/models/cats@1']) {
    const { status, json } = await api.call('GET', path)
    assert.equal(status, 200, path)
    assert.equal(json.name, decodeURIComponent(path.split('/')[3]!))
    assert.deepEqual(json.versions, ['1'])
    assert.deepEqual(json.inputs, [{ name: 'images', datatype: 'BYTES', shape: [-1] }])
    assert.equal(json.outputs[0].shape[1], model!.config?.embeddingDim)
    assert.deepEqual((await api.call('GET', `${path}/ready`)).json, { name: json.name, ready: true })
  }
})

test('embeddings are those of the other route, as JSON and as bytes', { skip }, async () => {
  const input = IMAGES.map((bytes) => bytes.toString('base64'))
  const expected = (
    await api.call('POST', `/v1/models/${model!.id}/embeddings`, { body: { input } })
  ).json.data.flatMap(({ embedding }: { embedding: number[] }) => embedding)
  const { json, headers } = await infer({ body: asJson({ id: 'mine' }) }, 'cats@1')
  assert.match(headers['content-type']!, /^application\/json/)
  const { embeddingDim } = model!.config!
  assert.deepEqual(
    { ...json, outputs: [{ ...json.outputs[0], data: null }] },
    {
      model_name: 'cats@1',
      model_version: '1',
      id: 'mine',
      parameters: { model: model!.id },
      outputs: [{ name: 'embeddings', shape: [2, embeddingDim], datatype: 'FP32', data: null }]
    }
  )
  assert.deepEqual(json.outputs[0].data, expected)
  const column = asJson({ inputs: [tensor({ shape: [2, 1], data: input })] })
  assert.deepEqual((await infer({ body: column })).json.outputs[0].data, expected)
  const raw = await infer(asBinary({ parameters: { binary_data_output: true } }))
  assert.equal(raw.headers['content-type'], RAW)
  const length = Number(raw.headers['inference-header-content-length'])
  const head = JSON.parse(raw.bytes.subarray(0, length).toString())
  assert.deepEqual(head.outputs[0].parameters, { binary_data_size: 4 * 2 * embeddingDim })
  assert.deepEqual(floats(raw.bytes.subarray(length)), [...Float32Array.from(expected)])
})

test('prototypes and probabilities come where they are asked for, each as it is asked for', { skip }, async () => {
  const outputs = [{ name: 'probabilities' }, { name: 'prototypes', parameters: { binary_data: true } }]
  const { headers, bytes } = await infer(asBinary({ outputs, parameters: { top_k: 3 } }))
  const length = Number(headers['inference-header-content-length'])
  const { outputs: given, parameters } = JSON.parse(bytes.subarray(0, length).toString())
  assert.equal(parameters.posterior, 'teacher')
  const [prototypes, probabilities] = given
  assert.deepEqual([prototypes.name, prototypes.datatype, prototypes.shape], ['prototypes', 'INT32', [2, 3]])
  assert.deepEqual([...new Int32Array(Uint8Array.from(bytes.subarray(length)).buffer)], [0, 1, 2, 0, 1, 2])
  assert.equal(probabilities.data.length, 6)
})

test('what is wrong is named in the terms of the protocol', { skip }, async () => {
  const cases: readonly (readonly [{ readonly body: object; readonly headers?: Record<string, string> }, string])[] = [
    [{ body: { inputs: [] } }, '/inputs'],
    [{ body: asJson({ inputs: [tensor()] }) }, '/inputs/0'],
    [{ body: asJson({ inputs: [tensor({ shape: [3], data: ['iVBORw0KGgo='] })] }) }, '/inputs/0/shape'],
    [{ body: asJson({ inputs: [tensor({ shape: [1, 2], data: ['a', 'b'] })] }) }, '/inputs/0/shape'],
    [{ body: asJson({ inputs: [tensor({ shape: [1], data: ['AAAA'] })] }) }, '/inputs/0/data/0'],
    [{ body: asJson({ parameters: { dimensions: 60_000 } }) }, '/parameters/dimensions'],
    [asBinary({}, { parameters: { binary_data_size: 3 } }), '/inputs/0/parameters/binary_data_size'],
    [asBinary({}, {}, Buffer.from([9, 0, 0, 0, 1])), '/inputs/0'],
    [asBinary({ surprise: 1 }), '/surprise'],
    [{ ...asBinary(), headers: { 'content-type': RAW } }, ''],
    [
      { ...asBinary(), headers: { 'content-type': RAW, 'inference-header-content-length': '999999' } },
      'inference-header-content-length'
    ]
  ]
  for (const [request, field] of cases) {
    const { status, json } = await infer(request)
    assert.ok(status === 400 || status === 422, `${field}: ${status}`)
    assert.equal(typeof json.error, 'string')
    const named = json.errors?.[0]
    if (field !== '') assert.equal(named?.pointer ?? named?.parameter, field, JSON.stringify(json))
  }
  const missing = await infer({ body: asJson() }, 'dogs@1')
  assert.equal(missing.status, 404)
  assert.match(missing.json.error, /no model with the name "dogs"/)
})
