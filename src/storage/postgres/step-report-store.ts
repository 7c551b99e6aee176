import { sql } from 'drizzle-orm'
import { floorTo, SMALLEST_ROLLUP } from '../../domain/metric-buckets.ts'
import type { FencedReport, StepReportStore } from '../../domain/metric-stores.ts'
import type { RunIntent } from '../../domain/run.ts'
import type { Db } from './client.ts'

/**
 * One statement, and so one way to the server and back and one commit, for what many legs say: fence, position, lease and
 * points. Of a run whose lease is no longer the report's nothing is written, for `held` has no row of it.
 */
export const createStepReportStore = (db: Db): StepReportStore => ({
  async write(reports, leaseExpiresAt) {
    const points = toColumns(reports)
    const { rows } = await db.execute<{ id: string; desired: RunIntent }>(sql`
      with report as (
        select * from unnest(${sql.param(reports.map(({ lease }) => lease.runId))}::text[],
                             ${sql.param(reports.map(({ lease }) => lease.epoch))}::int[],
                             ${sql.param(reports.map(({ progress }) => JSON.stringify(progress)))}::text[],
                             ${sql.param(reports.map(({ imagesPerSecond }) => imagesPerSecond))}::float8[],
                             ${sql.param(reports.map(({ etaS }) => etaS))}::float8[],
                             ${sql.param(reports.map(oldestOf))}::int[])
                      with ordinality as report (run_id, epoch, progress, images_per_second, eta_s, oldest, position)
      ), held as (
        update runs
        set progress = report.progress::jsonb, images_per_second = report.images_per_second, eta_s = report.eta_s,
            lease_expires_at = ${leaseExpiresAt.toISOString()}::timestamptz, rolled_to = least(runs.rolled_to, report.oldest)
        from report
        where runs.id = report.run_id and runs.lease_epoch = report.epoch and runs.lease_worker is not null
        returning report.position, runs.id, runs.project_id, runs.desired
      ), written as (
        insert into run_metrics (run_id, key, step, value, project_id)
        select held.id, (${sql.param(points.names)}::text[])[point.name], point.step, point.value, held.project_id
        from held join unnest(${sql.param(points.reports)}::int[], ${sql.param(points.keys)}::int[],
                              ${sql.param(points.steps)}::int[], ${sql.param(points.values)}::float8[])
                       as point (report, name, step, value) on point.report = held.position
        on conflict (run_id, key, step) do update set value = excluded.value
      )
      select id, desired from held`)
    return new Map(rows.map(({ id, desired }) => [id, desired]))
  }
})

/** Roll-ups are true up to where its bucket begins. */
const oldestOf = ({ points }: FencedReport): number | null =>
  points.length === 0 ? null : floorTo(Math.min(...points.map(({ step }) => step)), SMALLEST_ROLLUP)

interface Columns {
  /** Of the keys: they are few, and come with every step. */
  readonly names: readonly string[]
  /** Position of the point's report, from 1 as SQL counts. */
  readonly reports: number[]
  /** Position in `names`. */
  readonly keys: number[]
  readonly steps: number[]
  readonly values: number[]
}

/**
 * One statement cannot upsert a row twice: of equal (run, key, step) the last point wins. Key by key, as the index has them.
 */
function toColumns(reports: readonly FencedReport[]): Columns {
  const byName = new Map<string, number>()
  const columns = { reports: [] as number[], keys: [] as number[], steps: [] as number[], values: [] as number[] }
  for (const [i, { points }] of reports.entries()) {
    const byKey = new Map<string, Map<number, number>>()
    for (const { key, step, value } of points) {
      const steps = byKey.get(key) ?? new Map<number, number>()
      byKey.set(key, steps.set(step, value))
    }
    for (const [key, steps] of byKey) {
      const name = byName.get(key) ?? byName.size + 1
      byName.set(key, name)
      for (const [step, value] of steps) {
        columns.reports.push(i + 1)
        columns.keys.push(name)
        columns.steps.push(step)
        columns.values.push(value)
      }
    }
  }
  return { names: [...byName.keys()], ...columns }
}
