/** Versions of datasets: made by an ingest job from what was uploaded, and never changed again. */
import type { Clock } from '../../base/clock.ts'
import { AppError, type FieldError } from '../../base/errors.ts'
import {
  type Dataset,
  type DatasetImage,
  type DatasetSource,
  type DatasetVersion,
  isOpen,
  type OuterSource,
  type Upload
} from '../../domain/dataset.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Inference, ObjectStore } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { endTries, versionSubject } from '../jobs/job-tries.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { listImages, listRejected, type RejectedFile } from './dataset-images.ts'
import { createPictureVerbs, type VersionPosition } from './dataset-pictures.ts'
import { checkCombination, checkPrefix, checkSelection } from './dataset-sources.ts'
import { ingestKindOf, kindOfSize } from './ingest-kind.ts'
import { listLabelled } from './labelled-images.ts'
import { createShardTables } from './shard-tables.ts'

export interface VersionDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'datasets'>
  readonly objects: ObjectStore
  readonly inference: Pick<Inference, 'picture'>
  readonly showImages: boolean
  readonly clock: Clock
  readonly get: (projectId: string, id: string) => Promise<Dataset>
}

export const datasetPrefix = (datasetId: string): string => `datasets/${datasetId}`
export const versionPrefix = (datasetId: string, version: number): string => `${datasetPrefix(datasetId)}/v${version}`

/** `ds_…` or `ds_…@3`. */
const REFERENCE = /^(ds_[0-9a-z]{1,40})(?:@([1-9][0-9]{0,8}))?$/

/** Null for what is none. */
export function parseReference(reference: string): { readonly datasetId: string; readonly version?: number } | null {
  const [, datasetId, version] = REFERENCE.exec(reference) ?? []
  if (datasetId === undefined) return null
  return version === undefined ? { datasetId } : { datasetId, version: Number(version) }
}

/** In the queue, with nothing in it. */
export function newVersion(
  dataset: Dataset,
  source: DatasetSource,
  now: Date
): Omit<DatasetVersion, 'version' | 'prefix'> {
  return {
    datasetId: dataset.id,
    projectId: dataset.projectId,
    status: 'queued',
    source,
    images: 0,
    bytes: 0,
    rejected: 0,
    duplicates: 0,
    classes: source.classes ?? null,
    contentHash: null,
    sizes: {},
    report: null,
    progress: { images: 0, rejected: 0 },
    error: null,
    createdAt: now,
    readyAt: null
  }
}

/**
 * Every upload there, completed and of this dataset, and all of them fit together.
 *
 * @returns the bytes of all of them
 */
async function requireUploads(
  { stores }: Pick<VersionDeps, 'stores'>,
  dataset: Dataset,
  ids: readonly string[]
): Promise<number> {
  const errors: FieldError[] = []
  const uploads: Upload[] = []
  let code: 'invalid_request' | 'upload_not_found' = 'invalid_request'
  for (const [index, id] of ids.entries()) {
    const path = `/source/uploads/${index}`
    const upload = await stores.datasets.findUpload(dataset.projectId, id)
    if (upload === null || upload.datasetId !== dataset.id) {
      code = 'upload_not_found'
      errors.push({ path, message: 'is no upload of this dataset' })
    } else if (upload.status !== 'completed') errors.push({ path, message: `is ${upload.status}, not completed` })
    else uploads.push(upload)
  }
  if (errors.length > 0) throw new AppError(code, { errors })
  checkCombination(uploads)
  return uploads.reduce((sum, { bytes }) => sum + bytes, 0)
}

export function createVersionVerbs(deps: VersionDeps) {
  const { unitOfWork, stores, objects, clock, get } = deps
  const reading = { objects, tables: createShardTables(objects) }

  async function getVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion> {
    await get(projectId, datasetId)
    const found = await stores.datasets.findVersion(projectId, datasetId, version)
    if (found === null) throw new AppError('dataset_version_not_found', { datasetId, version })
    return found
  }

  async function getReadyVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion> {
    const found = await getVersion(projectId, datasetId, version)
    if (found.status === 'ready') return found
    const message = `Version ${version} of ${datasetId} is ${found.status}, not ready.`
    throw new AppError('dataset_version_not_ready', { message, datasetId, version })
  }

  return {
    getVersion,

    /** @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_ready */
    getReadyVersion,

    /** @throws AppError dataset_not_found, quota_exceeded; upload_not_found and invalid_request with a pointer to what cannot be used */
    async createVersion(projectId: string, datasetId: string, source: OuterSource): Promise<DatasetVersion> {
      const dataset = await get(projectId, datasetId)
      checkSelection(source)
      const checked = source.type === 's3' ? checkPrefix(source) : source
      // Nobody knows yet what lies below a prefix.
      const bytes = checked.type === 'upload' ? await requireUploads(deps, dataset, checked.uploads) : Infinity
      const kind = kindOfSize(bytes)
      const version = newVersion(dataset, checked, new Date(clock.now()))
      return unitOfWork(async (tx) => {
        const storageBytes = Number.isFinite(bytes) ? bytes : 0
        await checkQuotas(tx, { projectId, wanted: { storageBytes }, now: version.createdAt })
        const inserted = await tx.datasets.insertVersion(version, (number) => versionPrefix(datasetId, number))
        const payload = { datasetId, version: inserted.version }
        const key = versionSubject(datasetId, inserted.version)
        await tx.jobs.enqueue(kind, payload, { key, project: projectId })
        return inserted
      })
    },

    /**
     * A worker that makes it sees that it is no longer wanted, and removes what there is of it.
     *
     * @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_cancelable
     */
    async cancelVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion> {
      await get(projectId, datasetId)
      return unitOfWork(async (tx) => {
        const known = await tx.datasets.loadVersion(datasetId, version, { lock: true })
        if (known === null) throw new AppError('dataset_version_not_found', { datasetId, version })
        if (known.status === 'cancelled') return known
        if (!isOpen(known)) {
          const message = `Version ${version} of ${datasetId} is already ${known.status}.`
          throw new AppError('dataset_version_not_cancelable', { message, datasetId, version })
        }
        const patch = { status: 'cancelled' } as const
        await tx.datasets.updateVersion(datasetId, version, patch)
        const kind = await ingestKindOf(tx, known)
        const subject = versionSubject(datasetId, version)
        await endTries(tx, { subject })
        // Where nobody has it just now, somebody removes what is there of it. Of one that nobody has begun there is nothing.
        if (known.status === 'queued') await tx.jobs.dequeue(kind, subject)
        else await tx.jobs.enqueue(kind, { datasetId, version }, { key: subject, project: projectId })
        return { ...known, ...patch }
      })
    },

    async listVersions(projectId: string, datasetId: string, page: PageRequest): Promise<Page<DatasetVersion>> {
      await get(projectId, datasetId)
      return stores.datasets.listVersions(projectId, datasetId, page)
    },

    /**
     * @param reference `ds_…@3`, or `ds_…` for the latest ready version
     * @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_ready
     */
    async resolve(projectId: string, reference: string): Promise<DatasetVersion> {
      const named = parseReference(reference)
      if (named === null) throw new AppError('dataset_not_found', { dataset: reference })
      const dataset = await get(projectId, named.datasetId)
      const version = named.version ?? dataset.latestVersion
      if (version !== null) return getReadyVersion(projectId, dataset.id, version)
      throw new AppError('dataset_version_not_ready', { message: `${dataset.id} has no version that is ready.` })
    },

    ...createPictureVerbs({ ...deps, reading, getReadyVersion }),

    /** Those of a label alone, unless it is null; such a page may have few images, or none, and more behind it. */
    async listImages(
      projectId: string,
      at: VersionPosition,
      { label, ...page }: PageRequest & { readonly label: number | null }
    ): Promise<Page<DatasetImage>> {
      const version = await getReadyVersion(projectId, at.datasetId, at.version)
      return label === null ? listImages(objects, version, page) : listLabelled(reading, version, { ...page, label })
    },

    async listRejected(projectId: string, at: VersionPosition, page: PageRequest): Promise<Page<RejectedFile>> {
      return listRejected(objects, await getReadyVersion(projectId, at.datasetId, at.version), page)
    }
  }
}
