/** Weights that others trained, from upload to embeddings, over HTTP alone; every answer is held against openapi.yaml. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { golden, IMAGES, pixels, WEIGHTS_FOLDER } from '../conformance/interop/golden.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'

/** PyTorch and ONNX Runtime both compute in float32, in other orders. */
const TOLERANCE = 1e-4

describe('weights that others trained', () => {
  let platform: Platform
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  async function upload(filename: string, path: string): Promise<string> {
    const bytes = await readFile(join(WEIGHTS_FOLDER, path))
    const json = { filename, bytes: bytes.length }
    const started = await platform.call('POST', '/v1/models/uploads', { json })
    assert.equal(started.status, 201, started.text)
    assert.equal(started.json.dataset_id, null)
    const [part] = started.json.parts
    const sent = await fetch(part.url, { method: 'PUT', body: Buffer.from(bytes) })
    const parts = [{ part: 1, etag: sent.headers.get('etag') ?? '' }]
    const complete = `/v1/models/uploads/${started.json.id}:complete`
    const completed = await platform.call('POST', complete, { json: { parts } })
    assert.equal(completed.status, 200, completed.text)
    return started.json.id
  }

  async function importing(uploads: readonly string[], options: object = {}): Promise<Reply['json']> {
    const json = { import: { source: { type: 'upload', uploads }, ...options }, name: 'theirs' }
    const created = await platform.call('POST', '/v1/models', { json })
    assert.equal(created.status, 202, created.text)
    assert.deepEqual(created.json.import, json.import)
    return platform.waitFor(`/v1/models/${created.json.id}`, ({ status }) => status !== 'exporting')
  }

  /** The script's images as PNG files, with the margin that DINO's evaluation cuts off: these files do not say how to resize. */
  async function images(size: number): Promise<string[]> {
    const all = pixels(size)
    const one = all.length / IMAGES
    const raw = { raw: { width: size, height: size, channels: 3 } } as const
    const margin = Math.round((size * 256) / 224) - size
    const [before, after] = [Math.floor(margin / 2), Math.ceil(margin / 2)]
    const extended = { top: before, left: before, bottom: after, right: after }
    const cut = Array.from({ length: IMAGES }, (_, i) => all.subarray(i * one, (i + 1) * one))
    const encoded = cut.map((image) => sharp(image, raw).extend(extended).png().toBuffer())
    return (await Promise.all(encoded)).map((png) => png.toString('base64'))
  }

  it('a Hugging Face model with its configuration embeds as transformers does, and has no prototypes', async () => {
    const uploads = [
      await upload('model.safetensors', 'hf-vit/model.safetensors'),
      await upload('config.json', 'hf-vit/config.json'),
      await upload('preprocessor_config.json', 'hf-vit/preprocessor_config.json')
    ]
    const model = await importing(uploads, { image_size: 24 })
    assert.equal(model.status, 'ready', JSON.stringify(model.error))
    assert.deepEqual(
      [model.run, model.checkpoint, model.config.prototypes, model.config.method],
      [null, null, null, null]
    )
    assert.equal(model.verification.images, 64)

    const json = { model: model.id, input: await images(24) }
    const answer = await platform.call('POST', '/v1/embeddings', { json })
    assert.equal(answer.status, 200, answer.text)
    const expected = golden.cases['hf-vit']!.embeddings!['24']!
    answer.json.data.forEach(({ embedding }: { embedding: number[] }, i: number) => {
      embedding.forEach((value, d) => {
        assert.ok(Math.abs(value - expected[i]![d]!) <= TOLERANCE, `image ${i}, number ${d}`)
      })
    })

    const smaller = { model: model.id, input: await images(16), image_size: 16 }
    const other = await platform.call('POST', '/v1/embeddings', { json: smaller })
    assert.equal(other.status, 200, other.text)
    other.json.data.forEach(({ embedding }: { embedding: number[] }, i: number) => {
      // Positions went from the stored size to 24 and from there to 16, which is not what one way does.
      const own = golden.cases['hf-vit']!.embeddings!['16']![i]!
      const cosine = embedding.reduce((sum, value, d) => sum + value * own[d]!, 0)
      assert.ok(cosine > 0.99, `image ${i}: ${cosine}`)
    })
    const tokens = await platform.call('POST', `/v1/models/${model.id}/embeddings?output=patches`, {
      json: { input: json.input }
    })
    const { patch_size: patch, embedding_dim: dim } = model.config
    assert.equal(tokens.headers.get('kappa-shape'), `${IMAGES},${24 / patch},${24 / patch},${dim}`)

    for (const [method, path] of [
      ['POST', 'assignments'],
      ['GET', 'prototypes'],
      ['GET', 'prototypes/0'],
      ['GET', 'kappa']
    ] as const) {
      const body = method === 'POST' ? { json: { input: json.input } } : {}
      const refused = await platform.call(method, `/v1/models/${model.id}/${path}`, body)
      assert.deepEqual([refused.status, refused.json.code], [409, 'model_without_head'], path)
    }
    const artifacts = await platform.call('GET', `/v1/models/${model.id}/artifacts`)
    const names = artifacts.json.data.map(({ name }: { name: string }) => name)
    assert.ok(names.includes('huggingface/config.json') && names.includes('embed.onnx'), names.join())
    const config = artifacts.json.data.find(({ name }: { name: string }) => name === 'huggingface/config.json')
    const served = await fetch(config.url)
    assert.equal(((await served.json()) as { model_type: string }).model_type, 'vit')
  })

  it('a whole DINO checkpoint assigns images to its prototypes', async () => {
    const model = await importing([await upload('checkpoint.pth', 'dino-full.pth')], { heads: 2 })
    assert.equal(model.status, 'ready', JSON.stringify(model.error))
    assert.deepEqual([model.config.method, model.config.prototypes, model.config.temperature], ['dino', 12, 0.07])
    const json = { input: await images(16), top_k: 12 }
    const answer = await platform.call('POST', `/v1/models/${model.id}/assignments`, { json })
    assert.equal(answer.status, 200, answer.text)
    const { cosine } = golden.cases['dino-full']!.networks!.teacher
    answer.json.data.forEach((one: Reply['json'], i: number) => {
      for (const { prototype, cosine: actual } of one.assignments) {
        assert.ok(Math.abs(actual - cosine[i]![prototype]!) <= TOLERANCE, `image ${i}, prototype ${prototype}`)
      }
    })
    const [input] = json.input
    const heat = { input, prototype: 5, format: 'json' }
    const map = await platform.call('POST', `/v1/models/${model.id}/heat-maps`, { json: heat })
    assert.equal(map.status, 200, map.text)
    assert.ok(Math.abs(map.json.image.cosine - cosine[0]![5]!) <= TOLERANCE, 'of the class token')
    const picture = await platform.call('POST', `/v1/models/${model.id}/attention-maps`, { json: { input } })
    assert.equal(picture.headers.get('content-type'), 'image/png')
    assert.equal((await sharp(picture.bytes).metadata()).width, 224)
    const headless = await platform.call('POST', `/v1/models/${model.id}/attention-maps`, { json: { input, head: 2 } })
    assert.deepEqual([headless.status, headless.json.errors[0].pointer], [400, '/head'])
    const kappa = await platform.call('GET', `/v1/models/${model.id}/kappa`)
    assert.equal(kappa.json.temperature, 0.07)
  })

  it('register tokens come along, and are counted', async () => {
    const model = await importing([await upload('vits14_reg4.pth', 'dinov2-registers.pth')], { heads: 2 })
    assert.equal(model.status, 'ready', JSON.stringify(model.error))
    assert.ok(model.config.registers > 0)
  })

  it('weights that do not fit make a failed model that says why', async () => {
    const id = await upload('dino.pth', 'dino-backbone.pth')
    const unsaid = await importing([id])
    assert.deepEqual([unsaid.status, unsaid.error.code], ['failed', 'weights_unsupported'])
    assert.match(unsaid.error.message, /heads/)
    const said = await importing([id], { heads: 2 })
    assert.equal(said.status, 'ready', 'the same upload, with what was missing')
  })

  it('what cannot be imported is refused before anything is queued, with a pointer', async () => {
    const config = await upload('config.json', 'hf-vit/config.json')
    const refusals: [body: object, pointer: string][] = [
      [{ import: { source: { type: 'upload', uploads: [config] } } }, '/import/source/uploads'],
      [{ import: { source: { type: 'upload', uploads: ['up_none'] } } }, '/import/source/uploads/0'],
      [{ import: { source: { type: 's3', prefix: 'models/' } } }, '/import/source/prefix'],
      [{ import: { source: { type: 's3', prefix: '../x' } } }, '/import/source/prefix']
    ]
    for (const [json, pointer] of refusals) {
      const refused = await platform.call('POST', '/v1/models', { json })
      assert.equal(refused.status, pointer.endsWith('/0') ? 404 : 400, refused.text)
      assert.deepEqual(
        refused.json.errors.map(({ pointer: at, path }: { pointer?: string; path?: string }) => at ?? path),
        [pointer]
      )
    }
    const script = await platform.call('POST', '/v1/models/uploads', { json: { filename: 'run.sh', bytes: 10 } })
    assert.equal(script.status, 400)
  })
})
