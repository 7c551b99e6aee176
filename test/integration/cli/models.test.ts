/** `kappa pull` and `kappa embed --remote` against the real API. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from '../../../src/base/durable-files.ts'
import { AppError } from '../../../src/base/errors.ts'
import type { Inference } from '../../../src/domain/ports.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'
import { fakeInference } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { createWorld, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const BROKEN = 200
/** Cannot read images whose last byte says so. */
const inference: Inference = {
  ...fakeInference,
  embed(model, images, options) {
    const index = images.findIndex((image) => image.at(-1) === BROKEN)
    if (index >= 0) return Promise.reject(new AppError('image_invalid', { message: 'It is damaged.', index }))
    return fakeInference.embed(model, images, options)
  }
}
const world = skip ? (undefined as unknown as World) : await createWorld({ after }, { inference })
const FILES = { 'config.json': Buffer.from('{"a": 1}'), 'embed.onnx': Buffer.alloc(100_000, 7) }

async function aStoredModel(stored: Readonly<Record<string, Buffer>> = FILES) {
  const { stores, projectId, objects } = world.api
  const files = Object.entries(FILES).map(([name, bytes]) => ({ name, ...digestOf(bytes) }))
  const model = await aReadyModel(stores, projectId, { files })
  for (const [name, bytes] of Object.entries(stored)) await objects.put(`models/${model.id}/${name}`, bytes)
  return model
}

test('a model is pulled whole, and what is there is not pulled twice', { skip }, async () => {
  const { id } = await aStoredModel()
  const out = join(world.root, 'pulled')
  const first = await world.json(['pull', id, '--out', out])
  assert.equal(first.code, 0, first.stdout)
  const { downloaded, files, folder, model } = first.lines.at(-1)
  assert.deepEqual([downloaded, files, folder, model], [2, 2, out, id])
  for (const [name, bytes] of Object.entries(FILES)) assert.deepEqual(await readFile(join(out, name)), bytes)
  assert.equal((await world.json(['pull', id, '--out', out])).lines.at(-1).downloaded, 0)
  await writeFile(join(out, 'config.json'), 'mine')
  const refused = await world.kappa(['pull', id, '--out', out])
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /config\.json is there already and is another file/)
  assert.equal(await readFile(join(out, 'config.json'), 'utf8'), 'mine')
})

test('a download that was cut off goes on, also where what is there is something else', { skip }, async () => {
  const { id } = await aStoredModel()
  for (const [name, there] of [
    ['half', FILES['embed.onnx'].subarray(0, 60_000)],
    ['other', Buffer.alloc(60_000, 8)],
    ['more', Buffer.alloc(200_000, 8)]
  ] as const) {
    const out = join(world.root, name)
    await mkdir(out)
    await writeFile(join(out, 'embed.onnx.partial'), there)
    const { code, lines } = await world.json(['pull', id, '--out', out])
    assert.equal(code, 0)
    assert.equal(lines.find(({ type }) => type === 'continuing').bytes, there.length)
    assert.deepEqual(await readFile(join(out, 'embed.onnx')), FILES['embed.onnx'])
    assert.deepEqual((await readdir(out)).sort(), ['config.json', 'embed.onnx'])
  }
})

test('a file that is not what was announced is not kept', { skip }, async () => {
  const { id } = await aStoredModel({ ...FILES, 'embed.onnx': Buffer.alloc(100_000, 9) })
  const out = join(world.root, 'damaged')
  const { code, lines } = await world.json(['pull', id, '--out', out])
  assert.deepEqual([code, lines.at(-1).code], [1, 'object_damaged'])
  assert.deepEqual(await readdir(out), ['config.json'])
  const unknown = await world.kappa(['pull', 'mdl_none'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /no such model/i)
})

const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex')
const imageOf = (last: number) => Buffer.concat([PNG, Buffer.alloc(20, 1), Buffer.of(last)])

test('images are embedded by the server, more than it takes at once, and those that cannot be are named', {
  skip
}, async () => {
  const { id } = await aStoredModel()
  const folder = join(world.root, 'images')
  await mkdir(join(folder, 'cats'), { recursive: true })
  for (let i = 0; i < 11; i++) await writeFile(join(folder, 'cats', `${String(i).padStart(2, '0')}.png`), imageOf(i))
  await writeFile(join(folder, 'cats/05.png'), imageOf(BROKEN))
  await writeFile(join(folder, 'notes.txt'), 'no image')
  const out = join(world.root, 'vectors.jsonl')
  const { code, lines } = await world.json(['embed', '--remote', id, folder, '--out', out])
  assert.equal(code, 0, JSON.stringify(lines))
  const embedded = lines.at(-1)
  assert.deepEqual([embedded.type, embedded.images, embedded.unusable, embedded.model], ['embedded', 10, 2, id])
  const unusable = lines.filter(({ type }) => type === 'unusable').map(({ name, code }) => [name, code])
  assert.deepEqual(unusable.sort(), [
    ['cats/05.png', 'image_invalid'],
    ['notes.txt', 'image_invalid']
  ])
  const rows = (await readFile(out, 'utf8'))
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row))
  assert.deepEqual(
    rows.map(({ name }) => name),
    [0, 1, 2, 3, 4, 6, 7, 8, 9, 10].map((i) => `cats/${String(i).padStart(2, '0')}.png`)
  )
  const { json } = await world.api.call('POST', '/v1/embeddings', {
    body: { model: id, input: [imageOf(10).toString('base64')] }
  })
  assert.deepEqual(
    [rows[9].label, rows[9].embedding.map(Math.fround)],
    ['cats', json.data[0].embedding.map(Math.fround)]
  )
})

test('vectors are of what is asked for, and the file says in what they come', { skip }, async () => {
  const { id } = await aStoredModel()
  const image = join(world.root, 'typed.png')
  await writeFile(image, imageOf(3))
  const out = join(world.root, 'typed.npy')
  const words = ['embed', '--remote', id, image, '--out', out, '--output', 'bottleneck', '--output-dtype', 'int8']
  const { code, stderr } = await world.kappa(words)
  assert.equal(code, 0, stderr)
  const body = { model: id, input: imageOf(3).toString('base64'), output: 'bottleneck', output_dtype: 'int8' }
  const { embedding } = (await world.api.call('POST', '/v1/embeddings', { body })).json.data[0]
  const bytes = await readFile(out)
  assert.match(bytes.toString('latin1'), /'descr': '\|i1', 'fortran_order': False, 'shape': \(1, 8\)/)
  assert.deepEqual([...new Int8Array(bytes.subarray(128))], embedding)
  const refused = await world.kappa([
    ...words.slice(0, 5),
    join(world.root, 'other.npy'),
    ...['--output', 'mean_patch', '--precision', 'int8']
  ])
  assert.equal(refused.code, 2, refused.stderr)
  assert.match(refused.stderr, /8 bits|int8/)
})

test('patches and maps are read by the client as the API sends them', { skip }, async () => {
  const { id } = await aStoredModel()
  const kappa = createKappa({ url: world.url, key: world.api.adminKey })
  const images = [imageOf(1), imageOf(2), imageOf(3)]
  const { patches, ...size } = await kappa.embeddings.patches({ model: id, images, batchImages: 2, imageSize: 32 })
  assert.deepEqual(size, { rows: 8, columns: 8, dimensions: 8 })
  assert.deepEqual([patches.length, patches[0]?.length], [3, 8 * 8 * 8])
  assert.notDeepEqual(patches[0], patches[2])
  const heat = await kappa.maps.heat({ model: id, image: images[0]! })
  const picture = await kappa.maps.heatPicture({ model: id, image: images[0]!, prototype: 2, draw: 'map' })
  assert.deepEqual([heat.rows, heat.value, picture.prototype], [7, 'cosine', 2])
  assert.ok(picture.png.length > 0 && picture.range[0] <= picture.range[1])
  const { heads, rows } = await kappa.maps.attention({ model: id, image: images[0]! })
  assert.ok(heads.length > 0 && rows > 0)
})

test('vectors are written to new files only, and nothing is left of a failure', { skip }, async () => {
  const { id } = await aStoredModel()
  const image = join(world.root, 'one.png')
  await writeFile(image, imageOf(1))
  const out = join(world.root, 'one.npy')
  for (const [words, line] of [
    [['embed', '--remote', id, image], /--out is needed/],
    [['embed', '--remote', id, '--out', out], /PATH is needed/],
    [['embed', '--remote', id, image, '--out', 'x.csv'], /--out must end with/],
    [['embed', '--remote', 'mdl_none', image, '--out', out], /no such model/i],
    [['embed', '--remote', id, image, '--out', out, '--dimensions', '99'], /dimensions[^\n]*at most 8/]
  ] as const) {
    const { code, stderr } = await world.kappa(words)
    assert.equal(code, 2, `${words.join(' ')}: ${stderr}`)
    assert.match(stderr, line)
  }
  assert.ok(!(await readdir(world.root)).some((name) => name.startsWith('one.npy')))
})
