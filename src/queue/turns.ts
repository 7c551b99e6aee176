/**
 * Projects take turns, whatever number of jobs one of them has. A job's turn is its priority, negated: pg-boss has priorities and
 * limits for groups, but no turns. It is start-time fair queueing (Goyal et al., 1996) with a cost of one a job, and all of its state
 * is in the jobs:
 *
 *   now       the highest turn that was begun
 *   a line    what a project has waiting, by rank: its first has the turn after the one that the project began last, but none before
 *             now, the second the turn after that, and so on
 *
 * So whoever comes is next but for those who came before and have had no more turns, and nobody saves turns up by not using them.
 * Jobs that have ended remember turns for an hour (boss.ts): who was served before that has nobody to wait for.
 */
import type { JobKind } from '../domain/job.ts'
import type { SqlExecutor } from '../domain/ports.ts'

export interface Ranked {
  readonly kind: JobKind
  readonly project: string
  /** Among those of its project. */
  readonly rank: number
}

interface Turn {
  /** Null where a job with the key waits already. */
  readonly turn: number | null
  /** Jobs of its project wait that it goes before. */
  readonly overtakes: boolean
}

/** At the end of its project's line. The policy is written out, as in pg-boss's index of waiting keys. */
export async function lastTurn(executor: SqlExecutor, job: Ranked & { readonly key: string }): Promise<Turn> {
  const { rows } = await executor.executeSql(
    `select
       case when not exists (
         select from pgboss.job
         where name = $1 and coalesce(singleton_key, '') = $3 and state = 'created' and policy = 'short'
       ) then greatest(
         0,
         max(-priority) filter (where started_on is not null),
         1 + max(-priority) filter (where group_id = $2)
       ) end as turn,
       coalesce(bool_or(state < 'active' and group_id = $2 and group_tier::int < $4), false) as overtakes
     from pgboss.job
     where name = $1 and group_id is not null and (state < 'active' or started_on is not null)`,
    [job.kind, job.project, job.key, job.rank]
  )
  return (rows as Turn[])[0]! // one row, since it aggregates, of the columns named here
}

/**
 * Gives what waits the turns that it has by the rule above: for those that came at the same moment and did not see each other, that go
 * before others of their project, or whose time was still to come when their turn was. Mostly nothing is written.
 */
export async function keepTurns(executor: SqlExecutor, kind: JobKind, project: string | null = null): Promise<void> {
  await executor.executeSql(
    `with begun as (
       select group_id, max(-priority) as turn from pgboss.job
       where name = $1 and group_id is not null and started_on is not null
       group by group_id
     ), lines as (
       select job.id,
         greatest(coalesce((select max(turn) from begun), 0), coalesce(begun.turn + 1, 0)) - 1
           + row_number() over (
             partition by group_id order by coalesce(group_tier::int, 0) desc, priority desc, created_on, job.id
           ) as turn
       from pgboss.job left join begun using (group_id)
       where name = $1 and group_id is not null and ($2::text is null or group_id = $2)
         and state < 'active' and start_after <= pgboss.job_now()
     )
     update pgboss.job set priority = -lines.turn from lines
     where job.name = $1 and job.id = lines.id and job.state < 'active' and job.priority <> -lines.turn`,
    [kind, project]
  )
}
