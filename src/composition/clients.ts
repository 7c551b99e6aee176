/** What every process opens: log, database, queue, objects, cache. The caller closes what it got. */
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import { createLocalCache } from '../cache/local-cache.ts'
import type { ObjectStore, SignedObjects } from '../domain/ports.ts'
import type { UnitOfWork } from '../domain/stores.ts'
import { type BossOptions, startBoss } from '../queue/boss.ts'
import { createJobQueue } from '../queue/job-queue.ts'
import { createFolderStore } from '../storage/objects/folder-store.ts'
import type { Patience } from '../storage/objects/patience.ts'
import { createS3Store } from '../storage/objects/s3-store.ts'
import { createDatabase } from '../storage/postgres/client.ts'
import { SteadyClient } from '../storage/postgres/steady-client.ts'
import { createReachOf, createStores, createUnitOfWork } from '../storage/postgres/unit-of-work.ts'
import { waitForDatabase } from '../storage/postgres/wait.ts'
import { traceObjects, traceTransactions } from '../tracing/traced-work.ts'
import type { Config } from './config.ts'

export const STATEMENT_TIMEOUT_MS = 30_000

/** Null `signed` where the object store signs its own URLs. */
export function createObjects(
  config: Config,
  { patience, tracing }: { readonly patience: Patience; readonly tracing: Tracing }
): { objects: ObjectStore; signed: SignedObjects | null } {
  const traced = (store: ObjectStore): ObjectStore => (tracing.isOn ? traceObjects(tracing, store) : store)
  if (config.s3) return { objects: traced(createS3Store({ ...config.s3, patience })), signed: null }
  const { signingKey, publicUrl: baseUrl, dataDir } = config
  const folder = createFolderStore({ root: join(dataDir, 'objects'), signingKey, baseUrl })
  return { objects: traced(folder), signed: folder }
}

/** Before anything else is asked of it. @throws AppError database_refuses */
export async function awaitDatabase({ databaseUrl }: Config, logger: Pick<Logger, 'warn'>): Promise<void> {
  if (databaseUrl) await waitForDatabase(databaseUrl, { tell: (line) => logger.warn(line) })
}

interface Connecting extends Pick<BossOptions, 'name' | 'supervise' | 'logger'> {
  readonly tracing: Tracing
}

export async function connect(config: Config, { tracing, ...queue }: Connecting) {
  if (!config.databaseUrl) throw new Error('DATABASE_URL is not set (npm start needs none: it brings its own database)')
  const url = config.databaseUrl
  const options = { url, max: config.databasePool, statementTimeoutMs: STATEMENT_TIMEOUT_MS, logger: queue.logger }
  const database = createDatabase(options)
  const boss = await startBoss({ url, max: 2, Client: SteadyClient, ...queue })
  const jobs = createJobQueue(boss, tracing)
  const reachOf = createReachOf(database, jobs)
  const traced = (work: UnitOfWork): UnitOfWork => (tracing.isOn ? traceTransactions(tracing, work) : work)
  return {
    url,
    database,
    boss,
    stores: createStores(database, jobs),
    unitOfWork: traced(createUnitOfWork(database, jobs)),
    reachOf: (projectId: string) => {
      const reach = reachOf(projectId)
      return { ...reach, unitOfWork: traced(reach.unitOfWork) }
    }
  }
}

/** Whose disks may run full. */
export const foldersOf = ({ dataDir, cacheDir, scratchDir }: Config) => ({
  data: dataDir,
  cache: cacheDir,
  scratch: scratchDir
})

export const createCache = (config: Config, objects: ObjectStore, logger: Logger) =>
  createLocalCache({ root: config.cacheDir, maxBytes: config.worker.cacheBytes, objects, clock: systemClock, logger })
