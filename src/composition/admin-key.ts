import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import { FIRST_PROJECT } from '../domain/project.ts'
import { createFirstKey, type FirstKey } from '../services/access/first-key.ts'
import { createDatabase } from '../storage/postgres/client.ts'
import { createUnitOfWork } from '../storage/postgres/unit-of-work.ts'
import { STATEMENT_TIMEOUT_MS } from './clients.ts'
import type { Config } from './config.ts'

export async function ensureAdminKey(config: Config): Promise<FirstKey> {
  if (!config.databaseUrl) throw new Error('DATABASE_URL is not set')
  const database = createDatabase({ url: config.databaseUrl, max: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const noQueue = () => Promise.reject(new Error('no queue here'))
  const noJobs = { through: () => ({ enqueue: noQueue, dequeue: noQueue, withJob: noQueue }) }
  try {
    const unitOfWork = createUnitOfWork(database, noJobs)
    return await createFirstKey({ unitOfWork, clock: systemClock, newId })(FIRST_PROJECT, config.adminKey)
  } finally {
    await database.close()
  }
}
