/** How a curve is read: in full while it has few points, else its extremes, from roll-ups as far as there are any. */
import { type SQL, sql } from 'drizzle-orm'
import { type Buckets, bucketsOf, type Segment, type StepRange, segmentsOf } from '../../domain/metric-buckets.ts'
import type { MetricQuery } from '../../domain/metric-stores.ts'
import type { MetricSeries } from '../../domain/run.ts'
import type { Db } from './client.ts'
import { keysOf } from './metric-keys.ts'

/** Two points are the least that show an envelope. */
const LEAST_POINTS = 2
/** Of reading it again when a leg begins anew meanwhile; the last one does without roll-ups. */
const TRIES = 3

const MOST_STEP = 2 ** 31 - 1

type Curve = {
  readonly key: string
  /** One more than were asked for where there are more. */
  readonly points: number
  readonly first: number
  readonly last: number
}

/** Keys in their order. What is written while it is read may be in it or not. */
export async function readEnvelopes(db: Db, runId: string, query: MetricQuery): Promise<MetricSeries[]> {
  const most = Math.max(LEAST_POINTS, Math.floor(query.maxPoints))
  for (let tried = 1; ; tried++) {
    const { curves, rolledTo } = await look(db, runId, { ...query, maxPoints: most })
    const few = curves.filter(({ points }) => points <= most)
    const many = curves.filter(({ points }) => points > most)
    const [whole, extremes] = await Promise.all([
      readPoints(db, runId, { keys: few.map(({ key }) => key), query, most }),
      readExtremes(db, runId, { curves: many, most, rolledTo: tried < TRIES ? rolledTo : 0 })
    ])
    if (extremes !== null) return [...whole, ...extremes].sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

/** `_` is a letter here, not the wildcard of LIKE. */
function hasKey(keys: readonly string[]): SQL {
  const names = keys.filter((key) => !key.endsWith('*'))
  const beginnings = keys.filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1))
  return sql`(key = any(${sql.param(names)}::text[])
    or exists (select from unnest(${sql.param(beginnings)}::text[]) as beginning where starts_with(key, beginning)))`
}

const within = (alias: SQL, { fromStep, toStep }: MetricQuery): SQL =>
  sql`${alias}.step between ${fromStep ?? 0}::int and ${toStep ?? MOST_STEP}::int`

/** No more of a curve than is asked for is looked at: whether it has two points more or a million. */
async function look(
  db: Db,
  runId: string,
  query: MetricQuery
): Promise<{ readonly curves: readonly Curve[]; readonly rolledTo: number }> {
  const ofCurve = sql`from run_metrics p where p.run_id = ${runId} and p.key = keys.key and ${within(sql`p`, query)}`
  const { rows } = await db.execute<Curve & { readonly rolled_to: number }>(sql`
    with recursive ${keysOf(runId)}
    select keys.key, runs.rolled_to, first.step as first, last.step as last,
           (select count(*)::int from (select ${ofCurve} limit ${query.maxPoints + 1}::int) as counted) as points
    from runs, keys, lateral (select p.step ${ofCurve} order by p.step limit 1) as first,
         lateral (select p.step ${ofCurve} order by p.step desc limit 1) as last
    where runs.id = ${runId} ${query.keys === null ? sql`` : sql`and ${hasKey(query.keys)}`}`)
  return { curves: rows, rolledTo: rows[0]?.rolled_to ?? 0 }
}

interface Few {
  readonly keys: readonly string[]
  readonly query: MetricQuery
  readonly most: number
}

async function readPoints(db: Db, runId: string, { keys, query, most }: Few): Promise<MetricSeries[]> {
  if (keys.length === 0) return []
  const { rows } = await db.execute<{ key: string; steps: number[]; values: number[] }>(sql`
    select keys.key, array_agg(step order by step) as steps, array_agg(value order by step) as values
    from unnest(${sql.param(keys)}::text[]) as keys (key), lateral (
      select p.step, p.value from run_metrics p
      where p.run_id = ${runId} and p.key = keys.key and ${within(sql`p`, query)}
      order by p.step limit ${most}::int) as points
    group by keys.key`)
  return rows
}

interface Many {
  readonly curves: readonly Curve[]
  readonly most: number
  readonly rolledTo: number
}

/** Null where roll-ups that it counted on have become untrue meanwhile. */
async function readExtremes(
  db: Db,
  runId: string,
  { curves, most, rolledTo }: Many
): Promise<readonly MetricSeries[] | null> {
  if (curves.length === 0) return []
  const range: StepRange = {
    from: Math.min(...curves.map(({ first }) => first)),
    to: Math.max(...curves.map(({ last }) => last)) + 1
  }
  const buckets = bucketsOf(range, Math.floor(most / 2))
  const segments = segmentsOf(range, { size: buckets.size, rolledTo })
  const keys = curves.map(({ key }) => key)
  const { rows } = await db.execute<{ key: string; steps: number[]; values: number[]; rolled_to: number }>(
    envelope(runId, { keys, buckets, segments })
  )
  // One statement sees roll-ups and how far they are true at one moment.
  if (rows.some((row) => row.rolled_to < rolledTo)) return null
  return rows.map(({ key, steps, values }) => ({ key, steps, values }))
}

interface Envelope {
  readonly keys: readonly string[]
  readonly buckets: Buckets
  readonly segments: readonly Segment[]
}

/**
 * `min(array[value, step])` is the lowest value with its step in one pass; NaN counts as highest, so it stays visible too.
 */
function envelope(runId: string, { keys, buckets, segments }: Envelope): SQL {
  const { size, origin, parts, count } = buckets
  const read = segments.map((segment) => partsOf(runId, segment))
  return sql`
    with keys as (select unnest(${sql.param(keys)}::text[]) as key),
    parts as (${sql.join(read, sql` union all `)}),
    buckets as (
      select key, min(array[low, low_step]) as lowest, max(array[high, -high_step]) as highest
      from parts
      group by key, ((step - ${origin}::int) / ${size}::int)::bigint * ${count}::int / ${parts}::int
    ), extremes as (
      select key, lowest[2]::int as step, lowest[1] as value from buckets
      union
      select key, -highest[2]::int, highest[1] from buckets
    )
    select key, array_agg(step order by step) as steps, array_agg(value order by step) as values,
           (select rolled_to from runs where id = ${runId}) as rolled_to
    from extremes group by key`
}

function partsOf(runId: string, { size, from, to }: Segment): SQL {
  const inRange = sql`p.run_id = ${runId} and p.key = keys.key and p.step >= ${from}::int and p.step < ${to}::int`
  return size === 1
    ? sql`select keys.key, p.step, p.value as low, p.step as low_step, p.value as high, p.step as high_step
          from keys, run_metrics p where ${inRange}`
    : sql`select keys.key, p.step, p.low, p.low_step, p.high, p.high_step
          from keys, run_metric_rollups p where ${inRange} and p.size = ${size}::int`
}
