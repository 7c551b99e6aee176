import { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
import type { SqlExecutor, TransactionalQueue } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { createAuditStore } from './audit-store.ts'
import { createCheckpointStore } from './checkpoint-store.ts'
import { type Database, type Db, inTransaction } from './client.ts'
import { createDatasetStore } from './dataset-store.ts'
import { heardDatabaseError, translating } from './errors.ts'
import { createEvaluationStore } from './evaluation-store.ts'
import { createEventStore } from './event-store.ts'
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
): Stores => storesOn(db, executorOf(pool), { queue, now })

/**
 * One transaction for everything `work` does with the stores it is given, jobs included: when it throws, nothing was
 * written. `work` must not keep the stores for later, nor wait for anything slow.
 */
export const createUnitOfWork =
  ({ pool }: Pick<Database, 'pool'>, queue: TransactionalQueue, now?: Now): UnitOfWork =>
  async (work) => {
    try {
      return await inTransaction(pool, (client) => work(storesOn(drizzle(client), executorOf(client), { queue, now })))
    } catch (error) {
      throw heardDatabaseError(error)
    }
  }

interface Joined {
  readonly queue: TransactionalQueue
  readonly now: Now | undefined
}

const storesOn = (db: Db, executor: SqlExecutor, { queue, now: given }: Joined): Stores => {
  const now = async () => (given ? given() : timeOf(executor))
  const tellWebhooks = createTellWebhooks(db, now)
  return {
    keys: translating(createKeyStore(db)),
    projects: translating(createProjectStore(db)),
    datasets: translating(createDatasetStore(db, tellWebhooks)),
    runs: translating(createRunStore(db)),
    sweeps: translating(createSweepStore(db)),
    events: translating(createEventStore(db, tellWebhooks)),
    metrics: translating(createMetricStore(db)),
    stepReports: translating(createStepReportStore(db)),
    checkpoints: translating(createCheckpointStore(db)),
    models: translating(createModelStore(db, tellWebhooks)),
    modelAliases: translating(createModelAliasStore(db)),
    prototypes: translating(createPrototypeStore(db)),
    evaluations: translating(createEvaluationStore(db, tellWebhooks)),
    removals: translating(createRemovalStore(db)),
    uses: translating(createUseStore(db)),
    owners: translating(createOwnerStore(db)),
    idempotency: translating(createIdempotencyStore(db)),
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

const executorOf = (connection: Pick<Pool, 'query'>): SqlExecutor => ({
  executeSql: async (text, values) => ({ rows: (await connection.query(text, values ? [...values] : [])).rows })
})
