/**
 * What a chart of a long run costs: `GET /v1/runs/{id}/metrics` in the service, with roll-ups and without; how long they take to be made;
 * and the DELETE of such a run.
 *
 *   npm run bench -- curves [--steps 50000] [--keys 20]
 *
 * Against a PostgreSQL of its own; `DATABASE_URL` names another one, whose database is filled and left so.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createDatabase } from '../src/storage/postgres/client.ts'
import { migrate } from '../src/storage/postgres/migrate.ts'
import { createStores, createUnitOfWork } from '../src/storage/postgres/unit-of-work.ts'
import { startPostgresServer } from '../test/helpers/postgres-server.ts'
import { aStoredRun } from '../test/integration/storage/records.ts'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '50000' }, keys: { type: 'string', default: '20' } }
})
const steps = Number(values.steps)
const keys = Number(values.keys)

const server = process.env['DATABASE_URL'] ? null : await startPostgresServer({ isDurable: true })
const url = process.env['DATABASE_URL'] ?? server!.url
await migrate(url)
const database = createDatabase({ url, max: 5, statementTimeoutMs: 600_000 })
const queue = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }
const stores = createStores(database, queue)
const unitOfWork = createUnitOfWork(database, queue)
const say = (text: string) => process.stdout.write(`${text}\n`)

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now()
  const result = await work()
  return { ms: performance.now() - start, result }
}

/** Of so many reads, the middle one: the first finds nothing in the cache of the server. */
async function read(id: string, query: { fromStep: number | null; maxPoints: number }): Promise<string> {
  const all = { keys: null, toStep: null, ...query }
  const times: number[] = []
  for (let i = 0; i < 9; i++) times.push((await timed(() => stores.metrics.read(id, all))).ms)
  const [first] = times
  times.sort((a, b) => a - b)
  return `${times[4]!.toFixed(0)} ms (first ${first!.toFixed(0)}, slowest ${times[8]!.toFixed(0)})`
}

async function readAll(id: string, what: string): Promise<void> {
  for (const maxPoints of [100, 1000, 2000, 10_000])
    say(`${what}, ${maxPoints} points a metric: ${await read(id, { fromStep: null, maxPoints })}`)
  say(`${what}, 1000 of the last third: ${await read(id, { fromStep: Math.floor((2 * steps) / 3), maxPoints: 1000 })}`)
}

try {
  say(`${cpus()[0]?.model}, ${availableParallelism()} cores; ${steps} steps of ${keys} metrics: ${steps * keys} points`)
  const run = await aStoredRun(stores, { status: 'running' })
  const filled = await timed(() =>
    database.pool.query(
      `insert into run_metrics (run_id, key, step, value, project_id)
       select $1, 'metric_' || key, step, random(), $2 from generate_series(1, $3::int) step, generate_series(1, $4::int) key`,
      [run.id, run.projectId, steps, keys]
    )
  )
  await database.pool.query('vacuum analyze run_metrics')
  await stores.runs.update(run.id, { progress: { ...run.progress, step: steps } })
  say(`filled in ${(filled.ms / 1000).toFixed(1)} s`)
  if (steps * keys <= 2_000_000) await readAll(run.id, 'without roll-ups')
  const slowest = { ms: 0 }
  const rolled = await timed(async () => {
    for (let more = true; more; ) {
      const { ms, result } = await timed(() => unitOfWork((tx) => tx.metrics.rollUp(run.id)))
      slowest.ms = Math.max(slowest.ms, ms)
      more = result
    }
  })
  say(`rolled up in ${(rolled.ms / 1000).toFixed(1)} s, ${slowest.ms.toFixed(0)} ms at once`)
  await database.pool.query('analyze run_metric_rollups')
  await readAll(run.id, 'with roll-ups')
  const removed = await timed(() => stores.runs.remove(run.id))
  say(`the run is deleted in ${removed.ms.toFixed(0)} ms`)
  slowest.ms = 0
  const gone = await timed(async () => {
    for (let at: Awaited<ReturnType<typeof stores.metrics.removeSome>> = null; ; ) {
      const { ms, result } = await timed(() => stores.metrics.removeSome(run.id, at))
      slowest.ms = Math.max(slowest.ms, ms)
      at = result
      if (at === null) return
    }
  })
  say(`its metrics in ${(gone.ms / 1000).toFixed(1)} s, ${slowest.ms.toFixed(0)} ms at once`)
} finally {
  await database.close()
  await server?.stop()
}
