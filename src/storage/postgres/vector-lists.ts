/**
 * Lists over all images of a set, a page of them a statement. Each image of a page is compared with all that are meant, or asks the graph
 * where there is one, so a page looks at a bounded number of images and ends there.
 */
import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import { invalidCursor, type Page } from '../../domain/page.ts'
import { MOST_EXACT } from '../../domain/vector-set.ts'
import type { LabelNeighbors, LabelQuery, NearPair, SearchedSet, VectorLists } from '../../domain/vector-stores.ts'
import type { Db } from './client.ts'
import { causeCodeOf } from './errors.ts'
import { parseNumberCursor, toPage } from './page.ts'
import { distanceBetween, FENCE, inMemory } from './plain-distance.ts'
import { imageOf, NO_TABLE, tableOf, typeOf, type VectorColumns, widen, withoutCompiler } from './vector-store.ts'

/**
 * Numbers that one statement compares. The embedded database compares 75 million halves a second, and has one session: a page of 200 images of
 * 10,000 × 96 let everybody wait for 2.6 s. A search of 8 million by plain SQL has to end within a request, too.
 */
const PAGE_NUMBERS = { hnsw: 20e6, exact: 20e6, scan: 8e6 } as const
/** Images that ask a graph in one statement. */
const GRAPH_ASKS = 20
/** Pairs of one image that a graph is asked for. */
const GRAPH_PAIRS = 100

export const createVectorLists = (db: Db): VectorLists => ({
  outliers: (set, { limit, after }) =>
    whileThere(set, async () => {
      const [density, row] = after === null ? [null, null] : parsePosition(after)
      const isBehind = row === null ? sql`` : sql`and (log_density, row) > (${density}::real, ${row}::int)`
      const { rows } = await db.execute<VectorColumns>(sql`
        select row, name, label, prototype, probability, log_density from ${tableOf(set)}
        where log_density is not null ${isBehind} order by log_density, row limit ${limit + 1}`)
      return toPage(rows.map(imageOf), limit, ({ logDensity, index }) => `${logDensity}:${index}`)
    }),

  nearPairs: (set, request) => whileThere(set, () => pageOfPairs(db, set, request)),

  labelNeighbors: (set, query) => whileThere(set, () => pageOfNeighbors(db, set, query)),

  countLabelled: (set) => whileThere(set, () => countUpTo(db, set, null))
})

/** A set that is removed meanwhile takes its table along. */
async function whileThere<T>({ id }: SearchedSet, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (causeCodeOf(error) === NO_TABLE) throw new AppError('vector_set_not_found', { vectorSetId: id })
    throw error
  }
}

/** @throws AppError invalid_request */
function parsePosition(after: string): readonly [first: number, row: number] {
  const match = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?):(\d{1,10})$/.exec(after)
  if (match === null) throw invalidCursor()
  return [Number(match[1]), Number(match[2])]
}

/** Of `two` from `one`, which have their vectors as `vector`. */
const distanceOf = ({ index, dimensions }: SearchedSet): SQL =>
  index === 'scan' ? distanceBetween('two.vector', 'one.vector', dimensions) : sql`(two.vector <=> one.vector)`

/** Rows of a set, with their vectors as `vector`: as they lie in the table, where an index may be asked for them. */
const rowsOf = (set: SearchedSet, which: SQL): SQL =>
  set.index === 'scan'
    ? sql`(select *, ${inMemory(sql`embedding`)} as vector from ${tableOf(set)} where ${which} ${FENCE})`
    : sql`(select *, embedding as vector from ${tableOf(set)} where ${which})`

async function countUpTo(db: Db, set: SearchedSet, most: number | null): Promise<number> {
  const few = most === null ? sql`` : sql`limit ${most}`
  const { rows } = await db.execute<{ found: number }>(
    sql`select count(*)::int as found from (select from ${tableOf(set)} where label is not null ${few}) as labelled`
  )
  return rows[0]?.found ?? 0
}

/** How many images a page compares with so many others each. */
const asksOf = ({ index, dimensions }: SearchedSet, others: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor(PAGE_NUMBERS[index] / (Math.max(1, others) * dimensions))))

type PairRow = VectorColumns & { readonly [other in keyof VectorColumns as `other_${other}`]: VectorColumns[other] } & {
  readonly distance: number
}

const columnsOf = (table: SQL, prefix = ''): SQL =>
  sql.join(
    ['row', 'name', 'label', 'prototype', 'probability', 'log_density'].map(
      (name) => sql`${table}.${sql.raw(name)} as ${sql.raw(prefix + name)}`
    ),
    sql`, `
  )

/** A position is the last pair, or `-1` for the other image where all pairs of those before have been looked for. */
async function pageOfPairs(
  db: Db,
  set: SearchedSet,
  { limit, after, minSimilarity }: Parameters<VectorLists['nearPairs']>[1]
): Promise<Page<NearPair>> {
  const [row, other] = after === null ? [0, -1] : parsePair(after)
  const { rows: sizes } = await db.execute<{ rows: number }>(sql`select count(*)::int as rows from ${tableOf(set)}`)
  const images = sizes[0]?.rows ?? 0
  const isGraph = set.index === 'hnsw'
  const end = Math.min(images, row + (isGraph ? GRAPH_ASKS : asksOf(set, images, images)))
  if (isGraph) await widen(db, set, GRAPH_PAIRS)
  if (set.index === 'scan') await withoutCompiler(db)
  const [one, two] = [sql`one`, sql`two`]
  const distance = distanceOf(set)
  const near = isGraph
    ? sql`select *, ${distance} as distance from ${rowsOf(set, sql`true`)} as two order by ${distance} limit ${GRAPH_PAIRS}`
    : sql`select *, ${distance} as distance from ${rowsOf(set, sql`row > one.row`)} as two`
  const { rows } = await db.execute<PairRow>(sql`
    select ${columnsOf(one)}, ${columnsOf(two, 'other_')}, two.distance
    from ${rowsOf(set, sql`row >= ${row} and row < ${end}`)} as one
    cross join lateral (${near}) as two
    where two.row > one.row and two.distance <= ${1 - minSimilarity} and (one.row > ${row} or two.row > ${other})
    order by one.row, two.row limit ${limit + 1}`)
  const page = toPage(rows, limit, (pair) => `${pair.row}:${pair.other_row}`)
  const data = page.data.map(pairOf)
  if (page.hasMore || end >= images) return { ...page, data }
  return { data, hasMore: true, nextCursor: `${end}:-1` }
}

/** @throws AppError invalid_request */
function parsePair(after: string): readonly [row: number, other: number] {
  const match = /^(\d{1,10}):(-1|\d{1,10})$/.exec(after)
  if (match === null) throw invalidCursor()
  return [Number(match[1]), Number(match[2])]
}

const pairOf = (row: PairRow): NearPair => ({
  images: [
    imageOf(row),
    imageOf({
      row: row.other_row,
      name: row.other_name,
      label: row.other_label,
      prototype: row.other_prototype,
      probability: row.other_probability,
      log_density: row.other_log_density
    })
  ],
  similarity: 1 - row.distance
})

async function pageOfNeighbors(
  db: Db,
  set: SearchedSet,
  { bank, of, page, neighbors }: LabelQuery
): Promise<Page<LabelNeighbors>> {
  // A graph that is filtered finds too few where a filter leaves few, and those are soon compared.
  const labelled = await countUpTo(db, bank, bank.index === 'hnsw' ? MOST_EXACT + 1 : null)
  const isExact = bank.index !== 'hnsw' || labelled <= MOST_EXACT
  if (!isExact) await widen(db, bank, neighbors)
  const asks = isExact ? asksOf(bank, labelled, page.limit) : Math.min(page.limit, GRAPH_ASKS)
  if (bank.index === 'scan') await withoutCompiler(db)
  const mine = sql`embedding::${typeOf(bank)}`
  const distance = distanceOf(bank)
  const isOther = of === 'labelled' ? sql`and row <> one.row` : sql``
  const isMeant = sql`label is not null and one.place <= ${asks} ${isOther}`
  const order = bank.index === 'scan' ? sql`distance, row` : isExact ? sql`${distance} + 0, row` : distance
  // The one too many, which says that there is more, compares nothing.
  const { rows } = await db.execute<VectorColumns & { labels: string[]; distances: number[] }>(sql`
    select ${columnsOf(sql`one`)}, near.labels, near.distances
    from (
      select *, ${bank.index === 'scan' ? inMemory(mine) : mine} as vector, row_number() over () as place
      from (select * from ${tableOf(set)} ${asked(of, page.after)} limit ${asks + 1}) as few) as one
    cross join lateral (
      select coalesce(array_agg(label order by distance, row), '{}') as labels,
        coalesce(array_agg(distance::float8 order by distance, row), '{}') as distances
      from (
        select row, label, ${distance} as distance from ${rowsOf(bank, isMeant)} as two
        order by ${order} limit ${neighbors}) as found) as near
    order by one.place`)
  const found = rows.map(({ labels, distances, ...row }) => ({
    image: imageOf(row),
    neighbors: labels.map((label, i) => ({ label, similarity: 1 - distances[i]! }))
  }))
  return toPage(found, asks, ({ image }) => String(image.index))
}

/** Which images ask, in which order. A position is the number of the image before. */
function asked(of: LabelQuery['of'], after: string | null): SQL {
  const before = after === null ? null : parseNumberCursor(after)
  if (of === 'unlabelled') return sql`where label is null and row > ${before ?? -1} order by row`
  const isBehind = before === null ? sql`` : sql`and md5(row::text) > md5(${String(before)})`
  return sql`where label is not null ${isBehind} order by md5(row::text)`
}
