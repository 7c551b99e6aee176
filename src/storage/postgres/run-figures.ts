import type { Pool } from 'pg'
import type { Figures } from '../../domain/figures.ts'
import { RUN_STATUSES, type RunStatus } from '../../domain/run.ts'
import { heardDatabaseError } from './errors.ts'

/** Times by the database's clock, though workers wrote some of them: seconds are what is looked for, not milliseconds. */
const OLDEST_CHECKPOINT = `
  select max(extract(epoch from now() - coalesce(checkpoints.created_at, runs.resumed_at, runs.started_at)))::float8 as age
  from runs left join checkpoints on checkpoints.id = runs.latest_checkpoint_id
  where runs.status = 'running'`

export async function readRunFigures(pool: Pick<Pool, 'query'>): Promise<Pick<Figures, 'runs' | 'oldestCheckpointS'>> {
  try {
    const counts = await pool.query<{ status: RunStatus; runs: number }>(
      'select status, count(*)::int as runs from runs group by status'
    )
    const oldest = await pool.query<{ age: number | null }>(OLDEST_CHECKPOINT)
    const byStatus = new Map(counts.rows.map(({ status, runs }) => [status, runs]))
    const runs = Object.fromEntries(RUN_STATUSES.map((status) => [status, byStatus.get(status) ?? 0]))
    return { runs: runs as Figures['runs'], oldestCheckpointS: oldest.rows[0]?.age ?? null } // of every status
  } catch (error) {
    throw heardDatabaseError(error)
  }
}
