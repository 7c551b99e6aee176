/**
 * The graph of a set whose rows are all there: one statement of minutes or hours, on a connection of its own.
 *
 *   begin ─→ whoever builds it already is waited for ─→ unless it is there: create index ─→ commit
 *                               │                                              │
 *                               └──── every second: how far it is; once it is not wanted: cancelled
 *
 * What is cancelled or loses its client is rolled back: there is no half of a graph that somebody would have to find and drop.
 */
import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { GraphBuilding, SearchedSet, VectorGraphs } from '../../domain/vector-stores.ts'
import type { Alone, Database, Db } from './client.ts'
import { causeOf, translating } from './errors.ts'
import { createVectorStore, FEW_NEIGHBOURS, graphOf, tableOf } from './vector-store.ts'

export interface VectorGraphsDeps {
  readonly database: Pick<Database, 'db' | 'alone'>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** Of the server, for one graph. */
  readonly memoryBytes: number
}

const LOOK_EVERY_MS = 1000
/** A server that computes does not look at its client unless it is told to: one whose worker was killed would go on for hours. */
const CLIENT_LOOKED_AT = '10s'
/**
 * Of an image beside its vector: 8 MiB were full after 5,650 of 384 numbers by one process and after 2,890 by two, and after 4,210 with twice
 * the neighbours, of which the lowest layer has two for each that is named, of 16 bytes.
 */
const graphBytes = (neighbours: number): number => 538 + 32 * neighbours
/** From here on a search misses too much of a graph with few: of a million, 1000 candidates found 0.925 of ten, and 0.975 with twice as many. */
const MANY_IMAGES = 50_000
const MANY_NEIGHBOURS = 2 * FEW_NEIGHBOURS
/** Of those who build together, for what they say to each other. */
const SHARED_BYTES = 4 * 1_048_576
/** The name of a segment of shared memory that has no place; the rest of the message may be of any language. */
const NO_SHARED_MEMORY = /\/PostgreSQL\.\d+/

export interface GraphPlan {
  readonly neighbours: number
  /** Those who build together reserve all of it before the first begins: no more, therefore, than there is to fill. */
  readonly kibibytes: number
}

/** Many neighbours only where the whole graph has room: beyond it building is slower by far. */
export function planGraph(
  { images, dimensions }: { readonly images: number; readonly dimensions: number },
  memoryBytes: number
): GraphPlan {
  const bytesWith = (neighbours: number) => SHARED_BYTES + images * (2 * dimensions + graphBytes(neighbours))
  const isMany = images > MANY_IMAGES && bytesWith(MANY_NEIGHBOURS) <= memoryBytes
  const neighbours = isMany ? MANY_NEIGHBOURS : FEW_NEIGHBOURS
  return { neighbours, kibibytes: Math.ceil(Math.min(memoryBytes, bytesWith(neighbours)) / 1024) }
}

export const createVectorGraphs = (deps: VectorGraphsDeps): VectorGraphs =>
  translating<VectorGraphs>({
    async areBuiltLast() {
      const { rows } = await deps.database.db.execute<{ alone: boolean }>(
        sql`select backend_type = 'standalone backend' as alone from pg_stat_activity where pid = pg_backend_pid()`
      )
      return rows[0]?.alone !== true
    },

    build: (set, images, building) =>
      deps.database.alone((connection) => {
        const db = drizzle(connection.client)
        const plan = planGraph({ images, dimensions: set.dimensions }, deps.memoryBytes)
        return watched(deps, connection, building, async () => {
          try {
            await buildOnce(db, set, { ...plan, isParallel: true })
          } catch (error) {
            if (!NO_SHARED_MEMORY.test(causeOf(error).message)) throw error
            deps.logger.warn(
              { err: error, vectorSetId: set.id },
              'too little shared memory: one process builds the graph'
            )
            await buildOnce(db, set, { ...plan, isParallel: false })
          }
        })
      })
  })

/** Until the transaction ends. Nothing where the server is too old to have it. */
const configure = (db: Db, names: readonly string[], value: SQL) =>
  db.execute(sql`select set_config(name, ${value}, true) from pg_settings where name = any(${sql.param([...names])})`)

interface Once extends GraphPlan {
  readonly isParallel: boolean
}

const buildOnce = (db: Db, set: SearchedSet, { neighbours, kibibytes, isParallel }: Once): Promise<void> =>
  db.transaction(async (tx) => {
    await configure(tx, ['statement_timeout', 'lock_timeout', 'transaction_timeout'], sql`'0'`)
    await configure(tx, ['client_connection_check_interval'], sql`${CLIENT_LOOKED_AT}`)
    // Never less than the server has for it anyway.
    await configure(tx, ['maintenance_work_mem'], sql`greatest(setting::bigint, ${kibibytes}::bigint) || 'kB'`)
    if (!isParallel) await configure(tx, ['max_parallel_maintenance_workers'], sql`'0'`)
    // Of two who build, one waits and finds it done.
    await tx.execute(sql`lock table ${tableOf(set)} in share update exclusive mode`)
    if (!(await createVectorStore(tx).hasGraph(set))) await tx.execute(sql.raw(graphOf(set, neighbours)))
  })

async function watched(
  { database: { db }, clock, logger }: VectorGraphsDeps,
  { pid, drop }: Alone,
  { signal, onProgress }: GraphBuilding,
  work: () => Promise<void>
): Promise<void> {
  const ended = new AbortController()
  const look = async () => {
    if (signal.aborted) {
      await db.execute(sql`select pg_cancel_backend(${pid})`)
      return
    }
    const { rows } = await db.execute<{ images: number | null }>(sql`
      select tuples_done::int as images from pg_stat_activity left join pg_stat_progress_create_index using (pid)
      where pid = ${pid}`)
    // Nobody serves it any more, and a network that has forgotten it would never say so.
    if (rows[0] === undefined) drop()
    else if (rows[0].images !== null) await onProgress(rows[0].images)
  }
  const watch = async () => {
    while (!ended.signal.aborted) {
      const roused = signal.aborted ? ended.signal : AbortSignal.any([signal, ended.signal])
      await clock.sleep(LOOK_EVERY_MS, roused).catch(() => {}) // ended, or not wanted any more
      if (ended.signal.aborted) return
      await look().catch((error: unknown) => {
        logger.warn({ err: error }, 'a graph that is built could not be looked at')
        if (signal.aborted) drop()
      })
    }
  }
  signal.throwIfAborted()
  const watching = watch()
  try {
    await work()
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    ended.abort()
    await watching
  }
}
