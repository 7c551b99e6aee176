/** Lines of a batch through a model that was trained: what is real about them. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import sharp from 'sharp'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import type { BatchPosition } from '../../../src/protocol/batch-messages.ts'
import { answerBatch } from '../../../src/serving/answer-batch.ts'
import { surveyBatch } from '../../../src/serving/batch-survey.ts'
import { openServingModel, type ServingModel } from '../../../src/serving/serving-model.ts'
import { makeServedModel } from './served-model.ts'

const PART = 8
const { root, folder } = await makeServedModel({ after })
const model: ServingModel = await openServingModel(folder, (path) => openOnnxFile(path, { threads: 1 }))
after(() => model.dispose())
const { imageSize: size, channels } = model.config

/** As pixels, and as PNG. */
async function anImage(seed: number): Promise<{ readonly data: Uint8Array; readonly base64: string }> {
  const data = Uint8Array.from({ length: size * size }, (_, i) => (i * (seed + 3) + ((i * seed) % 7) * 31) % 256)
  const png = await sharp(data, { raw: { width: size, height: size, channels: 1 } })
    .png()
    .toBuffer()
  return { data, base64: png.toString('base64') }
}

const images = await Promise.all(Array.from({ length: 12 }, (_, i) => anImage(i)))
const line = (id: string, body: object, others: object = {}) =>
  JSON.stringify({
    custom_id: id,
    method: 'POST',
    url: '/v1/embeddings',
    body: { model: 'shoes@prod', ...body },
    ...others
  })
const text = (i: number) => images[i]!.base64
const LINES = [
  ...images.map((_, i) => line(`one ${i}`, { input: text(i) })),
  line('two', { input: [`data:image/png;base64,${text(0)}`, text(1)], encoding_format: 'base64' }),
  line('cut', { input: text(2), dimensions: 4 }),
  line('head', { input: text(3), output: 'bottleneck', output_dtype: 'int8' }),
  line('no image', { input: [text(0), Buffer.from('hello').toString('base64')] }),
  line('url', { input: 'https://images.example/a.png' }),
  line('other model', { input: text(0), model: 'bags' }),
  line('too long', { input: text(0), dimensions: 5000 }),
  line('many', { input: Array(9).fill(text(0)) }),
  'no json',
  `{${'"a":0,'.repeat(120_000)}"a":0}`,
  line('one 3', { input: text(4) }),
  line('last', { input: text(4) })
]
const inputPath = join(root, 'requests.jsonl')
await writeFile(inputPath, `${LINES.join('\n')}\n`)

interface Answered {
  readonly output: string[]
  readonly errors: string[]
  readonly positions: BatchPosition[]
}

async function answer(name: string, position: BatchPosition): Promise<Answered> {
  const partsFolder = join(root, name)
  await mkdir(partsFolder)
  const answered: Answered = { output: [], errors: [], positions: [] }
  const limits = { imageBytes: 1e6, imagePixels: 1e6, imagesPerRequest: 8 }
  const names = { batchId: 'batch_1', endpoint: '/v1/embeddings', modelId: 'mdl_1', modelName: 'shoes@prod' }
  const about = { ...names, inputPath, limits, lines: LINES.length }
  const survey = await surveyBatch(about, new AbortController().signal)
  assert.equal(survey?.images, 21, 'those of lines that are no image, or no base64, are not looked at')
  const { ids } = survey
  const options = { ...about, model, ids, tokensPerImage: 50, partsFolder, partLines: PART, position }
  for await (const { position: behind, part } of answerBatch(options)) {
    if (part === null) continue
    answered.output.push(await readFile(part.outputPath, 'utf8'))
    answered.errors.push(await readFile(part.errorsPath, 'utf8'))
    answered.positions.push(behind)
  }
  return answered
}

const whole = await answer('whole', { offset: 0, completed: 0, failed: 0, images: 0 })
const parsed = (texts: readonly string[]) =>
  texts
    .join('')
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one))

test('answers are in the order of their requests, and counts are of what was answered', () => {
  const last = whole.positions.at(-1)
  assert.deepEqual([whole.positions.length, last?.completed, last?.failed], [3, 16, 8])
  assert.equal(last?.images, 17)
  const ids = parsed(whole.output).map(({ custom_id: id }) => id)
  assert.deepEqual(ids, [...images.map((_, i) => `one ${i}`), 'two', 'cut', 'head', 'last'])
})

test('an answer is what its image embeds to', async () => {
  const answers = new Map(parsed(whole.output).map((one) => [one.custom_id, one.response.body]))
  const program = await model.open('embed')
  const pixels = images.map(({ data }) => {
    const image = { data, width: size, height: size, channels: 1 }
    return preprocessImage(image, model.config, image)
  })
  assert.equal(channels, 1)
  const vectors = await program.run(pixels)
  const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0)
  for (const [i, vector] of vectors.entries()) {
    const { data, model: by, usage } = answers.get(`one ${i}`)
    assert.ok(cosine(data[0].embedding, vector) > 0.99999, `image ${i}`)
    assert.deepEqual([by, usage], ['mdl_1', { prompt_tokens: 50, total_tokens: 50, images: 1 }])
  }
  const two = answers.get('two').data.map(({ embedding }: { embedding: string }) => {
    const bytes = Uint8Array.from(Buffer.from(embedding, 'base64'))
    return new Float32Array(bytes.buffer)
  })
  assert.ok(cosine(two[1], vectors[1]!) > 0.99999)
  const [cut] = answers.get('cut').data
  assert.ok(Math.abs(Math.hypot(...cut.embedding) - 1) < 1e-6 && cut.embedding.length === 4)
  const [head] = answers.get('head').data
  assert.deepEqual([head.embedding.length, Math.max(...head.embedding.map(Math.abs))], [model.head?.bottleneckDim, 127])
})

test('a line that fails says why, and fails alone', () => {
  const failures = parsed(whole.errors).map(({ custom_id: id, response }) => [
    id,
    response.status_code,
    response.body.error.code,
    response.body.error.param
  ])
  assert.deepEqual(failures, [
    ['no image', 422, 'image_invalid', '/body/input/1'],
    ['url', 422, 'url_not_allowed', '/body/input/0'],
    ['other model', 400, 'invalid_request', '/body/model'],
    ['too long', 400, 'invalid_request', '/body/dimensions'],
    ['many', 400, 'invalid_request', '/body/input'],
    [null, 400, 'invalid_request', ''],
    [null, 413, 'body_too_large', null],
    ['one 3', 400, 'invalid_request', '/custom_id']
  ])
})

test('of lines with one custom_id the first is answered, and the others say which that is', () => {
  const { response } = parsed(whole.errors).at(-1)
  assert.match(response.body.error.message, /earlier line, batch_1_req_4:/)
})

test('a stop ends the look at its lines', async () => {
  const about = { endpoint: '/v1/embeddings', modelName: 'shoes@prod', lines: LINES.length, inputPath }
  const limits = { imageBytes: 1e6, imagePixels: 1e6, imagesPerRequest: 8 }
  assert.equal(await surveyBatch({ ...about, limits }, AbortSignal.abort()), null)
})

test('who goes on behind a part writes the bytes that would have come', async () => {
  for (const from of [0, 1]) {
    const rest = await answer(`rest ${from}`, whole.positions[from]!)
    assert.deepEqual(rest.output, whole.output.slice(from + 1))
    assert.deepEqual(rest.errors, whole.errors.slice(from + 1))
    assert.deepEqual(rest.positions, whole.positions.slice(from + 1))
  }
})
