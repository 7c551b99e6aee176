/** Selections, made by the ingester that users' images go through. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import { npyHead } from '../../../src/base/npy.ts'
import type { DatasetSource, DatasetVersion } from '../../../src/domain/dataset.ts'
import type { SelectionSource } from '../../../src/domain/selection.ts'
import type { VectorRow, VectorSet } from '../../../src/domain/vector-set.ts'
import { createIngestService } from '../../../src/services/datasets/ingests.ts'
import { createIngestDataset } from '../../../src/tasks/ingest-dataset.ts'
import { drawImage, encodeImage } from '../../helpers/images.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const cleanUps: (() => Promise<void>)[] = []
let bench: Workbench

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) })
})

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

afterEach(() => {
  if (skip === false) assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
})

const IMAGES = 12

const ingest = (at: { readonly datasetId: string; readonly version: number }) =>
  createIngestDataset({
    ...bench.shared(),
    ingests: createIngestService({ unitOfWork: bench.unitOfWork, clock: systemClock, worker: 'a worker' }),
    entry: join(import.meta.dirname, '../../../src/bin/ingester.ts'),
    limits: {},
    maxSourceBytes: 1e6
  })(at, new AbortController().signal)

async function aVersion(datasetId: string, source: DatasetSource, named: readonly number[] | null = null) {
  const nothing = { images: 0, bytes: 0, rejected: 0, duplicates: 0, classes: null, contentHash: null, sizes: {} }
  const state = { status: 'queued', report: null, progress: { images: 0, rejected: 0 }, error: null } as const
  const version = { datasetId, projectId: bench.project.id, source, ...nothing, ...state }
  const times = { createdAt: new Date(), readyAt: null }
  const prefixOf = (number: number) => `datasets/${datasetId}/v${number}`
  return bench.stores.datasets.insertVersion({ ...version, ...times }, prefixOf, named)
}

const load = async ({ datasetId, version }: DatasetVersion): Promise<DatasetVersion> =>
  (await bench.stores.datasets.loadVersion(datasetId, version)) ?? assert.fail()

/** Of twelve images: the first eight of two classes, the others without one. */
async function aPackedVersion(): Promise<DatasetVersion> {
  const id = newId('dataset')
  const named = { id, projectId: bench.project.id, name: 'd', metadata: {} }
  await bench.stores.datasets.insert({ ...named, latestVersion: null, createdAt: new Date() })
  for (let i = 0; i < IMAGES; i++) {
    const bytes = await encodeImage(drawImage({ width: 12, height: 10, channels: 3 }, i), 'png')
    const folder = i < 8 ? `${i % 2 === 0 ? 'left' : 'right'}/` : ''
    bench.objects.content.set(`${id}/${folder}${String(i).padStart(2, '0')}.png`, bytes)
  }
  const version = await aVersion(id, { type: 's3', prefix: `${id}/` })
  await ingest(version)
  const made = await load(version)
  assert.deepEqual([made.status, made.images], ['ready', IMAGES], JSON.stringify(made.error))
  return made
}

const linesOf = ({ prefix }: DatasetVersion): { name: string; label: number | null; sha256: string }[] =>
  Buffer.from(bench.objects.content.get(`${prefix}/shard-00000.jsonl`) ?? [])
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** As tasks/embed-dataset.ts leaves one: files and rows. */
async function aSetOf(version: DatasetVersion): Promise<VectorSet> {
  const model = await aReadyModel(bench.stores, bench.project.id)
  const lines = linesOf(version)
  const rowOf = (index: number, dimensions: number): VectorRow => {
    const { label } = lines[index] ?? assert.fail()
    return { ...aVectorRow(index, dimensions), label: label === null ? null : (version.classes?.[label] ?? null) }
  }
  const rows = lines.map((_, i) => rowOf(i, 8))
  const floats = Float32Array.from(rows.flatMap(({ vector }) => Array.from(vector)))
  const content = {
    'vectors.npy': Buffer.concat([npyHead(IMAGES, 8), Buffer.from(floats.buffer)]),
    'images.jsonl': Buffer.from(rows.map(({ vector: _, ...image }) => `${JSON.stringify(image)}\n`).join(''))
  }
  const files = Object.entries(content).map(([name, bytes]) => {
    return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  const { datasetId, version: number } = version
  const set = await aVectorSet(bench, model, datasetId, { files, dataset: { datasetId, version: number } }, rowOf)
  for (const [name, bytes] of Object.entries(content)) bench.objects.content.set(`vectors/${set.id}/${name}`, bytes)
  return set
}

const aSelection = (from: DatasetVersion, patch: Partial<SelectionSource>): SelectionSource => ({
  type: 'selection',
  from: { datasetId: from.datasetId, version: from.version },
  vectorSetId: null,
  choice: { strategy: 'all' },
  labels: null,
  readBytes: from.bytes,
  ...patch
})

test('a selection is a version of its own, which stays when what it was made of is removed', { skip }, async () => {
  const from = await aPackedVersion()
  const set = await aSetOf(from)
  const choice = { strategy: 'balanced', count: 6, seed: 1 } as const
  const selected = await aVersion(from.datasetId, aSelection(from, { vectorSetId: set.id, choice }))
  await ingest(selected)
  const made = await load(selected)
  assert.deepEqual(
    [made.status, made.images, made.rejected, made.classes, made.report?.images],
    ['ready', 6, 0, ['left', 'right'], 6],
    JSON.stringify(made.error)
  )
  const sources = linesOf(from)
  const taken = linesOf(made).map(({ name }) => sources.findIndex((one) => one.name === name))
  assert.deepEqual(taken.map((image) => image % 3).sort(), [0, 0, 1, 1, 2, 2], 'two of each prototype')
  await bench.objects.removePrefix(`${from.prefix}/`)
  await bench.objects.removePrefix(`vectors/${set.id}/`)
  assert.equal((await bench.stores.datasets.find(bench.project.id, from.datasetId))?.latestVersion, 2)
  const shard = Buffer.from(bench.objects.content.get(`${made.prefix}/shard-00000.bin`) ?? [])
  assert.equal(shard.length, made.bytes)
})

test('images that a user has named are taken', { skip }, async () => {
  const from = await aPackedVersion()
  const choice = { strategy: 'indices', count: 3 } as const
  const selected = await aVersion(from.datasetId, aSelection(from, { choice }), [10, 0, 4])
  await ingest(selected)
  const sources = linesOf(from)
  assert.deepEqual(
    linesOf(await load(selected)).map(({ name, sha256 }) => [name, sha256]),
    [0, 4, 10].map((image) => [sources[image]!.name, sources[image]!.sha256])
  )
})

test('images without a label get that of their neighbours where those are sure enough', { skip }, async () => {
  const from = await aPackedVersion()
  const set = await aSetOf(from)
  const select = async (minConfidence: number) => {
    const labels = { from: set.id, neighbors: 1, minConfidence }
    const selected = await aVersion(from.datasetId, aSelection(from, { vectorSetId: set.id, labels }))
    await ingest(selected)
    return linesOf(await load(selected)).map(({ label }) => label)
  }
  const before = linesOf(from).map(({ label }) => label)
  const cosine = (a: number, b: number) => {
    const [one, other] = [aVectorRow(a, 8).vector, aVectorRow(b, 8).vector]
    return Array.from(one).reduce((sum, value, i) => sum + value * other[i]!, 0)
  }
  const labelled = before.flatMap((label, image) => (label === null ? [] : [image]))
  assert.equal(labelled.length, 8)
  const nearest = (image: number) => labelled.reduce((a, b) => (cosine(image, b) > cosine(image, a) ? b : a))
  assert.deepEqual(
    await select(1),
    before.map((label, image) => label ?? before[nearest(image)]),
    'one neighbour is always sure'
  )
  const voted = { from: set.id, neighbors: 8, minConfidence: 0.9999 }
  const selected = await aVersion(from.datasetId, aSelection(from, { vectorSetId: set.id, labels: voted }))
  await ingest(selected)
  assert.deepEqual(
    linesOf(await load(selected)).map(({ label }) => label),
    before,
    'eight of two classes never are'
  )
})

test('one whose source went is failed with what went', { skip }, async () => {
  const from = await aPackedVersion()
  const gone = await aVersion(from.datasetId, aSelection({ ...from, version: 7 }, {}))
  await ingest(gone)
  assert.deepEqual([(await load(gone)).status, (await load(gone)).error?.code], ['failed', 'dataset_version_not_found'])
  const choice = { strategy: 'hard', count: 2 } as const
  const without = await aVersion(from.datasetId, aSelection(from, { vectorSetId: 'vec_none', choice }))
  await ingest(without)
  assert.equal((await load(without)).error?.code, 'vector_set_not_found')
})
