import { and, eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { LatestPoint, MetricQuery, MetricStore } from '../../domain/metric-stores.ts'
import type { MetricPoint, MetricSeries } from '../../domain/run.ts'
import type { Db } from './client.ts'
import { runMetrics } from './schema/run-metrics.ts'

/** Two points are the least that show an envelope. */
const LEAST_POINTS = 2

export const createMetricStore = (db: Db): MetricStore => ({
  async write(runId, points) {
    if (points.length === 0) return
    const { keys, steps, values } = toColumns(points)
    const { rowCount } = await db.execute(sql`
      insert into run_metrics (run_id, key, step, value, project_id)
      select runs.id, point.key, point.step, point.value, runs.project_id
      from (select id, project_id from runs where id = ${runId} for key share) as runs,
           unnest(${sql.param(keys)}::text[], ${sql.param(steps)}::int[], ${sql.param(values)}::float8[])
                 as point (key, step, value)
      on conflict (run_id, key, step) do update set value = excluded.value`)
    if (rowCount === 0) throw new AppError('run_not_found', { runId })
  },

  async read(runId, query) {
    const { rows } = await db.execute<{ key: string; steps: number[]; values: number[] }>(envelope(runId, query))
    return rows.map(({ key, steps, values }): MetricSeries => ({ key, steps, values }))
  },

  async latest(runIds, keys) {
    // One step down the index for each run and key, however long the curves are.
    const { rows } = await db.execute<{ run_id: string; key: string; step: number; value: number }>(sql`
      select run_id, key, last.step, last.value
      from unnest(${sql.param(runIds)}::text[]) as run_id
      cross join unnest(${sql.param(keys)}::text[]) as key
      cross join lateral (
        select step, value from run_metrics
        where run_metrics.run_id = run_id.run_id and run_metrics.key = key.key
        order by step desc limit 1) as last`)
    return rows.map(({ run_id: runId, ...point }): LatestPoint => ({ runId, ...point }))
  },

  async at(runId, key, steps) {
    if (steps.length === 0) return new Map()
    const { step, value } = runMetrics
    const rows = await db
      .select({ step, value })
      .from(runMetrics)
      .where(and(eq(runMetrics.runId, runId), eq(runMetrics.key, key), inArray(step, [...steps])))
    return new Map(rows.map((point) => [point.step, point.value]))
  },

  async removeAfter(runId, step) {
    await db.delete(runMetrics).where(and(eq(runMetrics.runId, runId), gt(runMetrics.step, step)))
  }
})

/** One statement cannot upsert a row twice: of equal (key, step) the last point wins. Sorted, so writers lock in order. */
function toColumns(points: readonly MetricPoint[]): { keys: string[]; steps: number[]; values: number[] } {
  const last = new Map(points.map((point) => [`${point.key}\n${point.step}`, point]))
  const unique = [...last.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.step - b.step))
  return {
    keys: unique.map((point) => point.key),
    steps: unique.map((point) => point.step),
    values: unique.map((point) => point.value)
  }
}

/** `_` is a letter here, not the wildcard of LIKE. */
function hasKey(keys: readonly string[]): SQL {
  const names = keys.filter((key) => !key.endsWith('*'))
  const beginnings = keys.filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1))
  return sql`and (key = any(${sql.param(names)}::text[])
    or exists (select from unnest(${sql.param(beginnings)}::text[]) as beginning where starts_with(key, beginning)))`
}

/**
 * Per key: all points if there are at most `maxPoints`, else the lowest and the highest of each of maxPoints / 2 buckets
 * with equally many points, so no spike is lost. `min(array[value, step])` is the lowest value with its step in one pass;
 * NaN counts as highest, so it stays visible too.
 */
function envelope(runId: string, { keys, fromStep, toStep, maxPoints }: MetricQuery): SQL {
  const most = Math.max(LEAST_POINTS, Math.floor(maxPoints))
  return sql`
    with points as (
      select key, step, value,
             row_number() over (partition by key order by step) - 1 as position,
             count(*) over (partition by key) as total
      from run_metrics
      where run_id = ${runId}
        ${keys === null ? sql`` : hasKey(keys)}
        ${fromStep === null ? sql`` : sql`and step >= ${fromStep}::int`}
        ${toStep === null ? sql`` : sql`and step <= ${toStep}::int`}
    ), buckets as (
      select key, min(array[value, step]) as lowest, max(array[value, -step]) as highest
      from points
      group by key, case when total <= ${most}::int then position else position * ${Math.floor(most / 2)}::int / total end
    ), extremes as (
      select key, lowest[2]::int as step, lowest[1] as value from buckets
      union
      select key, -highest[2]::int, highest[1] from buckets
    )
    select key, array_agg(step order by step) as steps, array_agg(value order by step) as values
    from extremes group by key order by key`
}
