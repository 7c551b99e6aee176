/** The second journey: an image, from request to embedding, assignment and kappa, over HTTP alone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { loadSplits } from '../../src/demo/fashion-mnist.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'

describe('an image, from request to embedding', () => {
  let platform: Platform
  let model: Reply['json']
  let images: readonly Uint8Array[]
  const hooks: (() => Promise<void>)[] = []
  const png = { 'content-type': 'image/png' }

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
    const { id } = await createExampleDataset(platform, 40)
    ;({ model } = await trainToModel(platform, { ...SMALL_RUN, dataset: id }))
    images = (await loadSplits()).heldOut.pngs.slice(0, 5)
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  const base64 = (image: Uint8Array) => Buffer.from(image).toString('base64')
  const norm = (vector: ArrayLike<number>) =>
    Math.sqrt(Array.from(vector).reduce((sum, value) => sum + value * value, 0))

  it('serves the official openai client, as numbers and as base64', async () => {
    const client = new OpenAI({ baseURL: `${platform.url}/v1`, apiKey: platform.adminKey })
    const input = images.map(base64)
    const floats = await client.embeddings.create({ model: model.id, input, encoding_format: 'float' })
    const packed = await client.embeddings.create({ model: model.id, input })
    assert.equal(floats.data.length, 5)
    for (const [index, { embedding }] of floats.data.entries()) {
      assert.equal(embedding.length, model.config.embedding_dim)
      assert.ok(Math.abs(norm(embedding) - 1) < 1e-5)
      assert.deepEqual(Array.from(packed.data[index]!.embedding, Math.fround), Array.from(embedding, Math.fround))
    }
  })

  it('takes a raw image, a form and JSON, and gives the same vector', async () => {
    const path = `/v1/models/${model.id}/embeddings`
    const raw = await platform.call('POST', path, { body: images[0]!, headers: png })
    assert.equal(raw.status, 200, raw.text)
    assert.match(raw.headers.get('server-timing') ?? '', /infer/)
    const json = await platform.call('POST', path, { json: { input: [base64(images[0]!)] } })
    const form = new FormData()
    form.append('image', new Blob([Buffer.from(images[0]!)], { type: 'image/png' }), 'image.png')
    const request = new Request(platform.url, { method: 'POST', body: form })
    const multipart = await platform.call('POST', path, {
      body: new Uint8Array(await request.arrayBuffer()),
      headers: { 'content-type': request.headers.get('content-type')! }
    })
    const octets = await platform.call('POST', path, {
      body: images[0]!,
      headers: { ...png, accept: 'application/octet-stream' }
    })
    const vector = raw.json.data[0].embedding
    assert.deepEqual(json.json.data[0].embedding, vector)
    assert.deepEqual(multipart.json.data[0].embedding, vector)
    assert.deepEqual(
      Array.from({ length: octets.bytes.length / 4 }, (_, i) => octets.bytes.readFloatLE(i * 4)),
      vector.map(Math.fround)
    )
  })

  it('does not depend on which images share a batch', async () => {
    const path = `/v1/models/${model.id}/embeddings`
    const together = await platform.call('POST', path, { json: { input: images.map(base64) } })
    const alone = await platform.call('POST', path, { json: { input: [base64(images[3]!)] } })
    const [a, b] = [together.json.data[3].embedding, alone.json.data[0].embedding] as [number[], number[]]
    // Products of another batch size add up in another order: float32 rounding, nothing more.
    for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]!) < 1e-5)
  })

  it('assigns an image softly to prototypes', async () => {
    const answer = await platform.call('POST', `/v1/models/${model.id}/assignments`, {
      json: { input: [base64(images[0]!)], top_k: model.config.prototypes }
    })
    assert.equal(answer.status, 200, answer.text)
    const [{ assignments, entropy, effective_clusters }] = answer.json.data
    const total = assignments.reduce((sum: number, one: { probability: number }) => sum + one.probability, 0)
    assert.ok(Math.abs(total - 1) < 1e-6)
    assert.ok(Math.abs(Math.exp(entropy) - effective_clusters) < 1e-6 * effective_clusters)
    for (const one of assignments) assert.ok(Math.abs(one.cosine) <= 1.000001 && one.kappa > 0)
  })

  it('shows kappa of every prototype, sorted, one by one and as a histogram', async () => {
    const list = await platform.call('GET', `/v1/models/${model.id}/prototypes?sort=-kappa&limit=5`)
    const kappas = list.json.data.map((prototype: { kappa: number }) => prototype.kappa)
    assert.deepEqual(
      kappas,
      kappas.toSorted((a: number, b: number) => b - a)
    )
    const next = await platform.call(
      'GET',
      `/v1/models/${model.id}/prototypes?sort=-kappa&limit=5&after=${list.json.next_cursor}`
    )
    assert.ok(next.json.data[0].kappa <= kappas.at(-1))
    const one = await platform.call('GET', `/v1/models/${model.id}/prototypes/${list.json.data[0].index}`)
    assert.equal(one.json.kappa, kappas[0])
    const { json: kappa } = await platform.call('GET', `/v1/models/${model.id}/kappa`)
    const counted = kappa.histogram.counts.reduce((sum: number, count: number) => sum + count, 0)
    assert.equal(counted, model.config.prototypes)
    assert.equal(kappa.quantiles.p100, kappas[0])
  })

  it('tells what images measure apart from what the teacher does, and says nothing of prototypes without images', async () => {
    const { json } = await platform.call('GET', `/v1/models/${model.id}`)
    const { used, images: seen, fitted } = json.mixture
    assert.ok(seen > 0 && used >= 1 && fitted.components >= 1)
    const list = await platform.call('GET', `/v1/models/${model.id}/prototypes?sort=-usage&limit=100`)
    const all: { usage: number; fitted: { usage: number } | null }[] = list.json.data
    assert.equal(
      all.reduce((sum, { usage }) => sum + usage, 0),
      seen
    )
    assert.ok(all.every((one) => one.usage > 0 || one.fitted === null))
    const byKappa = await platform.call('GET', `/v1/models/${model.id}/prototypes?sort=-fitted_kappa&limit=100`)
    assert.equal(byKappa.json.data.length, fitted.components)
    const view = await platform.call('GET', `/v1/models/${model.id}/kappa?view=fitted`)
    assert.equal(view.json.prototypes, fitted.components)
    assert.equal(view.json.unused, model.config.prototypes - used)
  })

  it('assigns by the teacher, by the bare model and by the fitted mixture', async () => {
    const by = async (posterior: string) => {
      const json = { input: [base64(images[0]!)], posterior }
      const answer = await platform.call('POST', `/v1/models/${model.id}/assignments`, { json })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.json.posterior, posterior)
      return answer.json.data[0].log_density
    }
    const densities = [await by('teacher'), await by('model'), await by('fitted')]
    assert.ok(densities.every((density) => density === densities[0] && Number.isFinite(density)))
  })

  it('names the image that is none, and goes on serving', async () => {
    const broken = Buffer.from(images[0]!).fill(0, 60)
    const input = [base64(images[0]!), broken.toString('base64')]
    const answer = await platform.call('POST', '/v1/embeddings', { json: { model: model.id, input } })
    assert.equal(answer.status, 422)
    assert.equal(answer.json.code, 'image_invalid')
    assert.match(JSON.stringify(answer.json), /input\/1/)
    const text = await platform.call('POST', `/v1/models/${model.id}/embeddings`, {
      body: Buffer.from('hello'),
      headers: png
    })
    assert.equal(text.status, 422)
    assert.equal(
      (await platform.call('POST', `/v1/models/${model.id}/embeddings`, { body: images[0]!, headers: png })).status,
      200
    )
  })
})
