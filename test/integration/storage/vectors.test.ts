/** What is searched by pgvector, on the embedded database: the PostgreSQL of the tests has it not, and scans (http/vector-sets). */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { sql } from 'drizzle-orm'
import type { Page } from '../../../src/domain/page.ts'
import type { VectorSet } from '../../../src/domain/vector-set.ts'
import type { LabelNeighbors, NearPair, SearchedSet, VectorQuery } from '../../../src/domain/vector-stores.ts'
import { bound } from '../../../src/storage/postgres/bound-query.ts'
import { createVectorStore } from '../../../src/storage/postgres/vector-store.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'
import { openBench, openEmbedded } from './databases.ts'

const { stores, unitOfWork, database } = await openBench({ after }, openEmbedded)
const project = await stores.keys.ensureProject('searchers')
const model = await aReadyModel(stores, project.id)

const aSet = (index: VectorSet['index']) => aVectorSet({ stores, unitOfWork }, model, 'ds_any', { index })
const ALL: Omit<VectorQuery, 'vector'> = { limit: 12, labels: null, prototypes: null, except: null }
const search = (set: VectorSet, query: Partial<VectorQuery>) =>
  unitOfWork((tx) => tx.vectors.search(set as SearchedSet, { ...ALL, vector: aVectorRow(5, 8).vector, ...query }))
const placesOf = async (set: VectorSet, query: Partial<VectorQuery> = {}) =>
  (await search(set, query)).images.map(({ index }) => index)

test('the embedded database has pgvector, which its migration made', async () => {
  assert.equal(await stores.vectors.hasPgvector(), true)
})

describe('with pgvector', () => {
  test('a graph, all vectors and a scan find the same, as near', async () => {
    const sets = [await aSet('scan'), await aSet('exact'), await aSet('hnsw')]
    const [scan, exact, graph] = await Promise.all(sets.map((set) => search(set, {})))
    assert.deepEqual([scan!.isExact, exact!.isExact, graph!.isExact], [true, true, false])
    for (const other of [exact!, graph!]) {
      assert.deepEqual(
        other.images.map(({ index }) => index),
        scan!.images.map(({ index }) => index)
      )
      for (const [i, { similarity }] of other.images.entries())
        assert.ok(Math.abs(similarity - scan!.images[i]!.similarity) < 1e-3, 'as near as a half can say')
    }
  })

  test('a filter that leaves few is searched exactly, and finds all that it leaves', async () => {
    const set = await aSet('hnsw')
    const { images, isExact } = await search(set, { labels: ['left'], prototypes: [0, 2], except: 0 })
    assert.equal(isExact, true)
    assert.deepEqual(
      images.map(({ index }) => index).sort((a, b) => a - b),
      [2, 6, 8]
    )
    assert.ok(images.every(({ label, prototype }) => label === 'left' && prototype !== 1))
  })

  test('an image, and the mean of a prototype, are those that were added', async () => {
    for (const kind of ['scan', 'exact'] as const) {
      const set = (await aSet(kind)) as SearchedSet & VectorSet
      const near = (one: ArrayLike<number> | null, other: ArrayLike<number>) =>
        assert.ok(Array.from(one ?? []).every((value, i) => Math.abs(value - other[i]!) < 1e-3) && one?.length === 8)
      near(await stores.vectors.vectorOf(set, 3), aVectorRow(3, 8).vector)
      const images = [2, 5, 8, 11].map((index) => aVectorRow(index, 8).vector)
      const mean = Array.from({ length: 8 }, (_, axis) => images.reduce((sum, one) => sum + one[axis]! / 4, 0))
      near(await stores.vectors.meanOf(set, 2), mean)
      assert.equal(await stores.vectors.vectorOf(set, 12), null)
      assert.equal(await stores.vectors.meanOf(set, 7), null)
    }
  })

  test('the larger a set, the more candidates a search of its graph looks at', async () => {
    const set = (await aSet('hnsw')) as SearchedSet & VectorSet
    const candidates = () =>
      database.db.transaction(async (tx) => {
        await createVectorStore(tx).search(set, { ...ALL, vector: aVectorRow(5, 8).vector })
        const { rows } = await tx.execute<{ most: string }>(sql`select current_setting('hnsw.ef_search') as most`)
        return Number(rows[0]?.most)
      })
    const found = [await candidates()]
    for (const index of [50_000, 900_000]) {
      await unitOfWork((tx) => tx.vectors.add(set, [{ ...aVectorRow(1, 8), index }]))
      found.push(await candidates())
    }
    assert.deepEqual(found, [200, 500, 1000])
  })

  test('the graph is what a search without a filter walks', async () => {
    const set = await aSet('hnsw')
    const { rows } = await database.pool.query(
      `select indexdef from pg_indexes where tablename = $1 and indexdef like '%hnsw%'`,
      [set.id]
    )
    assert.match(rows[0]?.indexdef ?? '', /halfvec_cosine_ops/)
    const client = await database.pool.connect()
    try {
      await client.query('begin')
      await client.query('set local enable_seqscan = off')
      const vector = `[${Array.from(aVectorRow(5, 8).vector).join(',')}]`
      const ask = `explain select row from "${set.id}" order by embedding <=> '${vector}'::halfvec(8) limit 10`
      const plan = (await bound(client, project.id).query(ask)).rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.match(plan, /Index Scan using .* on "?vec_/, 'the policy does not keep it from being used')
      await client.query('rollback')
    } finally {
      client.release()
    }
  })

  test('rows that are added again change nothing, and a table that is gone is a set that is', async () => {
    const set = (await aSet('exact')) as SearchedSet & VectorSet
    await stores.vectors.add(set, [aVectorRow(3, 8)])
    assert.equal(await stores.vectors.count(set), 12)
    assert.equal((await placesOf(set)).length, 12)
    await stores.vectors.drop(set.id)
    await stores.vectors.drop(set.id)
    await assert.rejects(search(set, {}), { code: 'vector_set_not_found' })
  })

  test('lists over all images are the same by a graph, by all vectors and by a scan', async () => {
    const sets = [await aSet('scan'), await aSet('exact'), await aSet('hnsw')] as (SearchedSet & VectorSet)[]
    const pairsOf = async (set: SearchedSet) => {
      const found: string[] = []
      let after: string | null = null
      do {
        const request = { limit: 3, after, minSimilarity: 0.1 }
        const page: Page<NearPair> = await unitOfWork((tx) => tx.vectors.nearPairs(set, request))
        found.push(...page.data.map(({ images: [one, two] }) => `${one.index} ${two.index}`))
        after = page.nextCursor
      } while (after !== null)
      return found
    }
    const neighborsOf = async (set: SearchedSet, bank: SearchedSet) => {
      const query = { bank, of: 'labelled', neighbors: 3 } as const
      const found: LabelNeighbors[] = []
      let after: string | null = null
      do {
        const page: Page<LabelNeighbors> = await unitOfWork((tx) =>
          tx.vectors.labelNeighbors(set, { ...query, page: { limit: 5, after } })
        )
        found.push(...page.data)
        after = page.nextCursor
      } while (after !== null)
      return found.map(({ image, neighbors }) => [image.index, neighbors.map(({ label }) => label)])
    }
    const [scan, ...others] = sets
    const pairs = await pairsOf(scan!)
    assert.equal(pairs.length, 8)
    for (const set of others) {
      assert.deepEqual(await pairsOf(set), pairs, set.index!)
      assert.deepEqual(await neighborsOf(set, set), await neighborsOf(scan!, scan!), set.index!)
      assert.equal((await neighborsOf(set, scan!)).length, 12, 'vectors of one kind ask those of another')
      assert.equal((await neighborsOf(scan!, set)).length, 12)
      assert.equal(await stores.vectors.countLabelled(set), 12)
      const { data } = await stores.vectors.outliers(set, { limit: 2, after: null })
      assert.deepEqual(
        data.map(({ index, logDensity }) => [index, logDensity]),
        [
          [0, 10],
          [1, 11]
        ]
      )
    }
  })
})
