import { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool, PoolClient } from 'pg'
import { createBoundedMap } from '../../base/bounded-map.ts'
import { repeating } from '../../base/repeating.ts'
import type { SqlExecutor, TransactionalQueue } from '../../domain/ports.ts'
import type { Reach, ReachOf, Stores, UnitOfWork } from '../../domain/stores.ts'
import { createAuditStore } from './audit-store.ts'
import { createBatchStore } from './batch-store.ts'
import { bound, type Queryable } from './bound-query.ts'
import { createCheckpointStore } from './checkpoint-store.ts'
import { type Database, type Db, inTransaction } from './client.ts'
import { createDatasetStore } from './dataset-store.ts'
import { createDriftStore } from './drift-store.ts'
import { heardDatabaseError, translating } from './errors.ts'
import { createEvaluationStore } from './evaluation-store.ts'
import { createEventStore } from './event-store.ts'
import { createFileStore } from './file-store.ts'
import { createIdempotencyStore } from './idempotency-store.ts'
import { createJobTriesStore } from './job-tries-store.ts'
import { createKeyStore } from './key-store.ts'
import { createMetricStore } from './metric-store.ts'
import { createModelAliasStore, createModelStore } from './model-store.ts'
import { createOwnerStore } from './owner-store.ts'
import { createProjectStore } from './project-store.ts'
import { createPrototypeStore } from './prototype-store.ts'
import { createRemovalStore } from './removal-store.ts'
import { createRunStore } from './run-store.ts'
import { createStepReportStore } from './step-report-store.ts'
import { createSweepStore } from './sweep-store.ts'
import { createUseStore } from './use-store.ts'
import { createVectorLists } from './vector-lists.ts'
import { createVectorSetStore } from './vector-set-store.ts'
import { createVectorStore } from './vector-store.ts'
import { createWebhookDeliveryStore } from './webhook-delivery-store.ts'
import { createTellWebhooks } from './webhook-messages.ts'
import { createWebhookStore } from './webhook-store.ts'
import { createWorkerStore } from './worker-store.ts'

/** Stands for the database's clock, in tests. */
type Now = () => Date

/** The stores without a transaction: each statement stands for itself. */
export const createStores = (
  { db, pool }: Pick<Database, 'db' | 'pool'>,
  queue: TransactionalQueue,
  now?: Now
): Stores =>
  storesOn({ db, everyProject: db, ofProject: (id) => boundDb(pool, id), executor: executorOf(pool) }, { queue, now })

/**
 * One transaction for everything `work` does with the stores it is given, jobs included: when it throws, nothing was
 * written, and when that was for others that changed the same, it is done again. `work` must not keep the stores for later, nor wait for
 * anything slow.
 */
export const createUnitOfWork = ({ pool }: Pick<Database, 'pool'>, queue: TransactionalQueue, now?: Now): UnitOfWork =>
  transactions(pool, (client) => {
    const db = drizzle(client)
    const ofProject = (id: string | null) => boundDb(client, id)
    return storesOn({ db, everyProject: db, ofProject, executor: executorOf(client) }, { queue, now })
  })

const MOST_REACHES = 1000

/** Stores and units of work to which other projects' rows are not there, whatever their statements ask for: bound-query.ts. */
export function createReachOf(
  { db, pool }: Pick<Database, 'db' | 'pool'>,
  queue: TransactionalQueue,
  now?: Now
): ReachOf {
  const joined = { queue, now }
  const reaches = createBoundedMap<string, Reach>(MOST_REACHES)
  const reachOf = (projectId: string): Reach => ({
    stores: storesOn(
      {
        db: boundDb(pool, projectId),
        everyProject: db,
        ofProject: (id) => boundDb(pool, id),
        executor: executorOf(pool)
      },
      joined
    ),
    unitOfWork: transactions(pool, (client) => {
      const ofProject = (id: string | null) => boundDb(client, id)
      const [own, everyProject] = [ofProject(projectId), ofProject(null)]
      return storesOn({ db: own, everyProject, ofProject, executor: executorOf(bound(client, null)) }, joined)
    })
  })
  return (projectId) => {
    const known = reaches.get(projectId)
    if (known !== undefined) return known
    const reach = reachOf(projectId)
    reaches.set(projectId, reach)
    return reach
  }
}

const transactions =
  (pool: Pool, on: (client: PoolClient) => Stores): UnitOfWork =>
  (work, how) => {
    const transact = async () => {
      try {
        return await inTransaction(pool, (client) => work(on(client)))
      } catch (error) {
        throw heardDatabaseError(error)
      }
    }
    return how?.once ? transact() : repeating(transact)
  }

/** All that drizzle asks of a client is `query`. */
const boundDb = (connection: Pool | PoolClient, projectId: string | null): Db =>
  drizzle(bound(connection, projectId) as unknown as PoolClient)

interface Connected {
  readonly db: Db
  /** Of the same transaction, where there is one, and bound to no project: for what a method says it does to any. */
  readonly everyProject: Db
  /** Bound to one; in a transaction only until null has unbound it again. */
  readonly ofProject: (projectId: string | null) => Db
  /** The queue's tables are of no project, and its own business. */
  readonly executor: SqlExecutor
}

interface Joined {
  readonly queue: TransactionalQueue
  readonly now: Now | undefined
}

const storesOn = ({ db, everyProject, ofProject, executor }: Connected, { queue, now: given }: Joined): Stores => {
  const now = async () => (given ? given() : timeOf(executor))
  const tellWebhooks = createTellWebhooks(db, now)
  return {
    keys: translating(createKeyStore(db, everyProject)),
    projects: translating(createProjectStore({ db, ofProject })),
    datasets: translating(createDatasetStore(db, tellWebhooks)),
    runs: translating(createRunStore(db, everyProject)),
    sweeps: translating(createSweepStore(db)),
    events: translating(createEventStore({ db, everyProject, tellWebhooks })),
    metrics: translating(createMetricStore(db)),
    stepReports: translating(createStepReportStore(db)),
    checkpoints: translating(createCheckpointStore(db)),
    models: translating(createModelStore(db, tellWebhooks)),
    modelAliases: translating(createModelAliasStore(db)),
    prototypes: translating(createPrototypeStore(db)),
    evaluations: translating(createEvaluationStore(db, tellWebhooks)),
    vectorSets: translating(createVectorSetStore(db, tellWebhooks)),
    vectors: translating({ ...createVectorStore(db), ...createVectorLists(db) }),
    drift: translating(createDriftStore(db, tellWebhooks)),
    files: translating(createFileStore(db)),
    batches: translating(createBatchStore(db, tellWebhooks)),
    removals: translating(createRemovalStore(db)),
    uses: translating(createUseStore(db)),
    owners: translating(createOwnerStore(db)),
    idempotency: translating(createIdempotencyStore(db, everyProject)),
    workers: translating(createWorkerStore(db)),
    jobTries: translating(createJobTriesStore(db)),
    webhooks: translating(createWebhookStore(db)),
    deliveries: translating(createWebhookDeliveryStore(db)),
    audit: translating(createAuditStore(db)),
    jobs: translating(queue.through(executor)),
    now
  }
}

async function timeOf(executor: SqlExecutor): Promise<Date> {
  // Not now(): that is when the transaction began, and it may have waited for a row since.
  const { rows } = await executor.executeSql('select clock_timestamp() as at').catch((error: unknown) => {
    throw heardDatabaseError(error)
  })
  return (rows as readonly { readonly at: Date }[])[0]!.at // one row, of the one column named here
}

const executorOf = (connection: Pick<Queryable, 'query'>): SqlExecutor => ({
  executeSql: async (text, values) => ({ rows: (await connection.query(text, values ? [...values] : [])).rows })
})
