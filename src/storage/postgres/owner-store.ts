import { and, eq, inArray, isNotNull, notInArray, sql } from 'drizzle-orm'
import type { OwnedPrefix, OwnRoot } from '../../domain/owned-prefix.ts'
import type { OwnerStore } from '../../domain/removal-stores.ts'
import { isUnanswered } from './batch-store.ts'
import type { Db } from './client.ts'
import { isUncompleted } from './dataset-store.ts'
import { isUnevaluated } from './evaluation-store.ts'
import { isUnfinished } from './run-store.ts'
import { batches, files } from './schema/batches.ts'
import { checkpoints } from './schema/checkpoints.ts'
import { datasetUploads } from './schema/dataset-uploads.ts'
import { datasetVersions } from './schema/dataset-versions.ts'
import { evaluations } from './schema/evaluations.ts'
import { models } from './schema/models.ts'
import { runs } from './schema/runs.ts'
import { vectorSets } from './schema/vector-sets.ts'

/** Of one root: the prefixes that something stands for. */
type FindOwned = (db: Db, names: readonly (readonly string[])[]) => Promise<readonly string[]>

const at = (names: readonly (readonly string[])[], index: number): string[] => [
  ...new Set(names.map((one) => one[index] ?? ''))
]

/** What failed or was cancelled owns nothing: its worker removes what it wrote, unless it died meanwhile. */
const OWNED: Readonly<Record<OwnRoot, FindOwned>> = {
  async datasets(db, names) {
    const { datasetId, version } = datasetVersions
    const rows = await db
      .select({ datasetId, version })
      .from(datasetVersions)
      .where(and(inArray(datasetId, at(names, 0)), notInArray(datasetVersions.status, ['failed', 'cancelled'])))
    return rows.map((row) => `datasets/${row.datasetId}/v${row.version}/`)
  },

  async uploads(db, names) {
    const { id, datasetId } = datasetUploads
    const rows = await db
      .select({ id, datasetId })
      .from(datasetUploads)
      .where(inArray(id, at(names, 1)))
    return rows.map((row) => `uploads/${row.datasetId ?? 'weights'}/${row.id}/`)
  },

  async runs(db, names) {
    const ids = at(names, 0)
    const complete = await db
      .select({ prefix: checkpoints.prefix })
      .from(checkpoints)
      .where(and(inArray(checkpoints.runId, ids), eq(checkpoints.status, 'complete')))
    // What a worker writes now has no row until it is whole, and may have waited for the database for longer than any grace.
    const held = await db
      .select({ id: runs.id, epoch: runs.leaseEpoch })
      .from(runs)
      .where(and(inArray(runs.id, ids), isUnfinished, isNotNull(runs.leaseWorker)))
    const epochs = new Set(held.map(({ id, epoch }) => `${id}/e${epoch}`))
    const written = names.filter(([id, epoch]) => epochs.has(`${id}/${epoch}`)).map((one) => `runs/${one.join('/')}/`)
    return [...complete.map(({ prefix }) => `${prefix}/`), ...written]
  },

  async models(db, names) {
    const rows = await db
      .select({ id: models.id })
      .from(models)
      .where(and(inArray(models.id, at(names, 0)), notInArray(models.status, ['failed', 'cancelled'])))
    return rows.map(({ id }) => `models/${id}/`)
  },

  async evaluations(db, names) {
    const rows = await db
      .select({ id: evaluations.id })
      .from(evaluations)
      .where(and(inArray(evaluations.id, at(names, 0)), isUnevaluated))
    return rows.map(({ id }) => `evaluations/${id}/`)
  },

  async vectors(db, names) {
    const rows = await db
      .select({ id: vectorSets.id })
      .from(vectorSets)
      .where(and(inArray(vectorSets.id, at(names, 0)), notInArray(vectorSets.status, ['failed', 'cancelled'])))
    return rows.map(({ id }) => `vectors/${id}/`)
  },

  async files(db, names) {
    const rows = await db
      .select({ id: files.id })
      .from(files)
      .where(inArray(files.id, at(names, 0)))
    return rows.map(({ id }) => `files/${id}/`)
  },

  async batches(db, names) {
    const rows = await db
      .select({ id: batches.id })
      .from(batches)
      .where(and(inArray(batches.id, at(names, 0)), isUnanswered))
    return rows.map(({ id }) => `batches/${id}/`)
  }
}

/** Their removal is written, and when it comes is not for others to say: a removal is of a part of a prefix, all of it, or more. */
async function findRemoved(db: Db, prefixes: readonly string[]): Promise<readonly string[]> {
  if (prefixes.length === 0) return []
  const asked = sql`unnest(${sql.param([...prefixes])}::text[]) as asked(prefix)`
  const isOf = sql`starts_with(removals.prefix, asked.prefix) or starts_with(asked.prefix, removals.prefix)`
  const { rows } = await db.execute<{ prefix: string }>(
    sql`select asked.prefix from ${asked} where exists (select 1 from removals where ${isOf})`
  )
  return rows.map(({ prefix }) => prefix)
}

export const createOwnerStore = (db: Db): OwnerStore => ({
  async unowned(prefixes) {
    const byRoot = new Map<OwnRoot, OwnedPrefix[]>()
    for (const one of prefixes) byRoot.set(one.root, [...(byRoot.get(one.root) ?? []), one])
    const unowned = new Set(prefixes.map(({ prefix }) => prefix))
    for (const [root, all] of byRoot) {
      const names = all.map((one) => one.names)
      for (const owned of await OWNED[root](db, names)) unowned.delete(owned)
    }
    for (const waiting of await findRemoved(db, [...unowned])) unowned.delete(waiting)
    return unowned
  },

  async unownedUploads(multipartIds) {
    if (multipartIds.length === 0) return new Set()
    const { multipartId } = datasetUploads
    const rows = await db
      .select({ id: multipartId })
      .from(datasetUploads)
      .where(and(inArray(multipartId, [...multipartIds]), isUncompleted))
    const owned = new Set(rows.map(({ id }) => id))
    return new Set(multipartIds.filter((id) => !owned.has(id)))
  }
})
