/** What is done to curves beside writing and reading them: rolled up, thinned and removed, a bounded piece at a time. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { floorTo, ROLLUP_SIZES, SMALLEST_ROLLUP, type StepRange, THINNED_SIZE } from '../../domain/metric-buckets.ts'
import type { MetricUpkeepStore } from '../../domain/metric-stores.ts'
import type { Db } from './client.ts'
import { keysOf } from './metric-keys.ts'
import { isUnfinished } from './run-store.ts'
import { runMetricRollups } from './schema/run-metric-rollups.ts'
import { runMetrics } from './schema/run-metrics.ts'
import { runs } from './schema/runs.ts'

/** Of a run at once: what its leg says waits meanwhile, 20 metrics less than a tenth of a second. */
const STEPS_AT_ONCE = 1024
/** Points of a curve at once, and about as many milliseconds of a lock that nobody waits for. */
const REMOVED_AT_ONCE = 10_000
/** What is beyond waits for the next look. */
const RUNS_AT_ONCE = 500

const stepOf = sql`(${runs.progress} ->> 'step')::int`

export const createMetricUpkeep = (db: Db): MetricUpkeepStore => ({
  async fullFrom(runId) {
    const { rows } = await db.execute<{ full_from: number }>(sql`select full_from from runs where id = ${runId}`)
    return rows[0]?.full_from ?? 0
  },

  async listUnrolled({ leastSteps, isEnded }) {
    const rows = await db
      .select({ id: runs.id })
      .from(runs)
      .where(
        sql`${isEnded ? sql`not (${isUnfinished})` : isUnfinished} and ${stepOf} - ${runs.rolledTo} >= ${leastSteps}::int`
      )
      .limit(RUNS_AT_ONCE)
    return rows.map(({ id }) => id)
  },

  async rollUp(runId) {
    const { rows } = await db.execute<{ rolled_to: number; step: number; project_id: string }>(sql`
      select rolled_to, ${stepOf} as step, project_id from runs where id = ${runId} for no key update`)
    const [run] = rows
    if (run === undefined) return false
    const end = floorTo(run.step, SMALLEST_ROLLUP)
    const range = { from: run.rolled_to, to: Math.min(end, run.rolled_to + STEPS_AT_ONCE) }
    if (range.from >= range.to) return false
    for (const size of ROLLUP_SIZES) await writeRollups(db, { runId, projectId: run.project_id, size, range })
    await db.execute(sql`update runs set rolled_to = ${range.to}::int where id = ${runId}`)
    return range.to < end
  },

  async listUnthinned(endedBefore) {
    const rows = await db
      .select({ id: runs.id })
      .from(runs)
      .where(sql`${runs.finishedAt} < ${endedBefore.toISOString()}::timestamptz and ${runs.fullFrom} <= ${stepOf}`)
      .limit(RUNS_AT_ONCE)
    return rows.map(({ id }) => id)
  },

  async thin(runId, endedBefore) {
    const { rows } = await db.execute<{ full_from: number; rolled_to: number; step: number; project_id: string }>(sql`
      select full_from, rolled_to, ${stepOf} as step, project_id from runs
      where id = ${runId} and finished_at < ${endedBefore.toISOString()}::timestamptz for no key update`)
    const [run] = rows
    if (run === undefined || run.full_from > run.step) return false
    const from = floorTo(run.full_from, THINNED_SIZE)
    const to = Math.min(from + STEPS_AT_ONCE, floorTo(run.step, THINNED_SIZE) + THINNED_SIZE)
    await removeBetweenExtremes(db, runId, { from, to })
    const rolled = { from, to: Math.min(to, run.rolled_to) }
    for (const size of ROLLUP_SIZES.filter((one) => one < THINNED_SIZE)) {
      await removeRollups(db, runId, { size, range: { from, to } })
      await writeRollups(db, { runId, projectId: run.project_id, size, range: rolled })
    }
    await db.execute(sql`update runs set full_from = ${to}::int where id = ${runId}`)
    return to <= run.step
  },

  async removeSome(runId, after) {
    const { rows } = await db.execute<{ key: string; step: number }>(sql`
      select key, step from run_metrics
      where run_id = ${runId} and (key, step) >= (${after?.key ?? ''}, ${after?.step ?? 0}::int)
      order by key, step limit 1`)
    const [next] = rows
    if (next === undefined) {
      await db.delete(runMetricRollups).where(eq(runMetricRollups.runId, runId))
      return null
    }
    const { key, step } = next
    // First: what is left of a removal that was cut short is found by its points.
    if (key !== after?.key)
      await db.execute(sql`delete from run_metric_rollups where run_id = ${runId} and key = ${key}`)
    const isNear = sql`${runMetrics.step} >= ${step}::int and ${runMetrics.step} - ${step}::int < ${REMOVED_AT_ONCE}::int`
    await db.delete(runMetrics).where(and(eq(runMetrics.runId, runId), eq(runMetrics.key, key), isNear))
    return { key, step: step + REMOVED_AT_ONCE }
  }
})

interface Rolled {
  readonly runId: string
  readonly projectId: string
  readonly size: (typeof ROLLUP_SIZES)[number]
  readonly range: StepRange
}

/** Those that end in the range: of points, or of roll-ups of the size before. */
async function writeRollups(db: Db, { runId, projectId, size, range }: Rolled): Promise<void> {
  const [from, to] = [floorTo(range.from, size), floorTo(range.to, size)]
  if (from >= to) return
  const finer = ROLLUP_SIZES[ROLLUP_SIZES.indexOf(size) - 1]
  const inRange = sql`p.run_id = ${runId} and p.key = keys.key and p.step >= ${from}::int and p.step < ${to}::int`
  const extremes =
    finer === undefined
      ? sql`select keys.key, p.step / ${size}::int as bucket, ${extremesOf(sql`p.value`, sql`p.step`)}
            from keys, run_metrics p where ${inRange} group by 1, 2`
      : sql`select keys.key, p.step / ${size}::int as bucket,
                   min(array[p.low, p.low_step]) as lowest, max(array[p.high, -p.high_step]) as highest
            from keys, run_metric_rollups p where ${inRange} and p.size = ${finer}::int group by 1, 2`
  await db.execute(sql`
    with recursive ${keysOf(runId)}
    insert into run_metric_rollups (run_id, key, size, step, low, low_step, high, high_step, project_id)
    select ${runId}, key, ${size}::int, bucket * ${size}::int, lowest[1], lowest[2]::int, highest[1], -highest[2]::int, ${projectId}
    from (${extremes}) as extremes
    on conflict (run_id, key, size, step) do update
    set low = excluded.low, low_step = excluded.low_step, high = excluded.high, high_step = excluded.high_step`)
}

/** Of buckets that may have no point any more. */
const removeRollups = (db: Db, runId: string, { size, range }: Pick<Rolled, 'size' | 'range'>) =>
  db.execute(sql`
    with recursive ${keysOf(runId)}
    delete from run_metric_rollups p using keys
    where p.run_id = ${runId} and p.key = keys.key and p.size = ${size}::int
      and p.step >= ${range.from}::int and p.step < ${range.to}::int`)

const extremesOf = (value: SQL, step: SQL): SQL =>
  sql`min(array[${value}, ${step}]) as lowest, max(array[${value}, -${step}]) as highest`

/** The last point of a curve stays as well: it is what a run has come to. */
async function removeBetweenExtremes(db: Db, runId: string, { from, to }: StepRange): Promise<void> {
  await db.execute(sql`
    with recursive ${keysOf(runId)}, extremes as (
      select keys.key, ${extremesOf(sql`p.value`, sql`p.step`)}
      from keys, run_metrics p
      where p.run_id = ${runId} and p.key = keys.key and p.step >= ${from}::int and p.step < ${to}::int
      group by keys.key, p.step / ${THINNED_SIZE}::int
    ), kept as (
      select key, lowest[2]::int as step from extremes
      union all
      select key, -highest[2]::int from extremes
      union all
      select keys.key, last.step from keys, lateral (
        select p.step from run_metrics p where p.run_id = ${runId} and p.key = keys.key order by p.step desc limit 1) as last
    )
    delete from run_metrics p using keys
    where p.run_id = ${runId} and p.key = keys.key and p.step >= ${from}::int and p.step < ${to}::int
      and not exists (select from kept where kept.key = p.key and kept.step = p.step)`)
}
