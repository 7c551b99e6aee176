import type { QueueFigures } from '../domain/figures.ts'
import { JOB_KINDS, type JobKind } from '../domain/job.ts'
import type { SqlExecutor } from '../domain/ports.ts'

interface Row extends Omit<QueueFigures, 'kind'> {
  readonly name: JobKind
}

/** Ended jobs are many and stay for a while; the states that are counted are few. */
export async function readQueueFigures(executor: SqlExecutor): Promise<readonly QueueFigures[]> {
  const { rows } = await executor.executeSql(
    `select name,
            count(*) filter (where state <> 'active' and start_after <= now())::int as waiting,
            count(*) filter (where state <> 'active' and start_after > now())::int as delayed,
            count(*) filter (where state = 'active')::int as active,
            extract(epoch from now() - min(greatest(start_after, created_on))
              filter (where state <> 'active' and start_after <= now()))::float8 as "oldestS"
     from pgboss.job
     where state in ('created', 'retry', 'active') and name = any($1)
     group by name`,
    [JOB_KINDS]
  )
  const byKind = new Map((rows as Row[]).map((row) => [row.name, row])) // the columns named here
  return JOB_KINDS.map((kind) => {
    const { waiting = 0, delayed = 0, active = 0, oldestS = null } = byKind.get(kind) ?? {}
    return { kind, waiting, delayed, active, oldestS }
  })
}
