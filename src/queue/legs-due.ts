/** Jobs of legs, seen by those who start workers for them and by workers that were started for one: neither takes jobs from the queue. */
import type { SqlExecutor } from '../domain/ports.ts'

interface DueLeg {
  readonly runId: string
  readonly key: string
}

/** In the order in which workers would take them. */
export async function readLegsDue(executor: SqlExecutor, limit: number): Promise<readonly DueLeg[]> {
  const { rows } = await executor.executeSql(
    `select data->>'runId' as "runId", singleton_key as key
     from pgboss.job
     where name = 'run-leg' and state in ('created', 'retry') and start_after <= pgboss.job_now()
     order by priority desc, created_on, id
     limit $1`,
    [limit]
  )
  return rows as DueLeg[] // the columns named here
}

/**
 * The leg with this key is being worked on by somebody who did not get it here: its job counts as begun, so that its project has had its turn
 * (turns.ts), and as done, so that nobody else looks at it.
 */
export async function settleLeg(executor: SqlExecutor, key: string): Promise<void> {
  await executor.executeSql(
    `update pgboss.job
     set state = 'completed', started_on = coalesce(started_on, pgboss.job_now()), completed_on = pgboss.job_now()
     where name = 'run-leg' and singleton_key = $1 and state in ('created', 'retry')`,
    [key]
  )
}
