/** A whole installation: PostgreSQL and an S3 server behind faulty proxies, an API, two workers on small disks of their own. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../src/base/free-port.ts'
import { migrate } from '../../src/storage/postgres/migrate.ts'
import { connectS3, type S3Server } from '../helpers/object-store.ts'
import { createCaller } from '../helpers/platform.ts'
import { type PostgresServer, startPostgresServer } from '../helpers/postgres-server.ts'
import { createFaultyProxy, type FaultyProxy } from './faulty-proxy.ts'
import { type KeptAlive, keepAlive } from './kept-alive.ts'
import { createSmallDisk, type SmallDisk } from './small-disk.ts'

export interface World extends ReturnType<typeof createCaller> {
  readonly folder: string
  readonly url: string
  readonly adminKey: string
  /** Of the server itself, past the proxy. */
  readonly databaseUrl: string
  readonly postgres: PostgresServer
  /** The server itself, past the proxy. */
  readonly s3: Omit<S3Server, 'stop'>
  readonly proxies: { readonly database: FaultyProxy; readonly objects: FaultyProxy }
  readonly api: KeptAlive
  readonly workers: readonly KeptAlive[]
  /** Of each worker; null where nothing may be mounted. */
  readonly disks: readonly (SmallDisk | null)[]
  readonly leaseS: number
  /** Ends everything; what it leaves behind is an error of ours. */
  end(options: { readonly keepsLogs: boolean }): Promise<void>
}

const LEASE_S = 4
const WORKERS = 2
const ENTRIES = { api: entry('api.ts'), worker: entry('worker.ts') }
const SKEWED_CLOCK = join(import.meta.dirname, 'skewed-clock.mjs')

function entry(name: string): string {
  return resolve(import.meta.dirname, '../../src/bin', name)
}

export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-chaos-'))
  const hooks: (() => Promise<void>)[] = []
  const postgres = await startPostgresServer()
  await migrate(postgres.url)
  const s3 = await connectS3({ after: (hook) => void hooks.push(hook) })
  const database = await createFaultyProxy(Number(new URL(postgres.url).port))
  const objects = await createFaultyProxy(Number(new URL(s3.endpoint).port))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const adminKey = `kappa_chaos_${randomBytes(24).toString('hex')}`
  const shared = {
    DATABASE_URL: postgres.url.replace(/:\d+\//, `:${database.port}/`),
    S3_BUCKET: s3.bucket,
    S3_ENDPOINT: `http://127.0.0.1:${objects.port}`,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    KAPPA_ADMIN_KEY: adminKey,
    KAPPA_LEASE_S: String(LEASE_S),
    KAPPA_LOADERS: '1',
    KAPPA_TRAINER_THREADS: '1',
    KAPPA_ENGINE: 'onnx',
    LOG_LEVEL: 'info'
  }
  const apiEnvironment = {
    ...shared,
    PORT: String(port),
    KAPPA_DATA: join(folder, 'api'),
    KAPPA_SCRATCH: join(folder, 'api')
  }
  const api = keepAlive({ name: 'api', entry: ENTRIES.api, environment: apiEnvironment, logFolder: folder })
  const disks = Array.from({ length: WORKERS }, (_, i) => createSmallDisk(join(folder, `disk-${i}`)))
  const workers = disks.map((_, i) => startWorker({ shared, folder, index: i }))
  return {
    ...createCaller({ url, adminKey }),
    folder,
    url,
    adminKey,
    databaseUrl: postgres.url,
    postgres,
    s3,
    proxies: { database, objects },
    api,
    workers,
    disks,
    leaseS: LEASE_S,
    async end({ keepsLogs }) {
      await Promise.all([api, ...workers].map((one) => one.letGo(60_000)))
      for (const proxy of [database, objects]) await proxy.close()
      for (const hook of hooks) await hook()
      await postgres.stop()
      for (const disk of disks) disk?.remove()
      if (!keepsLogs) rmSync(folder, { recursive: true, force: true })
    }
  }
}

interface WorkerPlace {
  readonly shared: Readonly<Record<string, string>>
  readonly folder: string
  readonly index: number
}

function startWorker({ shared, folder, index }: WorkerPlace): KeptAlive {
  const disk = join(folder, `disk-${index}`)
  mkdirSync(disk, { recursive: true })
  const environment = {
    ...shared,
    KAPPA_DATA: join(disk, 'data'),
    KAPPA_CACHE: join(disk, 'cache'),
    KAPPA_SCRATCH: join(disk, 'scratch'),
    KAPPA_WORKER_NODE: `node-${index}`
  }
  return keepAlive({
    name: `worker-${index}`,
    entry: ENTRIES.worker,
    execArgv: ['--import', SKEWED_CLOCK],
    environment,
    logFolder: folder
  })
}
