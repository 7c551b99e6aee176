/**
 * What a database takes of running legs: points a second in reports of one step and of many, a page of the list of runs, and
 * what followers of one run cost.
 *
 *   npm run bench -- records [--legs 16] [--seconds 5] [--runs 10000]
 *
 * Against a PostgreSQL of its own; `DATABASE_URL` names another one, whose database is filled and left so.
 */
import { availableParallelism, cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { newId } from '../src/base/ids.ts'
import { silentLogger } from '../src/base/log.ts'
import type { Lease, Run } from '../src/domain/run.ts'
import { createLegRecords } from '../src/services/runs/leg-records.ts'
import { createMetricUpkeep } from '../src/services/runs/metric-upkeep.ts'
import { createRunFeed } from '../src/services/runs/run-feed.ts'
import type { StepReport } from '../src/services/runs/step-reports.ts'
import { createDatabase } from '../src/storage/postgres/client.ts'
import { createEventNotices } from '../src/storage/postgres/event-notices.ts'
import { migrate } from '../src/storage/postgres/migrate.ts'
import { createReachOf, createStores, createUnitOfWork } from '../src/storage/postgres/unit-of-work.ts'
import { startPostgresServer } from '../test/helpers/postgres-server.ts'
import { aStoredRun } from '../test/integration/storage/records.ts'

const { values } = parseArgs({
  options: {
    legs: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '10000' }
  }
})
const legs = Number(values.legs)
const seconds = Number(values.seconds)
const KEYS = Array.from({ length: 20 }, (_, i) => `metric_${i}`)
/** As a worker has them by default. */
const POOL = 5
const LEASE_MS = 3_600_000
const ROLL_EVERY_MS = 1000

const server = process.env['DATABASE_URL'] ? null : await startPostgresServer({ isDurable: true })
const url = process.env['DATABASE_URL'] ?? server!.url
await migrate(url)
const database = createDatabase({ url, max: POOL, statementTimeoutMs: 30_000 })
const queue = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }
const stores = createStores(database, queue)
const unitOfWork = createUnitOfWork(database, queue)

async function aLeg(): Promise<{ run: Run; lease: Lease }> {
  const run = await aStoredRun(stores, { status: 'running' })
  const claimed = await stores.runs.claim(run.id, 'bench', new Date(Date.now() + 3_600_000), new Date())
  return { run, lease: { runId: run.id, epoch: claimed!.leaseEpoch } }
}

const reportOf = (first: number, steps: number, run: Run): StepReport => ({
  points: Array.from({ length: steps }, (_, i) =>
    KEYS.map((key) => ({ key, step: first + i, value: Math.random() }))
  ).flat(),
  progress: { ...run.progress, step: first + steps },
  imagesPerSecond: 1,
  etaS: 1,
  event: null,
  dropped: 0
})

type Record = (lease: Lease, report: StepReport) => Promise<unknown>

/** The peer: a transaction for every report, as it was. */
const oneByOne: Record = (lease, { points, progress, imagesPerSecond, etaS }) =>
  unitOfWork(async (tx) => {
    const run = await tx.runs.load(lease.runId, { lock: true })
    await tx.metrics.write(lease.runId, points)
    const leaseExpiresAt = new Date(Date.now() + LEASE_MS)
    await tx.runs.updateUnderLease(lease, { progress, imagesPerSecond, etaS, leaseExpiresAt })
    return run?.desired
  })

const { recordSteps: together } = createLegRecords({ unitOfWork, stores, clock: systemClock, newId, leaseMs: LEASE_MS })

/** As workers do it beside their legs, only ten times as often. */
async function rollingUp<T>(work: () => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const upkeep = createMetricUpkeep({ unitOfWork, stores, clock: systemClock, keptDays: null })
  const rolling = (async () => {
    while (!ended.signal.aborted) {
      await upkeep.sweep(ended.signal)
      await sleep(ROLL_EVERY_MS)
    }
  })()
  const result = await work()
  ended.abort()
  await rolling
  return result
}

/** Points a second of so many legs at once, each report of so many steps. */
async function ingest(record: Record, steps: number): Promise<number> {
  const all = await Promise.all(Array.from({ length: legs }, aLeg))
  const start = performance.now()
  const until = start + seconds * 1000
  let points = 0
  await Promise.all(
    all.map(async ({ run, lease }) => {
      for (let step = 1; performance.now() < until; step += steps) {
        const report = reportOf(step, steps, run)
        await record(lease, report)
        points += report.points.length
      }
    })
  )
  return (1000 * points) / (performance.now() - start)
}

async function listRuns(): Promise<number[]> {
  const first = await aStoredRun(stores)
  await database.pool.query(
    `insert into runs select (jsonb_populate_record(runs, jsonb_build_object('id', 'run_' || lpad(i::text, 26, '0')))).*
     from runs, generate_series(1, $2::int) i where id = $1`,
    [first.id, Number(values.runs)]
  )
  await database.pool.query('analyze runs')
  const times: number[] = []
  // As a request has them: behind row-level security.
  const { stores: own } = createReachOf(database, queue)(first.projectId)
  for (let i = 0; i < 200; i++) {
    const start = performance.now()
    await own.runs.list(first.projectId, i % 2 === 0 ? {} : { status: 'queued' }, { limit: 100, after: null })
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)
}

/** Transactions a second that so many followers of one run cost, while the run says something ten times a second. */
async function follow(followers: number): Promise<{ transactions: number; delivered: number }> {
  const run = await aStoredRun(stores, { status: 'running' })
  const own = createDatabase({ url, max: POOL, statementTimeoutMs: 30_000 })
  let transactions = 0
  own.pool.on('acquire', () => transactions++)
  const notices = createEventNotices({ url, clock: systemClock, logger: silentLogger })
  const reading = createStores(own, queue)
  const keys = { listUnusable: async () => new Set<string>(), onRevoked: () => {} }
  const feed = createRunFeed({
    stores: reading,
    within: (_, work) => work(),
    keys,
    notices,
    clock: systemClock,
    logger: silentLogger
  })
  const leaving = new AbortController()
  let delivered = 0
  const position = { runId: run.id, afterSeq: 0 }
  const principal = { projectId: run.projectId, actor: 'key_1', by: 'key', expiresAt: null } as const
  const options = { principal, signal: leaving.signal }
  const streams = Array.from({ length: followers }, async () => {
    for await (const batch of await feed.follow(position, options)) delivered += batch.length
  })
  const start = performance.now()
  while (performance.now() - start < seconds * 1000) {
    await stores.events.append(run.id, [{ type: 'progress', level: 'info', data: {} }], new Date())
    await sleep(100)
  }
  const perSecond = (1000 * transactions) / (performance.now() - start)
  leaving.abort()
  await Promise.all(streams)
  await notices.close()
  await own.close()
  return { transactions: perSecond, delivered }
}

try {
  process.stdout.write(
    `${cpus()[0]?.model}, ${availableParallelism()} cores; ${legs} legs, ${KEYS.length} metrics a step\n`
  )
  for (const steps of [1, 50]) {
    const [before, now] = [await ingest(oneByOne, steps), await ingest(together, steps)]
    const figures = `${before.toFixed(0)} points/s one by one, ${now.toFixed(0)} together: ${(now / before).toFixed(1)} times`
    const rolled = await rollingUp(() => ingest(together, steps))
    const beside = `${rolled.toFixed(0)} while they are rolled up: ${(rolled / now).toFixed(2)} times`
    process.stdout.write(`reports of ${String(steps).padStart(2)} step(s)  ${figures}; ${beside}\n`)
  }
  const times = await listRuns()
  const at = (q: number) => times[Math.floor(q * (times.length - 1))]!.toFixed(1)
  process.stdout.write(`a page of 100 of ${values.runs} runs: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`)
  for (const followers of [1, 1000]) {
    const { transactions, delivered } = await follow(followers)
    process.stdout.write(
      `${followers} follower(s) of one run: ${transactions.toFixed(1)} transactions/s, ${delivered} events delivered in ${seconds} s\n`
    )
  }
} finally {
  await database.close()
  await server?.stop()
}
