import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  not,
  notInArray,
  or,
  type SQL,
  sql
} from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { RunFilter, RunStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { holdModel } from './model-store.ts'
import { hasPart } from './name-part.ts'
import { toPage } from './page.ts'
import { checkpoints } from './schema/checkpoints.ts'
import { datasetVersions } from './schema/dataset-versions.ts'
import { runs } from './schema/runs.ts'

const { lastEventSeq, rolledTo, fullFrom, ...runColumns } = getTableColumns(runs)

/** Matches the partial index runs_unfinished word by word, or it would not be used. */
export const isUnfinished = notInArray(runs.status, sql`('cancelled', 'succeeded', 'failed')`)

/** A worker has it, or had it when it was last heard of. */
export const isHeld = and(isUnfinished, isNotNull(runs.leaseWorker))

export const devicesHeld = sql<number>`coalesce(sum((${runs.compute}->>'devices')::int), 0)::int`

/** A sweep is repeated every few seconds; what is beyond this waits for the next, and what was before it is taken back then. */
const SWEEP_LIMIT = 500

export const createRunStore = (db: Db, everyProject: Db): RunStore => ({
  ...createLeaseVerbs(db),

  async insert(run) {
    const [version] = await db
      .select({ version: datasetVersions.version })
      .from(datasetVersions)
      .where(
        and(
          eq(datasetVersions.projectId, run.projectId),
          eq(datasetVersions.datasetId, run.datasetId),
          eq(datasetVersions.version, run.datasetVersion)
        )
      )
      // Until the transaction ends the version cannot be removed; a removal that came first is seen here.
      .for('share')
    if (!version) throw new AppError('dataset_version_not_found', { datasetId: run.datasetId })
    // What its parent began from may be gone: a fork goes on from the parent's own state.
    if (run.forkedFrom !== null) await holdCheckpoint(db, run.projectId, run.forkedFrom.checkpointId)
    else if (run.init?.source === 'checkpoint') await holdCheckpoint(db, run.projectId, run.init.from)
    else if (run.init?.source === 'model') await holdModel(db, run.projectId, run.init.from)
    await db.insert(runs).values(run)
  },

  async find(projectId, id) {
    const [run] = await db
      .select(runColumns)
      .from(runs)
      .where(and(eq(runs.projectId, projectId), eq(runs.id, id)))
    return run ?? null
  },

  async load(id, options) {
    const query = db.select(runColumns).from(runs).where(eq(runs.id, id))
    const [run] = await (options?.lock ? query.for('update') : query)
    return run ?? null
  },

  async list(projectId, filter, { limit, after }) {
    const [isBeyond, order] = filter.isOldestFirst ? [gt, asc(runs.id)] : [lt, desc(runs.id)]
    const isAfter = after === null ? undefined : isBeyond(runs.id, after)
    const isNext = and(eq(runs.projectId, projectId), matches(filter), isAfter)
    const isListed =
      filter.metadata === undefined ? isNext : inArray(runs.id, await firstIds(everyProject, isNext, { limit, order }))
    const rows = await db
      .select(runColumns)
      .from(runs)
      .where(isListed)
      .orderBy(order)
      .limit(limit + 1)
    return toPage(rows, limit, (run) => run.id)
  },

  async update(id, patch) {
    if (Object.keys(patch).length > 0) await db.update(runs).set(patch).where(eq(runs.id, id))
  },

  async remove(id) {
    await db.delete(runs).where(eq(runs.id, id))
  },

  async countDevices(projectId, except) {
    const [row] = await db
      .select({ devices: devicesHeld })
      .from(runs)
      .where(and(eq(runs.projectId, projectId), isHeld, not(eq(runs.id, except))))
    return row?.devices ?? 0
  },

  async listWaiting(projectId, reason, limit) {
    return db
      .select(runColumns)
      .from(runs)
      .where(and(eq(runs.projectId, projectId), eq(runs.status, 'queued'), eq(runs.statusReason, reason)))
      .orderBy(desc(sql`(${runs.compute}->>'priority')::int`), asc(runs.createdAt), asc(runs.id))
      .limit(limit)
  }
})

/**
 * Behind row-level security PostgreSQL has no use for the index of metadata, since it does not know `@>` to keep secrets: 20 times as
 * slow in a list of 10,000. So this asks beside it, for ids alone, and the rows come through it.
 */
async function firstIds(
  everyProject: Db,
  condition: SQL | undefined,
  { limit, order }: { readonly limit: number; readonly order: SQL }
): Promise<string[]> {
  const { id } = runs
  const rows = await everyProject
    .select({ id })
    .from(runs)
    .where(condition)
    .orderBy(order)
    .limit(limit + 1)
  return rows.map((row) => row.id)
}

/** One that was retired before is seen here; what is retired at the same moment fails what needs it when that begins. */
export async function holdCheckpoint(db: Db, projectId: string, id: string): Promise<void> {
  const [checkpoint] = await db
    .select({ status: checkpoints.status })
    .from(checkpoints)
    .where(and(eq(checkpoints.projectId, projectId), eq(checkpoints.id, id)))
    .for('share')
  if (checkpoint?.status !== 'complete') throw new AppError('checkpoint_not_found', { checkpoint: id })
}

type LeaseVerbs = 'claim' | 'updateUnderLease' | 'listLost' | 'listUnheld'

const createLeaseVerbs = (db: Db): Pick<RunStore, LeaseVerbs> => ({
  async claim(id, worker, expiresAt, now) {
    // One statement: of two workers the second waits for the row, sees the first one's lease and matches nothing.
    const [run] = await db
      .update(runs)
      .set({ leaseEpoch: sql`${runs.leaseEpoch} + 1`, leaseWorker: worker, leaseExpiresAt: expiresAt })
      .where(
        and(
          eq(runs.id, id),
          isUnfinished,
          not(eq(runs.status, 'paused')),
          or(isNull(runs.leaseWorker), eq(runs.leaseWorker, worker), lte(runs.leaseExpiresAt, now))
        )
      )
      .returning(runColumns)
    return run ?? null
  },

  async updateUnderLease(lease, patch) {
    const updated = await db
      .update(runs)
      .set({ ...patch, leaseEpoch: lease.epoch })
      // A lease that was given back has no worker: its former holder may not write either.
      .where(and(eq(runs.id, lease.runId), eq(runs.leaseEpoch, lease.epoch), isNotNull(runs.leaseWorker)))
      .returning({ id: runs.id })
    return updated.length > 0
  },

  async listLost(now) {
    // One of no worker that neither waits nor rests was left so by nobody: it is taken back like the others.
    const isAbandoned = and(isNull(runs.leaseWorker), not(eq(runs.status, 'queued')))
    return db
      .select(runColumns)
      .from(runs)
      .where(and(isUnfinished, not(eq(runs.status, 'paused')), or(lte(runs.leaseExpiresAt, now), isAbandoned)))
      .orderBy(asc(runs.id))
      .limit(SWEEP_LIMIT)
  },

  async listUnheld(behind, limit) {
    const isWaiting = and(isUnfinished, eq(runs.status, 'queued'), isNull(runs.leaseWorker))
    return db
      .select(runColumns)
      .from(runs)
      .where(and(isWaiting, behind === null ? undefined : gt(runs.id, behind)))
      .orderBy(asc(runs.id))
      .limit(limit)
  }
})

const matches = (filter: RunFilter) =>
  and(
    filter.name === undefined ? undefined : hasPart(runs.name, filter.name),
    filter.status === undefined ? undefined : eq(runs.status, filter.status),
    filter.datasetId === undefined ? undefined : eq(runs.datasetId, filter.datasetId),
    filter.sweepId === undefined ? undefined : eq(runs.sweepId, filter.sweepId),
    filter.archived === undefined ? undefined : eq(runs.archived, filter.archived),
    filter.metadata === undefined ? undefined : sql`${runs.metadata} @> ${JSON.stringify(filter.metadata)}::jsonb`
  )
