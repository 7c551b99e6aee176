/** The databases that the platform runs on: a PostgreSQL server and the embedded one. Both get the same tests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PgBoss } from 'pg-boss'
import { silentLogger } from '../../../src/base/log.ts'
import type { TransactionalQueue } from '../../../src/domain/ports.ts'
import type { Stores, UnitOfWork } from '../../../src/domain/stores.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createDatabase, type Database } from '../../../src/storage/postgres/client.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { startEmbeddedProcess } from '../../helpers/embedded-process.ts'
import { layEmbedded } from '../../helpers/embedded-template.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

interface TestScope {
  after(hook: () => Promise<void>): void
}

export interface Bench {
  readonly url: string
  readonly database: Database
  readonly boss: PgBoss
  readonly queue: TransactionalQueue
  readonly stores: Stores
  readonly unitOfWork: UnitOfWork
}

export interface Candidate {
  readonly name: string
  readonly skip: string | false
  readonly open: (scope: TestScope) => Promise<string>
}

export const CANDIDATES: readonly Candidate[] = [
  { name: 'PostgreSQL', skip: await whyNoPostgres(), open: createTestDatabase },
  { name: 'the embedded database', skip: false, open: openEmbedded }
]

/** @returns the URL of a migrated embedded database with a folder of its own */
export async function openEmbedded(scope: TestScope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-embedded-'))
  await layEmbedded(folder)
  const postgres = await startEmbeddedProcess(folder)
  await migrate(postgres.url)
  scope.after(async () => {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return postgres.url
}

/** Everything that storage and queue give, on one database; closed before the database is. */
export async function openBench(scope: TestScope, open: Candidate['open']): Promise<Bench> {
  const hooks: (() => Promise<void>)[] = []
  const url = await open({ after: (hook) => hooks.push(hook) })
  const database = createDatabase({ url, max: 5, statementTimeoutMs: 20_000 })
  const boss = await startBoss({ url, max: 2, name: 'test', supervise: false, logger: silentLogger })
  scope.after(async () => {
    await boss.stop({ graceful: false })
    await database.close()
    for (const hook of hooks) await hook()
  })
  const queue = createJobQueue(boss)
  return {
    url,
    database,
    boss,
    queue,
    stores: createStores(database, queue),
    unitOfWork: createUnitOfWork(database, queue)
  }
}
