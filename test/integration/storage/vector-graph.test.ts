/** Graphs that are built behind the last row. The embedded database has pgvector; a server is asked for the rest, with pgvector where it has it. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { SearchedSet } from '../../../src/domain/vector-stores.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createVectorGraphs, planGraph } from '../../../src/storage/postgres/vector-graph.ts'
import { aVectorRow } from '../../helpers/vector-records.ts'
import { CANDIDATES, openBench } from './databases.ts'

const MIB = 1_048_576
const wanted = () => ({ signal: new AbortController().signal, onProgress: async () => {} })

test('a graph gets the memory that its images take, up to what is allowed', () => {
  const ofMillion = (allowed: number) => planGraph({ images: 1_000_000, dimensions: 384 }, allowed)
  const scarce = ofMillion(2048 * MIB)
  assert.equal(scarce.neighbours, 16, 'a graph with more would not fit')
  assert.ok(
    scarce.kibibytes > 1_771_000 && scarce.kibibytes < 2_000_000,
    `two processes took 1,814 bytes an image, and it is ${scarce.kibibytes} KiB`
  )
  assert.deepEqual(ofMillion(1024 * MIB), { neighbours: 16, kibibytes: 1024 * 1024 })
  const few = planGraph({ images: 1000, dimensions: 384 }, 1024 * 1024 * MIB)
  assert.ok(few.kibibytes < 8192, `${few.kibibytes} KiB`)
})

test('a large set has twice the neighbours where its graph has room', () => {
  const ofMillion = planGraph({ images: 1_000_000, dimensions: 384 }, 1024 * 1024 * MIB)
  assert.equal(ofMillion.neighbours, 32)
  // 508 bytes an image more, by one process.
  assert.ok(ofMillion.kibibytes > (1_000_000 * (1_814 + 508)) / 1024, `${ofMillion.kibibytes} KiB`)
  assert.equal(planGraph({ images: 50_000, dimensions: 384 }, 1024 * 1024 * MIB).neighbours, 16)
})

for (const { name, skip, open } of CANDIDATES) {
  if (skip !== false) {
    test(name, { skip }, () => {})
    continue
  }
  const { url, stores, unitOfWork, database } = await openBench({ after }, open)
  const { id: projectId } = await stores.keys.ensureProject('builders')
  const hasPgvector = await stores.vectors.hasPgvector()

  describe(name, () => {
    // Of the pool one connection is left for all others: what builds takes none of it.
    const small = createDatabase({ url, max: 1, statementTimeoutMs: 5000 })
    after(() => small.close())
    const graphs = createVectorGraphs({
      database: small,
      clock: systemClock,
      logger: silentLogger,
      memoryBytes: 64 * MIB
    })
    const isServer = name === 'PostgreSQL'
    const noPgvector = hasPgvector ? false : 'the server has no pgvector'

    async function aTable(images: number, { index, dimensions }: Pick<SearchedSet, 'index' | 'dimensions'>) {
      const set: SearchedSet = { id: newId('vectorSet'), projectId, dimensions, index }
      await unitOfWork((tx) => tx.vectors.create(set, { hasGraph: false }))
      const rows = Array.from({ length: images }, (_, i) => aVectorRow(i, dimensions))
      for (let from = 0; from < images; from += 500) await stores.vectors.add(set, rows.slice(from, from + 500))
      return set
    }
    const aGraphless = () => aTable(12, { index: 'hnsw', dimensions: 8 })
    const graphsOf = async ({ id }: SearchedSet): Promise<number> => {
      const ask = `select from pg_indexes where tablename = $1 and indexdef ilike '%using hnsw%'`
      return (await database.pool.query(ask, [id])).rowCount ?? 0
    }
    const waitsFor = async (lock: string) => {
      const ask = `select from pg_stat_activity where wait_event_type = 'Lock' and query like $1`
      while ((await database.pool.query(ask, [`${lock}%`])).rowCount === 0) await systemClock.sleep(5)
    }

    test('servers build graphs last, and the embedded database does not', async () => {
      assert.equal(await graphs.areBuiltLast(), isServer)
    })

    test('what was built finds what a graph finds that grew', { skip: noPgvector }, async () => {
      const set = await aGraphless()
      assert.equal(await stores.vectors.hasGraph(set), false)
      await graphs.build(set, 12, wanted())
      assert.equal(await stores.vectors.hasGraph(set), true)
      const query = { limit: 12, labels: null, prototypes: null, except: null, vector: aVectorRow(5, 8).vector }
      const found = async (one: SearchedSet) => (await unitOfWork((tx) => tx.vectors.search(one, query))).images
      const places = (await found(set)).map(({ index }) => index)
      assert.deepEqual(
        places,
        (await found({ ...set, index: 'exact' })).map(({ index }) => index)
      )
      assert.equal(places[0], 5)
    })

    test('one that is there is not built again, whoever asks at once', { skip: noPgvector }, async () => {
      const set = await aGraphless()
      await Promise.all([1, 2, 3].map(() => graphs.build(set, 12, wanted())))
      assert.equal(await graphsOf(set), 1)
    })

    test('what is not wanted any more is not begun', async () => {
      const set = await aTable(1, { index: 'scan', dimensions: 8 })
      const signal = AbortSignal.abort(new Error('cancelled before'))
      await assert.rejects(graphs.build(set, 1, { ...wanted(), signal }), /cancelled before/)
    })

    test('a table that is gone fails it, and the connection goes with it', async () => {
      const set: SearchedSet = { id: newId('vectorSet'), projectId, dimensions: 8, index: 'hnsw' }
      await assert.rejects(graphs.build(set, 1, wanted()), { code: 'schema_outdated' })
    })

    describe('on a server', { skip: isServer ? false : 'one session, in which nobody waits for another' }, () => {
      /** Keeps the build where it waits, as behind another that builds. */
      async function whileHeld(set: SearchedSet, work: () => Promise<void>): Promise<void> {
        const holder = await database.pool.connect()
        try {
          await holder.query('begin')
          await holder.query(`lock table "${set.id}" in share update exclusive mode`)
          await work()
        } finally {
          await holder.query('rollback')
          holder.release()
        }
      }

      test('cancelled, it ends with the reason, and lets go of the table', async () => {
        const set = await aTable(1, { index: 'scan', dimensions: 8 })
        await whileHeld(set, async () => {
          const cancelling = new AbortController()
          const building = graphs.build(set, 1, { ...wanted(), signal: cancelling.signal })
          await waitsFor('lock table')
          cancelling.abort(new Error('not wanted any more'))
          await assert.rejects(building, /not wanted any more/)
        })
        await stores.vectors.drop(set.id)
      })

      test('rows and searches of others go on, and the one connection of the pool is theirs', async () => {
        const set = await aTable(1, { index: 'scan', dimensions: 8 })
        await whileHeld(set, async () => {
          const cancelling = new AbortController()
          const building = graphs.build(set, 1, { ...wanted(), signal: cancelling.signal })
          await waitsFor('lock table')
          assert.equal((await small.pool.query(`select count(*)::int as rows from "${set.id}"`)).rows[0].rows, 1)
          await stores.vectors.add(set, [aVectorRow(1, 8)])
          cancelling.abort(new Error('enough'))
          await assert.rejects(building, /enough/)
        })
        assert.equal(await stores.vectors.count(set), 2)
      })

      test('a server that ends it says that it is away, which is waited for', async () => {
        const set = await aTable(1, { index: 'scan', dimensions: 8 })
        await whileHeld(set, async () => {
          const building = graphs.build(set, 1, wanted())
          const refused = assert.rejects(building, { code: 'database_unavailable' })
          await waitsFor('lock table')
          await database.pool.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like 'lock table%'`
          )
          await refused
        })
      })

      test('how far it is can be heard, and cancelled it leaves no index', { skip: noPgvector }, async () => {
        const set = await aTable(6000, { index: 'hnsw', dimensions: 64 })
        const cancelling = new AbortController()
        const heard: number[] = []
        const onProgress = async (images: number) => {
          heard.push(images)
          if (heard.length === 2) cancelling.abort(new Error('far enough'))
        }
        const fast = { now: systemClock.now, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(20, signal) }
        const impatient = createVectorGraphs({
          database: small,
          clock: fast,
          logger: silentLogger,
          memoryBytes: 64 * MIB
        })
        await assert.rejects(impatient.build(set, 6000, { signal: cancelling.signal, onProgress }), /far enough/)
        assert.ok(heard[0]! <= heard[1]! && heard[1]! < 6000, `${heard}`)
        assert.equal(await graphsOf(set), 0)
        await graphs.build(set, 6000, wanted())
        assert.equal(await graphsOf(set), 1)
      })
    })
  })
}
