import { and, eq, getTableColumns, isNotNull, type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { KappaSummary, KappaView, Prototype } from '../../domain/model.ts'
import type { PrototypeSort, PrototypeStore } from '../../domain/model-stores.ts'
import { invalidCursor } from '../../domain/page.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { prototypes } from './schema/prototypes.ts'

const { projectId, fittedKappa, ...prototypeColumns } = getTableColumns(prototypes)

/** Rows of one insert: a model may have a million prototypes, a statement should stay at a few megabytes. */
const INSERT_ROWS = 8192

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]

/** What each order sorts by, before the index breaks ties; both directions read an index of their own. */
const SORT_KEYS: Readonly<Record<PrototypeSort, { readonly by: SQL | null; readonly descending: boolean }>> = {
  index: { by: null, descending: false },
  kappa: { by: sql`${prototypes.kappa}`, descending: false },
  '-kappa': { by: sql`${prototypes.kappa}`, descending: true },
  usage: { by: sql`coalesce(${prototypes.usage}, -1)`, descending: false },
  '-usage': { by: sql`coalesce(${prototypes.usage}, -1)`, descending: true },
  fitted_kappa: { by: sql`${fittedKappa}`, descending: false },
  '-fitted_kappa': { by: sql`${fittedKappa}`, descending: true }
}

/** Without a fitted component there is nothing to sort by: those are left out. */
const listed = (sort: PrototypeSort): SQL | undefined =>
  sort.endsWith('fitted_kappa') ? isNotNull(fittedKappa) : undefined

export const createPrototypeStore = (db: Db): PrototypeStore => ({
  async replaceAll(modelId, all) {
    await db.delete(prototypes).where(eq(prototypes.modelId, modelId))
    for (let i = 0; i < all.length; i += INSERT_ROWS) await insertMany(db, modelId, all.slice(i, i + INSERT_ROWS))
  },

  async find(modelId, index) {
    const [prototype] = await db
      .select(prototypeColumns)
      .from(prototypes)
      .where(and(eq(prototypes.modelId, modelId), eq(prototypes.index, index)))
    return prototype ?? null
  },

  async list(modelId, sort, { limit, after }) {
    const { by, descending } = SORT_KEYS[sort]
    const position = by === null ? sql`(${prototypes.index})` : sql`(${by}, ${prototypes.index})`
    const direction = sql.raw(descending ? 'desc' : 'asc')
    const rows = await db
      .select(prototypeColumns)
      .from(prototypes)
      .where(
        and(eq(prototypes.modelId, modelId), listed(sort), after === null ? undefined : isBeyond(position, sort, after))
      )
      .orderBy(...(by === null ? [] : [sql`${by} ${direction}`]), sql`${prototypes.index} ${direction}`)
      .limit(limit + 1)
    return toPage(rows, limit, (row) => formatPosition(sort, row))
  },

  kappa: (modelId, view, bins) => summarizeKappa(db, { modelId, view, bins })
})

async function insertMany(db: Db, modelId: string, rows: readonly Prototype[]): Promise<void> {
  const column = <T>(pick: (prototype: Prototype) => T) => sql.param(rows.map(pick))
  const { rowCount } = await db.execute(sql`
    insert into prototypes (model_id, project_id, index, kappa, log_normalizer, usage, mean_probability, nearest,
                            duplicates_of, fitted, fitted_kappa)
    select models.id, models.project_id, p.index, p.kappa, p.log_normalizer, p.usage, p.mean_probability,
           p.nearest::jsonb, p.duplicates_of, p.fitted::jsonb, p.fitted_kappa
    from models, unnest(${column((p) => p.index)}::int[], ${column((p) => p.kappa)}::float8[],
                        ${column((p) => p.logNormalizer)}::float8[],
                        ${column((p) => p.usage)}::int[], ${column((p) => p.meanProbability)}::float8[],
                        ${column((p) => JSON.stringify(p.nearest))}::text[], ${column((p) => p.duplicatesOf)}::int[],
                        ${column((p) => p.fitted && JSON.stringify(p.fitted))}::text[],
                        ${column((p) => p.fitted?.kappa ?? null)}::float8[])
                 as p (index, kappa, log_normalizer, usage, mean_probability, nearest, duplicates_of, fitted, fitted_kappa)
    where models.id = ${modelId}`)
  if (rowCount === 0) throw new AppError('model_not_found', { modelId })
}

/** A position is the sort key and the index of the last row; text, as JavaScript and float8 both write it, loses no digit. */
function formatPosition(sort: PrototypeSort, row: Prototype): string {
  const keys: Record<PrototypeSort, number[]> = {
    index: [],
    kappa: [row.kappa],
    '-kappa': [row.kappa],
    usage: [row.usage ?? -1],
    '-usage': [row.usage ?? -1],
    fitted_kappa: [row.fitted?.kappa ?? -1],
    '-fitted_kappa': [row.fitted?.kappa ?? -1]
  }
  return [...keys[sort], row.index].join(' ')
}

function isBeyond(position: SQL, sort: PrototypeSort, after: string): SQL {
  const parts = after.split(' ')
  const length = SORT_KEYS[sort].by === null ? 1 : 2
  if (parts.length !== length || !parts.every((part) => part !== '' && Number.isFinite(Number(part)))) {
    throw invalidCursor()
  }
  const values = sql.join(
    parts.map((part) => sql`${Number(part)}::float8`),
    sql`, `
  )
  return sql`${position} ${sql.raw(SORT_KEYS[sort].descending ? '<' : '>')} (${values})`
}

interface KappaRow extends Record<string, unknown> {
  readonly quantiles: number[] | null
  readonly counts: number[] | null
}

async function summarizeKappa(
  db: Db,
  { modelId, view, bins }: { modelId: string; view: KappaView; bins: number }
): Promise<KappaSummary | null> {
  const kappa = view === 'model' ? sql`kappa` : sql`fitted_kappa`
  const { rows } = await db.execute<KappaRow>(sql`
    with model as (
      select ${kappa} as kappa from prototypes where model_id = ${modelId} and ${kappa} is not null
    ),
    range as (select min(kappa) as low, max(kappa) as high from model),
    binned as (
      -- Equal kappas are one bin of no width; the highest belongs to the last bin, not to one after it.
      select case when low = high then 1 else least(width_bucket(kappa, low, high, ${bins}::int), ${bins}::int) end as bin
      from model, range
    ),
    histogram as (
      select array_agg((select count(*)::int from binned where binned.bin = numbered.bin) order by numbered.bin) as counts
      from generate_series(1, ${bins}::int) as numbered (bin)
    )
    select (select percentile_cont(${sql.param(QUANTILES)}::float8[]) within group (order by kappa) from model) as quantiles,
           counts
    from histogram`)
  const { quantiles, counts } = rows[0] ?? { quantiles: null, counts: null }
  if (!quantiles || !counts) return null
  const total = counts.reduce((sum, size) => sum + size, 0)
  const [p0 = 0, p5 = 0, p25 = 0, p50 = 0, p75 = 0, p95 = 0, p100 = 0] = quantiles
  const named = { p0, p5, p25, p50, p75, p95, p100 }
  if (p0 === p100) {
    return { prototypes: total, quantiles: named, histogram: { edges: [p0, p100], counts: [total] } }
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? p100 : p0 + ((p100 - p0) * i) / bins))
  return { prototypes: total, quantiles: named, histogram: { edges, counts } }
}
