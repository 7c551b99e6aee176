import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import { createKeyService } from '../services/access/keys.ts'
import { createDatabase } from '../storage/postgres/client.ts'
import { createStores } from '../storage/postgres/unit-of-work.ts'
import { STATEMENT_TIMEOUT_MS } from './clients.ts'
import type { Config } from './config.ts'

/** The first key of an installation; `token` only when it was made here. */
export async function ensureAdminKey(config: Config): Promise<{ token: string | null }> {
  if (!config.databaseUrl) throw new Error('DATABASE_URL is not set')
  const database = createDatabase({ url: config.databaseUrl, max: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const noQueue = () => Promise.reject(new Error('no queue here'))
  const noJobs = { through: () => ({ enqueue: noQueue, withJob: noQueue }) }
  try {
    const keys = createKeyService({ stores: createStores(database, noJobs), clock: systemClock, newId })
    return await keys.ensureAdminKey('default', config.adminKey)
  } finally {
    await database.close()
  }
}
