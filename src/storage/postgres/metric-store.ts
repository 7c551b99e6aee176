import { and, eq, inArray, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import { floorTo, SMALLEST_ROLLUP } from '../../domain/metric-buckets.ts'
import type { LatestPoint, MetricStore } from '../../domain/metric-stores.ts'
import type { MetricPoint } from '../../domain/run.ts'
import type { Db } from './client.ts'
import { readEnvelopes } from './metric-envelope.ts'
import { keysOf } from './metric-keys.ts'
import { createMetricUpkeep } from './metric-upkeep.ts'
import { runMetrics } from './schema/run-metrics.ts'

export const createMetricStore = (db: Db): MetricStore => ({
  ...createMetricUpkeep(db),

  async write(runId, points) {
    if (points.length === 0) return
    const { keys, steps, values } = toColumns(points)
    const oldest = floorTo(Math.min(...steps), SMALLEST_ROLLUP)
    const { rowCount } = await db.execute(sql`
      with held as (
        update runs set rolled_to = least(rolled_to, ${oldest}::int) where id = ${runId} returning id, project_id
      )
      insert into run_metrics (run_id, key, step, value, project_id)
      select held.id, point.key, point.step, point.value, held.project_id
      from held, unnest(${sql.param(keys)}::text[], ${sql.param(steps)}::int[], ${sql.param(values)}::float8[])
                 as point (key, step, value)
      on conflict (run_id, key, step) do update set value = excluded.value`)
    if (rowCount === 0) throw new AppError('run_not_found', { runId })
  },

  read: (runId, query) => readEnvelopes(db, runId, query),

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
    await db.execute(sql`
      with recursive ${keysOf(runId)}, lowered as (
        update runs set rolled_to = least(rolled_to, ${floorTo(step + 1, SMALLEST_ROLLUP)}::int),
                        full_from = least(full_from, ${step + 1}::int)
        where id = ${runId}
      ), unrolled as (
        delete from run_metric_rollups using keys
        where run_id = ${runId} and run_metric_rollups.key = keys.key and step + size > ${step + 1}::int
      )
      delete from run_metrics using keys
      where run_id = ${runId} and run_metrics.key = keys.key and step > ${step}::int`)
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
