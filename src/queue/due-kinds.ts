import type { JobKind } from '../domain/job.ts'
import type { SqlExecutor } from '../domain/ports.ts'

/** Those of the kinds of which a job could be begun now; a read of one index entry each. */
export async function readDueKinds(executor: SqlExecutor, kinds: readonly JobKind[]): Promise<readonly JobKind[]> {
  const { rows } = await executor.executeSql(
    `select kind from unnest($1::text[]) as kind
     where exists (
       select from pgboss.job
       where name = kind and state in ('created', 'retry') and not blocked and start_after <= pgboss.job_now()
     )`,
    [[...kinds]]
  )
  return (rows as { kind: JobKind }[]).map((row) => row.kind) // of the one column named here, and of those given
}
