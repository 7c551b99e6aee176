/** A dataset embedded in parts, by a model that was trained, and searched: what is real about vector sets. */
import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { embedImages } from '../../../src/serving/embed-images.ts'
import { embedParts } from '../../../src/serving/embed-parts.ts'
import { openServingModel, type ServingModel } from '../../../src/serving/serving-model.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'
import { openBench, openEmbedded } from '../storage/databases.ts'
import { makeServedModel } from './served-model.ts'

const IMAGES = 300
const PART = 64
const { root, folder } = await makeServedModel({ after })
const datasetFolder = await writeTinyDataset(join(root, 'images'), IMAGES)
const model: ServingModel = await openServingModel(folder, (path) => openOnnxFile(path, { threads: 1 }))
after(() => model.dispose())
const { stores, unitOfWork } = await openBench({ after }, openEmbedded)

/** @returns contents by file */
async function parts(name: string, firstPart: number): Promise<ReadonlyMap<string, Buffer>> {
  const partsFolder = join(root, name)
  await mkdir(partsFolder)
  const files = new Map<string, Buffer>()
  const options = { model, datasetFolder, partsFolder, partImages: PART, firstPart, assigns: true }
  let last = 0
  for await (const { images, part } of embedParts(options)) {
    assert.ok(images >= last)
    last = images
    if (part === null) continue
    for (const path of [part.vectorsPath, part.imagesPath])
      files.set(path.slice(partsFolder.length + 1), await readFile(path))
  }
  assert.equal(last, IMAGES)
  return files
}

const whole = await parts('whole', 0)
const vectors = new Float32Array(
  new Uint8Array(Buffer.concat([...whole].filter(([name]) => name.endsWith('.f32')).map(([, bytes]) => bytes))).buffer
)
const dim = model.config.embeddingDim
const rowOf = (index: number) => vectors.subarray(index * dim, (index + 1) * dim)

test('parts that are made behind others have the bytes that they would have had', async () => {
  assert.equal(whole.size, 2 * Math.ceil(IMAGES / PART))
  const rest = await parts('rest', 2)
  assert.deepEqual([...rest.keys()], [...whole.keys()].slice(4))
  for (const [name, bytes] of rest) assert.ok(bytes.equals(whole.get(name)!), name)
})

test('a row is what the image embeds to, and its line what it is assigned to', async () => {
  const target = model.config
  const program = await model.open('embed')
  let index = 0
  for await (const { images } of embedImages({ origin: { kind: 'packed', path: datasetFolder }, target, program }))
    for (const { embedding } of images) assert.deepEqual(embedding, rowOf(index++))
  assert.equal(index, IMAGES)
  const lines = [...whole]
    .filter(([name]) => name.endsWith('.jsonl'))
    .flatMap(([, bytes]) => `${bytes}`.trim().split('\n'))
  const rows = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    rows.map((row) => row.index),
    Array.from({ length: IMAGES }, (_, i) => i)
  )
  assert.deepEqual([rows[1].label, rows[1].name], ['vertical', '1/1.raw'])
  assert.ok(rows.every(({ prototype, probability }) => prototype >= 0 && prototype < 16 && probability > 1 / 17))
})

test('a graph of these finds at least 98 of 100 that comparing all of them finds', async () => {
  const project = await stores.keys.ensureProject('searchers')
  const ready = await aReadyModel(stores, project.id)
  const empty = { index: null, dimensions: dim } as const
  const rows = Array.from({ length: IMAGES }, (_, index) => ({
    ...{ index, name: `${index}`, label: null, prototype: null, probability: null, logDensity: null },
    vector: rowOf(index)
  }))
  const [graph, exact] = await Promise.all(
    (['hnsw', 'exact'] as const).map(async (index) => {
      const set = { ...(await aVectorSet({ stores, unitOfWork }, ready, 'ds_any', empty)), index }
      await unitOfWork((tx) => tx.vectors.create(set))
      for (let from = 0; from < IMAGES; from += 50) await stores.vectors.add(set, rows.slice(from, from + 50))
      return set
    })
  )
  let hits = 0
  const asked = Array.from({ length: 40 }, (_, i) => 7 * i)
  for (const place of asked) {
    const query = { vector: rowOf(place), limit: 10, labels: null, prototypes: null, except: place }
    const find = async (set: typeof graph) =>
      (await unitOfWork((tx) => tx.vectors.search(set!, query))).images.map(({ index }) => index)
    const truth = new Set(await find(exact))
    hits += (await find(graph)).filter((index) => truth.has(index)).length
  }
  const recall = hits / (10 * asked.length)
  assert.ok(recall >= 0.98, `recall@10 is ${recall}`)
})
