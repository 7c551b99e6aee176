/**
 * A table for each set that is searched, made by the worker that fills it and named by the set's id:
 *
 *   hnsw, exact   halfvec(D) of pgvector; with hnsw a graph, built behind the last row (vector-graph.ts) or growing with them
 *   scan          real[], where the database has no pgvector
 *
 * One table for all would have one graph for all projects, or as many partial ones as there are sets, each of which every statement
 * locks; and what is removed would stay in it until a vacuum. A table is dropped in a moment. Its policy names the project: no row
 * has to, and a search compares it once.
 */
import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import { idPattern } from '../../base/ids.ts'
import type { ImageOfVector, VectorRow } from '../../domain/vector-set.ts'
import { MOST_EXACT } from '../../domain/vector-set.ts'
import type { FoundImage, SearchedSet, VectorLists, VectorQuery, VectorStore } from '../../domain/vector-stores.ts'
import { REQUEST_ROLE } from './bound-query.ts'
import type { Db } from './client.ts'
import { causeCodeOf } from './errors.ts'
import { distanceFrom, FENCE, inMemory } from './plain-distance.ts'

/** Neighbours of each row in the graph but the lowest layer, which has twice as many, and how many are looked at for them. */
export const FEW_NEIGHBOURS = 16
const LOOKED_AT = 100
/**
 * Candidates of a search, at the least: pgvector's own 40 are few for ten neighbours. It takes no more than 1000. With 200, recall@10 fell from
 * 0.991 of 25,000 images to 0.978 of 45,500, where 400 gave 0.991 (bench/RESULTS.md): so one for every hundred images, too.
 */
const FEWEST_CANDIDATES = 200
const IMAGES_A_CANDIDATE = 100
const MOST_CANDIDATES = 1000
/** Beyond it PostgreSQL would keep a row's vector elsewhere, compressed; a page takes 8 kB, of which a name may need one. */
const MOST_INLINE_DIMENSIONS = { hnsw: 2000, exact: 2000, scan: 1500 } as const
/** undefined_table */
export const NO_TABLE = '42P01'

/** As the pages of docs/search.md say: filtered searches of a graph go on until there are enough. */
const hasIterativeScan = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 0 || minor >= 8
}

const ID = new RegExp(idPattern('vectorSet'))
const PROJECT = new RegExp(idPattern('project'))

/** Names in statements take no parameters, so nothing but an id may become one. */
function named(id: string, pattern: RegExp): string {
  if (!pattern.test(id)) throw new Error(`invariant: ${id} is no id`)
  return id
}
/** Of its table. */
export const nameOf = ({ id }: Pick<SearchedSet, 'id'>): string => named(id, ID)
export const tableOf = (set: Pick<SearchedSet, 'id'>): SQL => sql.raw(`"${nameOf(set)}"`)

export const graphOf = (set: Pick<SearchedSet, 'id'>, neighbours = FEW_NEIGHBOURS): string =>
  `create index on "${nameOf(set)}" using hnsw (embedding halfvec_cosine_ops) with (m = ${neighbours}, ef_construction = ${LOOKED_AT})`

export type VectorColumns = Readonly<{
  row: number
  name: string
  label: string | null
  prototype: number | null
  probability: number | null
  log_density: number | null
}>

/** But for its lists, which are vector-lists.ts. */
export const createVectorStore = (db: Db): Omit<VectorStore, keyof VectorLists> => ({
  async hasPgvector() {
    const { rows } = await db.execute<{ version: string }>(
      sql`select extversion as version from pg_extension where extname = 'vector'`
    )
    return rows[0] !== undefined && hasIterativeScan(rows[0].version)
  },

  async create(set, { hasGraph } = { hasGraph: true }) {
    const { rows } = await db.execute<{ there: boolean }>(sql`select to_regclass(${set.id}) is not null as there`)
    if (rows[0]?.there) return
    for (const statement of definitionOf(set, hasGraph)) await db.execute(sql.raw(statement))
  },

  async hasGraph(set) {
    const { rows } = await db.execute<{ there: boolean }>(sql`
      select exists (
        select from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
        where indrelid = to_regclass(${set.id}) and amname = 'hnsw') as there`)
    return rows[0]?.there === true
  },

  async count(set) {
    const { rows } = await db.execute<{ rows: number }>(sql`select count(*)::int as rows from ${tableOf(set)}`)
    return rows[0]?.rows ?? 0
  },

  async add(set, rows) {
    if (rows.length === 0) return
    const column = <T>(of: (row: VectorRow) => T) => sql.param(rows.map(of))
    await db.execute(sql`
      insert into ${tableOf(set)} (row, name, label, prototype, probability, log_density, embedding)
      select row, name, label, prototype, probability, log_density, embedding::${typeOf(set)}
      from unnest(${column(({ index }) => index)}::int[], ${column(({ name }) => name)}::text[],
        ${column(({ label }) => label)}::text[], ${column(({ prototype }) => prototype)}::int[],
        ${column(({ probability }) => probability)}::real[], ${column(({ logDensity }) => logDensity)}::real[],
        ${column(({ vector }) => textOf(set, vector))}::text[])
        as given (row, name, label, prototype, probability, log_density, embedding)
      on conflict (row) do nothing`)
  },

  async drop(id) {
    await db.execute(sql`drop table if exists ${tableOf({ id })}`)
  },

  async search(set, query) {
    try {
      const isExact = set.index !== 'hnsw' || (await leavesFew(db, set, query))
      if (!isExact) await widen(db, set, query.limit)
      return { images: await nearest(db, set, { ...query, isExact }), isExact }
    } catch (error) {
      if (causeCodeOf(error) === NO_TABLE) throw new AppError('vector_set_not_found', { vectorSetId: set.id })
      throw error
    }
  },

  async vectorOf(set, index) {
    const { rows } = await db.execute<{ embedding: string }>(
      sql`select embedding::text as embedding from ${tableOf(set)} where row = ${index}`
    )
    return rows[0] ? numbersOf(rows[0].embedding) : null
  },

  async meanOf(set, prototype) {
    const ofPrototype = sql`prototype = ${prototype}`
    const { rows } = await db.execute<{ mean: string | null }>(
      set.index === 'scan'
        ? sql`select array_agg(mean order by place)::text as mean from (
            select place, avg(value) as mean
            from ${tableOf(set)}, unnest(embedding) with ordinality as number (value, place)
            where ${ofPrototype} group by place) as means`
        : sql`select avg(embedding)::text as mean from ${tableOf(set)} where ${ofPrototype}`
    )
    const mean = rows[0]?.mean ?? null
    return mean === null ? null : numbersOf(mean)
  },

  async overlaps(from, to, limit) {
    try {
      const { rows } = await db.execute<{ from: number; to: number; images: number }>(sql`
        select one.prototype as "from", other.prototype as "to", count(*)::int as images
        from ${tableOf(from)} as one join ${tableOf(to)} as other using (row)
        where one.prototype is not null and other.prototype is not null
        group by one.prototype, other.prototype limit ${limit}`)
      return rows
    } catch (error) {
      if (causeCodeOf(error) === NO_TABLE) throw new AppError('vector_set_not_found')
      throw error
    }
  }
})

function definitionOf(set: SearchedSet, hasGraph: boolean): readonly string[] {
  const { dimensions, index } = set
  const [id, project] = [nameOf(set), named(set.projectId, PROJECT)]
  const type = index === 'scan' ? 'real[]' : `halfvec(${dimensions})`
  const isInline = dimensions <= MOST_INLINE_DIMENSIONS[index]
  return [
    `create table "${id}" (row integer primary key, name text not null, label text, prototype integer, probability real,
      log_density real, embedding ${type} not null)`,
    ...(isInline ? [`alter table "${id}" alter column embedding set storage plain`] : []),
    `create index on "${id}" (label) where label is not null`,
    `create index on "${id}" (prototype) where prototype is not null`,
    ...(index === 'hnsw' && hasGraph ? [graphOf(set)] : []),
    `alter table "${id}" enable row level security`,
    `create policy own_project on "${id}" using ((select current_setting('kappa.project', true)) = '${project}')`,
    `grant select on "${id}" to ${REQUEST_ROLE}`
  ]
}

export const typeOf = ({ index, dimensions }: SearchedSet): SQL =>
  sql.raw(index === 'scan' ? 'real[]' : `halfvec(${dimensions})`)

/** Digits that tell every half or single apart. */
const textOf = ({ index }: SearchedSet, vector: ArrayLike<number>): string => {
  const [digits, open, close] = index === 'scan' ? ([9, '{', '}'] as const) : ([6, '[', ']'] as const)
  return `${open}${Array.from(vector, (value) => value.toPrecision(digits)).join(',')}${close}`
}

const numbersOf = (text: string): number[] => text.slice(1, -1).split(',').map(Number)

const wanted = ({ labels, prototypes, except }: Omit<VectorQuery, 'vector' | 'limit'>): SQL => {
  const conditions = [
    labels === null ? null : sql`label = any(${sql.param([...labels])}::text[])`,
    prototypes === null ? null : sql`prototype = any(${sql.param([...prototypes])}::int[])`,
    except === null ? null : sql`row <> ${except}`
  ].filter((one) => one !== null)
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}

/** Whether a filter leaves so few that looking at each is quicker than walking the graph past all others. */
async function leavesFew(db: Db, set: SearchedSet, query: VectorQuery): Promise<boolean> {
  if (query.labels === null && query.prototypes === null) return false
  const { rows } = await db.execute<{ left: number }>(
    sql`select count(*)::int as left from (select from ${tableOf(set)} ${wanted(query)} limit ${MOST_EXACT + 1}) as found`
  )
  return (rows[0]?.left ?? 0) <= MOST_EXACT
}

/** Until the transaction ends. Of a table that nobody has analyzed yet the planner might read all of it and sort. Rows are numbered from 0 on. */
export async function widen(db: Db, set: SearchedSet, limit: number): Promise<void> {
  const candidates = sql`greatest(${FEWEST_CANDIDATES}::int, ${2 * limit}::int, max(row) / ${IMAGES_A_CANDIDATE}::int)`
  await db.execute(
    sql`select set_config('hnsw.ef_search', least(${MOST_CANDIDATES}::int, ${candidates})::text, true),
      set_config('hnsw.iterative_scan', 'strict_order', true), set_config('enable_seqscan', 'off', true)
    from ${tableOf(set)}`
  )
}

async function nearest(
  db: Db,
  set: SearchedSet,
  { isExact, ...query }: VectorQuery & { readonly isExact: boolean }
): Promise<FoundImage[]> {
  const { rows } = await db.execute<VectorColumns & { distance: number }>(
    set.index === 'scan' ? await scan(db, set, query) : compare(set, query, isExact)
  )
  return rows.map(({ distance: far, ...row }) => ({ ...imageOf(row), similarity: 1 - far }))
}

const COLUMNS = sql.raw('row, name, label, prototype, probability, log_density')

function compare(set: SearchedSet, query: VectorQuery, isExact: boolean): SQL {
  const distance = sql`(embedding <=> ${textOf(set, query.vector)}::${typeOf(set)})`
  // A sum is nothing that the graph is ordered by: all that are meant are compared.
  const order = isExact ? sql`${distance} + 0, row` : distance
  return sql`select ${COLUMNS}, ${distance} as distance
    from ${tableOf(set)} ${wanted(query)} order by ${order} limit ${query.limit}`
}

async function scan(db: Db, set: SearchedSet, query: VectorQuery): Promise<SQL> {
  await withoutCompiler(db)
  return sql`select ${COLUMNS}, ${distanceFrom('vector', Array.from(query.vector, Number))} as distance
    from (select ${COLUMNS}, ${inMemory(sql`embedding`)} as vector from ${tableOf(set)} ${wanted(query)} ${FENCE}) as image
    order by distance, row limit ${query.limit}`
}

/** Until the transaction ends: a sum of hundreds of terms is compiled for longer than it is computed. */
export const withoutCompiler = (db: Db) => db.execute(sql`select set_config('jit', 'off', true)`)

export const imageOf = ({ row, name, label, prototype, probability, log_density }: VectorColumns): ImageOfVector => ({
  index: row,
  name,
  label,
  prototype,
  probability,
  logDensity: log_density
})
