/** A vector set whose graph is built behind its last row, on the embedded database as if it were a server: that of the tests has no pgvector. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { SearchedSet, VectorGraphs } from '../../../src/domain/vector-stores.ts'
import { createVectorSetJobs } from '../../../src/services/vector-sets/vector-set-jobs.ts'
import { createVectorGraphs } from '../../../src/storage/postgres/vector-graph.ts'
import { createEmbedDataset } from '../../../src/tasks/embed-dataset.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'
import { openEmbedded } from '../storage/databases.ts'
import { createWorkbench } from './workbench.ts'

const bench = await createWorkbench({ after }, systemClock, (run) => run, openEmbedded)
const { stores, unitOfWork, objects } = bench
const built = createVectorGraphs({ ...bench, clock: systemClock, logger: silentLogger, memoryBytes: 1e8 })
const last: VectorGraphs = { ...built, areBuiltLast: async () => true }

const embed = (id: string, graphs: VectorGraphs, draining = new AbortController()) =>
  createEmbedDataset({
    ...bench.shared(),
    vectorSets: createVectorSetJobs({ unitOfWork, stores, clock: systemClock, worker: 'a worker', graphs }),
    ...{ draining: draining.signal, partImages: 8 }
  })({ vectorSetId: id }, new AbortController().signal)

async function aQueuedSet(): Promise<SearchedSet> {
  const run = await bench.addRun({})
  const files = [{ name: 'script', bytes: 4, sha256: createHash('sha256').update('good').digest('hex') }]
  const model = await aReadyModel(stores, run.projectId, { files })
  objects.content.set(`${model.prefix}/script`, Buffer.from('good'))
  const progress = { images: 0, totalImages: 20, indexed: 0 }
  const open = { status: 'queued', attempt: 0, startedAt: null, finishedAt: null, progress } as const
  // Without its table, which the worker makes.
  const set = await aVectorSet(bench, model, run.datasetId, { index: null, ...open })
  await bench.pool.query(`update vector_sets set index = 'hnsw' where id = $1`, [set.id])
  return { ...set, index: 'hnsw' }
}
const stateOf = async ({ id }: SearchedSet) => {
  const set = await stores.vectorSets.load(id)
  return [set?.status, set?.progress.indexed]
}

test('rows come first, then the graph, and only what is in it counts as indexed', async () => {
  const set = await aQueuedSet()
  const seen: unknown[] = []
  const see = async () => {
    seen.push([await stores.vectors.count(set), await stores.vectors.hasGraph(set), (await stateOf(set))[1]])
  }
  await embed(set.id, {
    ...last,
    async build(one, images, building) {
      await see()
      await building.onProgress(7)
      await see()
      await last.build(one, images, building)
      await see()
    }
  })
  assert.deepEqual(seen, [
    [20, false, 0],
    [20, false, 7],
    [20, true, 7]
  ])
  assert.deepEqual(await stateOf(set), ['succeeded', 20])
  const vector = Array.from({ length: 8 }, (_, axis) => Number(axis === 3))
  const query = { limit: 3, labels: null, prototypes: null, except: null, vector }
  const { images, isExact } = await unitOfWork((tx) => tx.vectors.search(set, query))
  assert.deepEqual([images[0]!.index % 8, isExact], [3, false])
})

test('a worker that ends while it builds leaves it to the next, which adds no row and builds it', async () => {
  const set = await aQueuedSet()
  const draining = new AbortController()
  await embed(
    set.id,
    {
      ...last,
      build(_, __, { signal }) {
        draining.abort(new Error('the worker stops'))
        throw signal.reason
      }
    },
    draining
  )
  assert.deepEqual(await stateOf(set), ['running', 0])
  const before = bench.trainers.length
  await embed(set.id, last)
  assert.deepEqual(await stateOf(set), ['succeeded', 20])
  assert.equal(await stores.vectors.hasGraph(set), true)
  assert.equal(bench.trainers.length - before, 1, 'which makes the map')
})

test('cancelled while it builds, it leaves nothing', async () => {
  const set = await aQueuedSet()
  await embed(set.id, {
    ...last,
    async build(_, __, { signal }) {
      await stores.vectorSets.update(set.id, { status: 'cancelled' })
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
  })
  assert.equal((await stateOf(set))[0], 'cancelled')
  const { rows } = await bench.pool.query('select to_regclass($1) as named', [set.id])
  assert.deepEqual([rows[0].named, [...objects.content.keys()].filter((key) => key.includes(set.id))], [null, []])
})

test('a disk that is too small for the graph is not forgiven for each try that got a little further', async () => {
  const set = await aQueuedSet()
  const full: VectorGraphs = {
    ...last,
    async build(_, __, { onProgress }) {
      await onProgress(5)
      throw new AppError('storage_full')
    }
  }
  await embed(set.id, full)
  const failed = await stores.jobTries.load(set.id)
  assert.equal(failed?.failures.length, 1)
  await embed(set.id, full)
  assert.equal((await stores.jobTries.load(set.id))?.failures.length, 2)
})

test('where graphs grow, rows are counted as they come', async () => {
  const set = await aQueuedSet()
  const grown: VectorGraphs = {
    ...built,
    build: async () => assert.fail('there is nothing to build')
  }
  await embed(set.id, grown)
  assert.deepEqual(await stateOf(set), ['succeeded', 20])
  assert.equal(await stores.vectors.hasGraph(set), true)
})
