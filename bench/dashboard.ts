/**
 * What somebody waits for who looks: the first paint on a slow laptop, the list of 10,000 runs, the charts of a run with a million points.
 *
 *   npm run bench -- dashboard [--visits 5] [--runs 10000] [--steps 50000]
 *
 * A platform of its own on a PostgreSQL of its own, and Chromium without a screen on the same machine (Debian's, or KAPPA_CHROMIUM). Times
 * are from the click on a link, medians of so many visits.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { METRIC_KEYS } from '../src/dashboard/features/runs/metric-keys.ts'
import { type PlatformProcess, startPlatformProcess } from '../src/demo/platform.ts'
import { FIRST_PROJECT } from '../src/domain/project.ts'
import { createDatabase } from '../src/storage/postgres/client.ts'
import { migrate } from '../src/storage/postgres/migrate.ts'
import { createStores, createUnitOfWork } from '../src/storage/postgres/unit-of-work.ts'
import { startPostgresServer } from '../test/helpers/postgres-server.ts'
import { aDataset, aRun, aVersion } from '../test/integration/storage/records.ts'
import { median } from './step/compare.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    visits: { ...text, default: '5' },
    runs: { ...text, default: '10000' },
    steps: { ...text, default: '50000' }
  }
})
const [visits, runs, steps] = [values.visits, values.runs, values.steps].map(Number) as [number, number, number]
const KEYS = METRIC_KEYS.slice(0, 20)
const CHROMIUM = process.env['KAPPA_CHROMIUM'] ?? '/usr/bin/chromium'
/** A quarter of a processor, 10 Mbit/s, 40 ms. */
const SLOW = { cpu: 4, network: { offline: false, latency: 40, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 } }
const LONG_RUN = 'of a million points'

/** Runs that have ended: workers leave them alone. */
async function fill(url: string): Promise<void> {
  const database = createDatabase({ url, max: 2, statementTimeoutMs: 600_000 })
  const queue = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }
  const stores = createStores(database, queue)
  const unitOfWork = createUnitOfWork(database, queue)
  const { id: projectId } = await stores.keys.ensureProject(FIRST_PROJECT)
  const dataset = aDataset(projectId)
  await stores.datasets.insert(dataset)
  await stores.datasets.insertVersion(aVersion(dataset), (version) => `datasets/${dataset.id}/v${version}`)
  const ended = { status: 'succeeded', statusReason: null, finishedAt: new Date(), startedAt: new Date() } as const
  const long = aRun(dataset, { ...ended, name: LONG_RUN, createdAt: new Date() })
  await stores.runs.insert({ ...long, progress: { ...long.progress, step: steps, totalSteps: steps } })
  await database.pool.query(
    `insert into runs select (jsonb_populate_record(runs, jsonb_build_object('id', 'run_' || lpad(i::text, 26, '0'), 'name', 'trial ' || i,
       'created_at', created_at - i * interval '1 minute'))).*
     from runs, generate_series(1, $2::int) i where id = $1`,
    [long.id, runs - 1]
  )
  await database.pool.query(
    `insert into run_metrics (run_id, key, step, value, project_id)
     select $1, key, step, random(), $2 from generate_series(1, $3::int) step, unnest($4::text[]) key`,
    [long.id, projectId, steps, KEYS]
  )
  // As workers do it while a run goes on.
  while (await unitOfWork((tx) => tx.metrics.rollUp(long.id)));
  await database.pool.query('analyze')
  await database.close()
}

interface Pace {
  readonly cpu: number
  readonly network: typeof SLOW.network | null
}

async function visit(browser: Browser, { url, adminKey }: PlatformProcess, { cpu, network }: Pace) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  if (network !== null) await session.send('Network.emulateNetworkConditions', network)
  await session.send('Emulation.setCPUThrottlingRate', { rate: cpu })
  const from = performance.now()
  await page.goto(`${url}/#key=${adminKey}`, { waitUntil: 'commit' })
  await firstRow(page)
  const rows = performance.now() - from
  const painted = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`
  )
  return { page, painted, rows, close: () => context.close() }
}

const firstRow = (page: Page) => page.getByRole('link', { name: LONG_RUN }).waitFor()

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** A click, until what it leads to is drawn. */
async function looked(page: Page): Promise<Record<string, number>> {
  const navigation = page.getByRole('navigation').first()
  await navigation.getByRole('link', { name: 'Datasets', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Datasets' }).waitFor()
  // What was fetched before is shown while it is fetched again: a page that is loaded anew has nothing.
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Datasets' }).waitFor()
  const list = await timed(async () => {
    await navigation.getByRole('link', { name: 'Runs', exact: true }).click()
    await firstRow(page)
  })
  const charts = await timed(async () => {
    await page.getByRole('link', { name: LONG_RUN }).click()
    await page.locator('.chart .plot svg path').last().waitFor()
  })
  return { list, charts }
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
const server = await startPostgresServer({ isDurable: true })
try {
  await migrate(server.url)
  await fill(server.url)
  const platform = await startPlatformProcess(folder, {
    DATABASE_URL: server.url,
    KAPPA_RATE_LIMIT_PER_MINUTE: '100000'
  })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}; ${browser.version()}`
  )
  for (const [name, pace] of Object.entries({ throttled: SLOW, 'not throttled': { cpu: 1, network: null } })) {
    const seen: Record<string, number>[] = []
    for (let i = 0; i < visits; i++) {
      const { page, painted, rows, close } = await visit(browser, platform, pace)
      seen.push({ 'first paint': painted, 'first row from nothing': rows, ...(await looked(page)) })
      await close()
    }
    for (const what of Object.keys(seen[0]!)) {
      const all = seen.map((one) => one[what]!)
      const [least, most] = [Math.min(...all), Math.max(...all)].map((ms) => ms.toFixed(0))
      console.log(`${name}, ${what}: ${median(all).toFixed(0)} ms (${least} to ${most})`)
    }
  }
  await browser.close()
  await platform.stop()
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
