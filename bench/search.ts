/**
 * `npm run bench -- search --images 1000000 --dimensions 384 --url postgres://…`: vectors in random clusters, added as workers add
 * them and searched as requests do. Prints how long an image takes, recall@10 of the graph against all vectors, and latencies.
 * Without `--url` on an embedded database of its own. `--graph grows` and `--graph last` are what workers do there and on a server,
 * `--memory MIB` is what building may take. What it makes it drops.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { newId } from '../src/base/ids.ts'
import type { VectorRow } from '../src/domain/vector-set.ts'
import type { SearchedSet } from '../src/domain/vector-stores.ts'
import { prng } from '../src/math/prng.ts'
import { createDatabase } from '../src/storage/postgres/client.ts'
import { openEmbeddedPostgres } from '../src/storage/postgres/embedded.ts'
import { migrate } from '../src/storage/postgres/migrate.ts'
import { createStores, createUnitOfWork } from '../src/storage/postgres/unit-of-work.ts'
import { createVectorGraphs } from '../src/storage/postgres/vector-graph.ts'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '5000' },
    dimensions: { type: 'string', default: '384' },
    clusters: { type: 'string', default: '1000' },
    queries: { type: 'string', default: '200' },
    graph: { type: 'string' },
    memory: { type: 'string', default: '1024' },
    url: { type: 'string' }
  }
})
const [images, dimensions, clusters, queries] = [values.images, values.dimensions, values.clusters, values.queries].map(
  Number
) as [number, number, number, number]
const LIMIT = 10
/** Of a member around its center, whose numbers have a deviation of one: its cosine to it is about 0.8. */
const SPREAD = 0.75

/** The same for the same number, so that no vector has to be kept. */
function clustered(stream: number, index: number): Float32Array {
  const cluster = prng(stream, index).integer(clusters)
  const [center, own] = [prng(1, cluster), prng(stream, index)]
  const vector = Float32Array.from({ length: dimensions }, () => center.normal() + SPREAD * own.normal())
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

const rowOf = (index: number): VectorRow => ({
  ...{ index, name: `${index}.jpg`, label: `class-${index % 100}`, prototype: index % 1000 },
  ...{ probability: 0.5, logDensity: 0, vector: clustered(2, index) }
})

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))]!
const said = (all: readonly number[]): string => {
  const sorted = [...all].sort((a, b) => a - b)
  return `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms`
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const from = performance.now()
  return [await work(), performance.now() - from]
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-search-'))
const embedded = values.url ? null : await openEmbeddedPostgres(folder)
const url = values.url ?? embedded?.url ?? ''
await migrate(url)
const database = createDatabase({ url, max: 4, statementTimeoutMs: 600_000 })
const noJobs = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }
const [stores, unitOfWork] = [createStores(database, noJobs), createUnitOfWork(database, noJobs)]
const hasPgvector = await stores.vectors.hasPgvector()
const { id: projectId } = await stores.keys.ensureProject('bench')
const set: SearchedSet = { id: newId('vectorSet'), projectId, dimensions, index: hasPgvector ? 'hnsw' : 'scan' }
const memoryBytes = Number(values.memory) * 1_048_576
const graphs = createVectorGraphs({ database, clock: systemClock, logger: console, memoryBytes })
const isBuiltLast = hasPgvector && (values.graph ? values.graph === 'last' : await graphs.areBuiltLast())
/** As tasks/embed-dataset.ts adds them. */
const atOnce = hasPgvector && !isBuiltLast ? 50 : 500
const kind = hasPgvector ? `hnsw that ${isBuiltLast ? 'is built last' : 'grows'}` : 'scan'
console.log(`${images} × ${dimensions} in ${clusters} clusters, ${kind}`)

const seconds = (ms: number) => `${(ms / images).toFixed(2)} ms an image, ${(ms / 1000).toFixed(0)} s in all`

async function build(): Promise<void> {
  let toldAt = 0
  const onProgress = async (built: number) => {
    if (built < toldAt + 50_000) return
    toldAt = built
    console.log(`  ${built} in the graph`)
  }
  const signal = AbortSignal.timeout(6 * 3600_000)
  const [, ms] = await timed(() => graphs.build(set, images, { signal, onProgress }))
  console.log(`built: ${seconds(ms)}`)
}

async function sayPlace(): Promise<void> {
  const { rows } = await database.pool.query('select pg_table_size($1) as table, pg_indexes_size($1) as indexes', [
    set.id
  ])
  console.log(`bytes: ${JSON.stringify(rows[0])}`)
}

try {
  await unitOfWork((tx) => tx.vectors.create(set, { hasGraph: !isBuiltLast }))
  let addingMs = 0
  for (let from = 0; from < images; from += atOnce) {
    const rows = Array.from({ length: Math.min(atOnce, images - from) }, (_, i) => rowOf(from + i))
    addingMs += (await timed(() => stores.vectors.add(set, rows)))[1]
    if ((from + atOnce) % 50_000 === 0) console.log(`  ${from + atOnce} after ${(addingMs / 1000).toFixed(0)} s`)
  }
  console.log(`added: ${seconds(addingMs)}`)
  if (isBuiltLast) await build()
  await sayPlace()
  const asked = Array.from({ length: queries }, (_, i) => clustered(3, i))
  const ask = async (one: SearchedSet, more: { labels?: readonly string[] } = {}) => {
    const [places, times]: [number[][], number[]] = [[], []]
    for (const vector of asked) {
      const query = { vector, limit: LIMIT, labels: null, prototypes: null, except: null, ...more }
      const [found, ms] = await timed(() => unitOfWork((tx) => tx.vectors.search(one, query)))
      places.push(found.images.map(({ index }) => index))
      times.push(ms)
    }
    return { places, times }
  }
  await ask(set)
  const graph = await ask(set)
  const truth = await ask(hasPgvector ? { ...set, index: 'exact' } : set)
  const hits = graph.places.map((found, i) => found.filter((index) => truth.places[i]?.includes(index)).length)
  const recall = hits.reduce((sum, found) => sum + found, 0) / (LIMIT * queries)
  console.log(`recall@10 ${recall.toFixed(4)} over ${queries} queries`)
  console.log(`${set.index}: ${said(graph.times)}; every vector: ${said(truth.times)}`)
  console.log(`one of 100 labels: ${said((await ask(set, { labels: ['class-7'] })).times)}`)
} finally {
  await stores.vectors.drop(set.id)
  await database.close()
  await embedded?.close()
  await rm(folder, { recursive: true, force: true })
}
