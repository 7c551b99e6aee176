/** What processes find in the database, brought by one that may change its schema: those on Lambda change nothing at their start. */
import { silentLogger } from '../base/log.ts'
import { startBoss } from '../queue/boss.ts'
import { migrate } from '../storage/postgres/migrate.ts'
import { SteadyClient } from '../storage/postgres/steady-client.ts'
import { waitForDatabase } from '../storage/postgres/wait.ts'
import { resolveReferences } from '../storage/secrets/references.ts'
import { ensureAdminKey } from './admin-key.ts'
import { readConfig } from './config.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Also the first key, where the environment has it.
 *
 * @param tell hears of a database that is waited for
 * @returns what was applied, oldest first
 */
export async function prepareDatabase(
  environment: Environment,
  tell: (line: string) => void = () => {}
): Promise<readonly string[]> {
  const env = await resolveReferences(environment)
  // All that is read of it later is looked at before anything is changed.
  const config = readConfig(env)
  const url = env['DATABASE_URL'] ?? ''
  await waitForDatabase(url, { tell })
  const applied = await migrate(url)
  const boss = await startBoss({
    url,
    max: 1,
    name: 'migrate',
    supervise: false,
    Client: SteadyClient,
    logger: silentLogger
  })
  await boss.stop({ graceful: false })
  if (!env['KAPPA_ADMIN_KEY']) return applied
  const { notice } = await ensureAdminKey(config)
  return notice === null ? applied : [...applied, notice]
}
