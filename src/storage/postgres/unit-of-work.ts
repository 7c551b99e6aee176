import { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
import type { SqlExecutor, TransactionalQueue } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { createCheckpointStore } from './checkpoint-store.ts'
import { type Database, type Db, inTransaction } from './client.ts'
import { createDatasetStore } from './dataset-store.ts'
import { translateDatabaseError, translating } from './errors.ts'
import { createEvaluationStore } from './evaluation-store.ts'
import { createEventStore } from './event-store.ts'
import { createIdempotencyStore } from './idempotency-store.ts'
import { createKeyStore } from './key-store.ts'
import { createMetricStore } from './metric-store.ts'
import { createModelStore } from './model-store.ts'
import { createOwnerStore } from './owner-store.ts'
import { createPrototypeStore } from './prototype-store.ts'
import { createRemovalStore } from './removal-store.ts'
import { createRunStore } from './run-store.ts'
import { createUseStore } from './use-store.ts'

/** The stores without a transaction: each statement stands for itself. */
export const createStores = ({ db, pool }: Pick<Database, 'db' | 'pool'>, queue: TransactionalQueue): Stores =>
  storesOn(db, executorOf(pool), queue)

/**
 * One transaction for everything `work` does with the stores it is given, jobs included: when it throws, nothing was
 * written. `work` must not keep the stores for later, nor wait for anything slow.
 */
export const createUnitOfWork =
  ({ pool }: Pick<Database, 'pool'>, queue: TransactionalQueue): UnitOfWork =>
  async (work) => {
    try {
      return await inTransaction(pool, (client) => work(storesOn(drizzle(client), executorOf(client), queue)))
    } catch (error) {
      throw translateDatabaseError(error)
    }
  }

const storesOn = (db: Db, executor: SqlExecutor, queue: TransactionalQueue): Stores => ({
  keys: translating(createKeyStore(db)),
  datasets: translating(createDatasetStore(db)),
  runs: translating(createRunStore(db)),
  events: translating(createEventStore(db)),
  metrics: translating(createMetricStore(db)),
  checkpoints: translating(createCheckpointStore(db)),
  models: translating(createModelStore(db)),
  prototypes: translating(createPrototypeStore(db)),
  evaluations: translating(createEvaluationStore(db)),
  removals: translating(createRemovalStore(db)),
  uses: translating(createUseStore(db)),
  owners: translating(createOwnerStore(db)),
  idempotency: translating(createIdempotencyStore(db)),
  jobs: translating(queue.through(executor))
})

const executorOf = (connection: Pick<Pool, 'query'>): SqlExecutor => ({
  executeSql: async (text, values) => ({ rows: (await connection.query(text, values ? [...values] : [])).rows })
})
