import { and, asc, desc, eq, getTableColumns, inArray, isNull, lt, sql } from 'drizzle-orm'
import { AppError, invariant } from '../../base/errors.ts'
import type { DatasetStore } from '../../domain/stores.ts'
import { versionMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { violatesForeignKey } from './errors.ts'
import { hasPart } from './name-part.ts'
import { parseNumberCursor, toPage } from './page.ts'
import { datasetUploads } from './schema/dataset-uploads.ts'
import { datasetVersions } from './schema/dataset-versions.ts'
import { datasets } from './schema/datasets.ts'
import type { TellWebhooks } from './webhook-messages.ts'

const { lastVersion, ...datasetColumns } = getTableColumns(datasets)
const { selected, ...versionColumns } = getTableColumns(datasetVersions)

type VersionVerbs =
  | 'removeVersion'
  | 'insertVersion'
  | 'findVersion'
  | 'listVersions'
  | 'listOpenVersions'
  | 'loadVersion'
  | 'loadSelected'
  | 'updateVersion'
type UploadVerbs =
  | 'insertUpload'
  | 'findUpload'
  | 'listUploads'
  | 'completeUpload'
  | 'removeUpload'
  | 'listUncompletedUploads'
  | 'removeExpiredUploads'

export const createDatasetStore = (db: Db, tellWebhooks: TellWebhooks): DatasetStore => ({
  ...createUploadVerbs(db),
  ...createVersionVerbs(db, tellWebhooks),

  async insert(dataset) {
    await db.insert(datasets).values(dataset)
  },

  async find(projectId, id, options) {
    const query = db
      .select(datasetColumns)
      .from(datasets)
      .where(and(eq(datasets.projectId, projectId), eq(datasets.id, id)))
    const [dataset] = await (options?.lock ? query.for('update') : query)
    return dataset ?? null
  },

  async update(id, patch) {
    if (Object.keys(patch).length > 0) await db.update(datasets).set(patch).where(eq(datasets.id, id))
  },

  async list(projectId, { limit, after, name }) {
    const isAfter = after === null ? undefined : lt(datasets.id, after)
    const isNamed = name === undefined ? undefined : hasPart(datasets.name, name)
    const rows = await db
      .select(datasetColumns)
      .from(datasets)
      .where(and(eq(datasets.projectId, projectId), isNamed, isAfter))
      .orderBy(desc(datasets.id))
      .limit(limit + 1)
    return toPage(rows, limit, (dataset) => dataset.id)
  },

  async remove(projectId, id) {
    // Versions first, as all that holds one and then its dataset does: deleting from the dataset downwards was a deadlock with each of them.
    await db
      .select({ version: datasetVersions.version })
      .from(datasetVersions)
      .where(and(eq(datasetVersions.projectId, projectId), eq(datasetVersions.datasetId, id)))
      .orderBy(asc(datasetVersions.version))
      .for('update')
    const removed = await db
      .delete(datasets)
      .where(and(eq(datasets.projectId, projectId), eq(datasets.id, id)))
      .returning({ id: datasets.id })
    return removed.length > 0
  }
})

/** Null for weights. */
const isOf = (datasetId: string | null) =>
  datasetId === null ? isNull(datasetUploads.datasetId) : eq(datasetUploads.datasetId, datasetId)

const createUploadVerbs = (db: Db): Pick<DatasetStore, UploadVerbs> => ({
  async insertUpload(upload) {
    try {
      await db.insert(datasetUploads).values(upload)
    } catch (error) {
      if (!violatesForeignKey(error)) throw error
      throw new AppError('dataset_not_found', { datasetId: upload.datasetId }, { cause: error })
    }
  },

  async findUpload(projectId, id) {
    const [upload] = await db
      .select()
      .from(datasetUploads)
      .where(and(eq(datasetUploads.projectId, projectId), eq(datasetUploads.id, id)))
    return upload ?? null
  },

  async listUploads(projectId, datasetId, { limit, after }) {
    const { id } = datasetUploads
    const rows = await db
      .select()
      .from(datasetUploads)
      .where(and(eq(datasetUploads.projectId, projectId), isOf(datasetId), after === null ? undefined : lt(id, after)))
      .orderBy(desc(id))
      .limit(limit + 1)
    return toPage(rows, limit, (upload) => upload.id)
  },

  async completeUpload(projectId, id) {
    const completed = await db
      .update(datasetUploads)
      .set({ status: 'completed' })
      .where(and(eq(datasetUploads.projectId, projectId), eq(datasetUploads.id, id)))
      .returning({ id: datasetUploads.id })
    return completed.length > 0
  },

  async removeUpload(projectId, datasetId, id) {
    const [removed] = await db
      .delete(datasetUploads)
      .where(and(eq(datasetUploads.projectId, projectId), eq(datasetUploads.id, id), isOf(datasetId)))
      .returning()
    return removed ?? null
  },

  async listUncompletedUploads(projectId, datasetId) {
    return db
      .select()
      .from(datasetUploads)
      .where(and(eq(datasetUploads.projectId, projectId), eq(datasetUploads.datasetId, datasetId), isUncompleted))
  },

  async removeExpiredUploads(before, limit) {
    const expired = db
      .select({ id: datasetUploads.id })
      .from(datasetUploads)
      .where(and(isUncompleted, lt(datasetUploads.expiresAt, before)))
      .limit(limit)
      .for('update', { skipLocked: true })
    return db.delete(datasetUploads).where(inArray(datasetUploads.id, expired)).returning()
  }
})

/** Matches the partial index dataset_uploads_unfinished word by word, or it would not be used. */
export const isUncompleted = sql`${datasetUploads.status} <> 'completed'`

const createVersionVerbs = (db: Db, tellWebhooks: TellWebhooks): Pick<DatasetStore, VersionVerbs> => ({
  async removeVersion(projectId, datasetId, version) {
    const [removed] = await db
      .delete(datasetVersions)
      .where(and(eq(datasetVersions.projectId, projectId), isVersion(datasetId, version)))
      .returning(versionColumns)
    if (!removed) return null
    const newest = sql<number>`(select max(version) from ${datasetVersions} where dataset_id = ${datasetId} and status = 'ready')`
    await db.update(datasets).set({ latestVersion: newest }).where(eq(datasets.id, datasetId))
    return removed
  },

  async insertVersion(version, prefixOf, images = null) {
    const [numbered] = await db
      .update(datasets)
      .set({ lastVersion: sql`${datasets.lastVersion} + 1` })
      .where(and(eq(datasets.projectId, version.projectId), eq(datasets.id, version.datasetId)))
      .returning({ version: datasets.lastVersion })
    if (!numbered) throw new AppError('dataset_not_found', { datasetId: version.datasetId })
    const [inserted] = await db
      .insert(datasetVersions)
      .values({
        ...version,
        version: numbered.version,
        prefix: prefixOf(numbered.version),
        selected: images && [...images]
      })
      .returning(versionColumns)
    invariant(inserted, 'an insert returns its row')
    return inserted
  },

  async findVersion(projectId, datasetId, version) {
    const [found] = await db
      .select(versionColumns)
      .from(datasetVersions)
      .where(and(eq(datasetVersions.projectId, projectId), isVersion(datasetId, version)))
    return found ?? null
  },

  async listOpenVersions(behind, limit) {
    const { createdAt, datasetId, version } = datasetVersions
    const isBehind =
      behind &&
      sql`(${createdAt}, ${datasetId}, ${version}) > (${behind.createdAt.toISOString()}, ${behind.datasetId}, ${behind.version})`
    return db
      .select(versionColumns)
      .from(datasetVersions)
      .where(and(isOpenVersion, isBehind ?? undefined))
      .orderBy(asc(createdAt), asc(datasetId), asc(version))
      .limit(limit)
  },

  async listVersions(projectId, datasetId, { limit, after }) {
    const rows = await db
      .select(versionColumns)
      .from(datasetVersions)
      .where(
        and(
          eq(datasetVersions.projectId, projectId),
          eq(datasetVersions.datasetId, datasetId),
          after === null ? undefined : lt(datasetVersions.version, parseNumberCursor(after))
        )
      )
      .orderBy(desc(datasetVersions.version))
      .limit(limit + 1)
    return toPage(rows, limit, (row) => String(row.version))
  },

  async loadVersion(datasetId, version, { lock }: { lock: boolean | 'share' } = { lock: false }) {
    const query = db.select(versionColumns).from(datasetVersions).where(isVersion(datasetId, version))
    const [found] = await (lock ? query.for(lock === 'share' ? 'share' : 'update') : query)
    return found ?? null
  },

  async loadSelected(datasetId, version) {
    const [found] = await db.select({ selected }).from(datasetVersions).where(isVersion(datasetId, version))
    return found?.selected ?? null
  },

  async updateVersion(datasetId, version, patch) {
    if (Object.keys(patch).length === 0) return
    const updating = db.update(datasetVersions).set(patch).where(isVersion(datasetId, version))
    if (patch.status === undefined) await updating
    else await tellWebhooks((await updating.returning(versionColumns)).map(versionMessage))
    if (patch.status !== 'ready') return
    await db
      .update(datasets)
      .set({ latestVersion: sql`greatest(${datasets.latestVersion}, ${version})` })
      .where(eq(datasets.id, datasetId))
  }
})

/** Matches the partial index dataset_versions_open word by word, or it would not be used. */
const isOpenVersion = inArray(datasetVersions.status, sql`('queued', 'ingesting')`)

const isVersion = (datasetId: string, version: number) =>
  and(eq(datasetVersions.datasetId, datasetId), eq(datasetVersions.version, version))
