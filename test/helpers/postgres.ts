/**
 * Databases for tests. The runner starts one server and puts its address into KAPPA_TEST_DATABASE_URL; a file that is run
 * by itself starts its own. Each test file works on a clone of a migrated template, so files run side by side.
 */
import { createHash, randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { silentLogger } from '../../src/base/log.ts'
import { startPostgresServer } from './postgres-server.ts'

/** Named after what is in it, for servers that outlive a run. */
const TEMPLATE = `kappa_template_${hashMigrations()}`
/** Any number; one process makes the template, the others wait. */
const TEMPLATE_LOCK = 771_204

/** For the runner: one server for all test processes. */
export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  return startPostgresServer()
}

interface TestScope {
  after(hook: () => Promise<void>): void
}

let server: Promise<{ url: string } | { reason: string }> | null = null

/** The reason why there is no server, for `{ skip }`; false when there is one. */
export async function whyNoPostgres(): Promise<string | false> {
  server ??= findServer()
  const found = await server
  return 'reason' in found ? found.reason : false
}

/**
 * @param scope what the database lives as long as: a test's context, or `{ after }` of node:test for a whole file
 * @returns the URL of a database of its own, migrated, with the queue's schema
 */
export async function createTestDatabase(scope: TestScope): Promise<string> {
  server ??= findServer()
  const found = await server
  if ('reason' in found) throw new Error(found.reason)
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(found.url, async (admin) => {
    await ensureTemplate(admin, found.url)
    await admin.query(`create database ${name} template ${TEMPLATE}`)
  })
  scope.after(() => asAdmin(found.url, (admin) => dropDatabase(admin, name)))
  return withDatabase(found.url, name)
}

/** A closed pool's last connections are still on their way out; a forced drop would end them with an error. */
async function dropDatabase(admin: Client, name: string): Promise<void> {
  const someoneIsThere = 'select pg_sleep(0.005) from pg_stat_activity where datname = $1 limit 1'
  for (let i = 0; i < 200; i++) if ((await admin.query(someoneIsThere, [name])).rowCount === 0) break
  await admin.query(`drop database ${name} with (force)`)
}

async function findServer(): Promise<{ url: string } | { reason: string }> {
  const given = process.env.KAPPA_TEST_DATABASE_URL
  if (given) return { url: given }
  try {
    const started = await startPostgresServer()
    // Not in an `after` hook: those run in the order of registration, and the databases of the file come later.
    process.once('beforeExit', () => void started.stop())
    return started
  } catch (error) {
    const reason = `SKIPPED, no PostgreSQL server: ${error instanceof Error ? error.message : error}`
    process.stderr.write(`\n*** ${reason}\n\n`)
    return { reason }
  }
}

/** The template's presence means that it is complete: it gets its name last. */
async function ensureTemplate(admin: Client, url: string): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [TEMPLATE])
  if (rowCount === 0) {
    // Only who makes it needs the queue: a tenth of a second for every other file of tests.
    const { startBoss } = await import('../../src/queue/boss.ts')
    const { migrate } = await import('../../src/storage/postgres/migrate.ts')
    const draft = `${TEMPLATE}_draft`
    await admin.query(`drop database if exists ${draft} with (force)`)
    await admin.query(`create database ${draft}`)
    const draftUrl = withDatabase(url, draft)
    await migrate(draftUrl)
    const boss = await startBoss({ url: draftUrl, max: 2, name: 'template', supervise: false, logger: silentLogger })
    await boss.stop({ graceful: false })
    await admin.query(`alter database ${draft} rename to ${TEMPLATE}`)
  }
  await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK])
}

async function asAdmin<T>(url: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

function hashMigrations(): string {
  const hash = createHash('sha256')
  for (const file of globSync(join(import.meta.dirname, '../../migrations/*.sql')).sort()) {
    hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 12)
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
