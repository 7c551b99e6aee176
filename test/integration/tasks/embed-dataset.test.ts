import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { VectorSet } from '../../../src/domain/vector-set.ts'
import { createVectorSetJobs } from '../../../src/services/vector-sets/vector-set-jobs.ts'
import { createVectorGraphs } from '../../../src/storage/postgres/vector-graph.ts'
import { createEmbedDataset } from '../../../src/tasks/embed-dataset.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'
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

afterEach(async () => {
  if (skip !== false) return
  await Promise.all(bench.trainers.map(({ exited }) => exited))
  assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
  bench.objects.intercept = () => {}
})

const jobs = (worker = 'a worker') =>
  createVectorSetJobs({
    ...{ unitOfWork: bench.unitOfWork, stores: bench.stores, clock: systemClock, worker },
    graphs: createVectorGraphs({ ...bench, clock: systemClock, logger: silentLogger, memoryBytes: 1e8 })
  })
const embed = (id: string, draining = new AbortController(), mostPoints?: number) =>
  createEmbedDataset({
    ...bench.shared(),
    ...{ vectorSets: jobs(), draining: draining.signal, partImages: 8 },
    ...(mostPoints && { mostPoints })
  })({ vectorSetId: id }, new AbortController().signal)
const load = async (id: string): Promise<VectorSet> => {
  const found = await bench.stores.vectorSets.load(id)
  assert.ok(found)
  return found
}

/** A queued set of twenty images, by a model whose files are one: what the fake trainer is to do. */
async function aQueuedSet(script: string, patch: Partial<VectorSet> = {}): Promise<string> {
  const run = await bench.addRun({})
  const sha256 = createHash('sha256').update(script).digest('hex')
  const files = [{ name: 'script', bytes: script.length, sha256 }]
  const model = await aReadyModel(bench.stores, run.projectId, { files })
  bench.objects.content.set(`${model.prefix}/script`, Buffer.from(script))
  const progress = { images: 0, totalImages: 20, indexed: 0 }
  const open = { status: 'queued', attempt: 0, startedAt: null, finishedAt: null, progress } as const
  // Without its table, which the worker makes.
  const { id } = await aVectorSet(bench, model, run.datasetId, { index: null, ...open })
  const { index = 'scan' } = patch
  await bench.pool.query('update vector_sets set index = $1 where id = $2', [index, id])
  return id
}

const parquetOfSet = async (id: string): Promise<ArrayBuffer> =>
  Uint8Array.from(bench.objects.content.get(`vectors/${id}/vectors.parquet`) ?? assert.fail('no Parquet')).buffer
const objectsOf = (id: string) => [...bench.objects.content.keys()].filter((key) => key.startsWith(`vectors/${id}/`))
const rowsOf = async (id: string): Promise<number> =>
  Number((await bench.pool.query(`select count(*) from "${id}"`)).rows[0].count)
const hasTable = async (id: string): Promise<boolean> =>
  (await bench.pool.query('select to_regclass($1) is not null as there', [id])).rows[0].there

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('a vector set ends with its files, whose parts go, and with a row for each image', { skip }, async () => {
  const id = await aQueuedSet('good')
  await embed(id)
  const { status, files, progress, attempt, error } = await load(id)
  assert.deepEqual([status, attempt, error], ['succeeded', 1, null])
  assert.deepEqual(progress, { images: 20, totalImages: 20, indexed: 20 })
  assert.deepEqual(
    files.map(({ name, bytes }) => [name, name === 'vectors.npy' ? bytes : 0]),
    [
      ['vectors.npy', 128 + 20 * 8 * 4],
      ['images.jsonl', 0],
      ['vectors.parquet', 0],
      ['map.json', 0]
    ]
  )
  for (const { name, sha256 } of files) {
    const bytes = bench.objects.content.get(`vectors/${id}/${name}`)
    assert.equal(createHash('sha256').update(bytes!).digest('hex'), sha256)
  }
  const lines = Buffer.from(bench.objects.content.get(`vectors/${id}/images.jsonl`)!)
    .toString()
    .trim()
    .split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).index),
    Array.from({ length: 20 }, (_, i) => i)
  )
  const rows = await parquetReadObjects({ file: await parquetOfSet(id) })
  assert.deepEqual(
    rows.map(({ index, name, label }) => [index, name, label]),
    Array.from({ length: 20 }, (_, i) => [i, `${i}.png`, 'left'])
  )
  assert.deepEqual([rows[3]?.['vector'], rows[3]?.['log_density']], [[0, 0, 0, 1, 0, 0, 0, 0], null])
  const { row_groups: groups } = await parquetMetadataAsync(await parquetOfSet(id))
  assert.deepEqual(
    groups.map((group) => Number(group.num_rows)),
    [8, 8, 4],
    'no more than a part at once'
  )
  assert.equal(await rowsOf(id), 20)
  await bench.sweep()
  assert.deepEqual(
    objectsOf(id).sort(),
    ['images.jsonl', 'map.json', 'vectors.npy', 'vectors.parquet'].map((name) => `vectors/${id}/${name}`)
  )
  assert.ok(await hasTable(id), 'parts go, and nothing else')
  const before = bench.trainers.length
  await embed(id)
  assert.equal(bench.trainers.length, before, 'a second job for it does nothing')
})

test('where files alone are wanted there is no table', { skip }, async () => {
  const id = await aQueuedSet('good', { index: null })
  await embed(id)
  const { status, progress } = await load(id)
  assert.deepEqual([status, progress.indexed, await hasTable(id)], ['succeeded', 0, false])
})

test('killed between two parts, another goes on behind the last that is stored, to the same bytes', {
  skip
}, async () => {
  const [undisturbed, marker] = [await aQueuedSet('good'), join(bench.root, 'killed-embedding')]
  const disturbed = await aQueuedSet(`kill ${marker}`)
  await embed(undisturbed)
  const before = bench.trainers.length
  const stored: string[] = []
  bench.objects.intercept = (operation, key) => {
    if (operation === 'putFile' && key.endsWith('.f32')) stored.push(key.slice(-10, -4))
  }
  await embed(disturbed)
  assert.equal(bench.trainers.length - before, 3, 'two that embed, one that makes the map')
  assert.ok(existsSync(marker))
  assert.deepEqual(stored, ['000000', '000001', '000002'], 'no part is made twice')
  const [one, other] = [await load(undisturbed), await load(disturbed)]
  assert.equal(other.status, 'succeeded')
  assert.deepEqual(other.files, one.files)
  assert.equal(await rowsOf(disturbed), 20)
})

test('a worker that ends gives it back, and the next one makes no part again', { skip }, async () => {
  const id = await aQueuedSet(`wait ${join(bench.root, 'left-embedding')}`)
  const draining = new AbortController()
  const working = embed(id, draining)
  await until(() => objectsOf(id).some((key) => key.endsWith('000000.f32')))
  draining.abort(new Error('the worker stops'))
  await working
  assert.equal((await load(id)).status, 'running')
  assert.equal((await bench.stores.jobTries.load(id))?.holder, null)
  const stored: string[] = []
  bench.objects.intercept = (operation, key) => {
    if (operation === 'putFile' && key.endsWith('.f32')) stored.push(key.slice(-10, -4))
  }
  await embed(id)
  const { status, attempt } = await load(id)
  assert.deepEqual([status, attempt, stored], ['succeeded', 2, ['000001', '000002']])
})

test('an outage while rows are added loses none and adds none twice', { skip }, async () => {
  const id = await aQueuedSet('good')
  let failures = 1
  bench.objects.intercept = (operation, key) => {
    if (operation === 'get' && key.endsWith('000001.f32') && failures-- > 0) throw new AppError('storage_unavailable')
  }
  const before = bench.trainers.length
  await embed(id)
  assert.deepEqual([(await load(id)).status, await rowsOf(id)], ['succeeded', 20])
  assert.equal(bench.trainers.length - before, 2, 'and embeds nothing again')
})

test('cancelled while it is embedded, it leaves neither an object nor a table', { skip }, async () => {
  const id = await aQueuedSet('wait')
  const working = embed(id)
  await until(() => objectsOf(id).some((key) => key.endsWith('000000.f32')))
  await bench.stores.vectorSets.update(id, { status: 'cancelled' })
  await working
  assert.deepEqual([(await load(id)).status, objectsOf(id), await hasTable(id)], ['cancelled', [], false])
})

test('a map of many images is of some that are evenly spaced', { skip }, async () => {
  const id = await aQueuedSet('good')
  await embed(id, new AbortController(), 7)
  const map = JSON.parse(Buffer.from(bench.objects.content.get(`vectors/${id}/map.json`)!).toString())
  assert.deepEqual([map.images, map.every], [7, 3], 'images 0, 3, … 18 of 20')
})

test('a failure is kept with its code, and what there was of it goes', { skip }, async () => {
  const id = await aQueuedSet('fail')
  bench.objects.content.set(`vectors/${id}/parts-8/000000.f32`, Buffer.from('left'))
  for (let tries = 0; tries < 3; tries++) await embed(id)
  const { status, error } = await load(id)
  assert.deepEqual([status, error?.code], ['failed', 'image_invalid'])
  await bench.sweep()
  assert.deepEqual(objectsOf(id), [])
})

test('of two workers the last to begin writes', { skip }, async () => {
  const id = await aQueuedSet('good')
  const first = await jobs('one/1').begin(id)
  const second = await jobs('another/1').begin(id)
  assert.equal(second?.set.attempt, 2)
  const late = { id, attempt: first!.set.attempt }
  assert.equal(await jobs('one/1').complete(late, [], 'vectors/none/'), false)
  await jobs('one/1').progress(late, { images: 9, totalImages: 20, indexed: 0 })
  assert.equal(await jobs('one/1').openTable(late, { ...second!.set, index: 'scan' }), null)
  const { status, progress } = await load(id)
  assert.deepEqual([status, progress.images], ['running', 0])
  assert.equal(await jobs('another/1').state(second!.set), 'open')
})

test('what it was to be made of and is gone is named', { skip }, async () => {
  const id = await aQueuedSet('good')
  const { projectId, dataset } = await load(id)
  await bench.stores.datasets.remove(projectId, dataset.datasetId)
  await embed(id)
  const { status, error } = await load(id)
  assert.deepEqual([status, error?.code], ['failed', 'dataset_version_not_found'])
})
