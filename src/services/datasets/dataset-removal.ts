/** Datasets, their versions and uploads that users delete, and uploads that were never completed. Their objects go later. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { type DatasetVersion, isOpen, type Upload } from '../../domain/dataset.ts'
import type { Page } from '../../domain/page.ts'
import { type NewRemoval, usedBy } from '../../domain/removal.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { endTries, versionSubject } from '../jobs/job-tries.ts'
import { refuseInUse } from '../removals/refuse-in-use.ts'
import type { VersionPosition } from './dataset-pictures.ts'
import { datasetPrefix } from './dataset-versions.ts'
import { ingestKindOf } from './ingest-kind.ts'
import { type UploadOwner, uploadPrefix } from './uploads.ts'

export interface DatasetRemovalDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

/** Parts that were never put together lie beside the objects: they are given up by their own name. */
export const removalOfUpload = ({ id, projectId, objectKey, status, multipartId }: Upload): NewRemoval => ({
  projectId,
  what: 'upload',
  subject: id,
  prefix: objectKey,
  multipartId: status === 'completed' ? null : multipartId
})

/** But for uploads that were never completed. */
export const removalsOfDataset = (projectId: string, id: string): readonly NewRemoval[] =>
  [datasetPrefix(id), uploadPrefix(id)].map((folder) => ({
    projectId,
    what: 'dataset',
    subject: id,
    prefix: `${folder}/`,
    multipartId: null
  }))

export function createDatasetRemoval({ unitOfWork, clock }: DatasetRemovalDeps) {
  const now = () => new Date(clock.now())

  return {
    /** With its versions and uploads. @throws AppError dataset_not_found, dataset_in_use */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        await dequeueVersions(tx, projectId, id)
        const uploads = await tx.datasets.listUncompletedUploads(projectId, id)
        if (!(await tx.datasets.remove(projectId, id))) throw new AppError('dataset_not_found', { datasetId: id })
        await tx.jobTries.removeOfDataset(id)
        const uses = await tx.uses.ofDataset(id)
        const ids = usedBy(uses)
        if (ids !== null) {
          const [runs, evaluations] = [uses.runs.length, uses.evaluations.length]
          const message = `Dataset ${id} is needed by what has not ended: ${ids.join(', ')}.`
          throw new AppError('dataset_in_use', { message, datasetId: id, runs, evaluations, usedBy: ids })
        }
        await tx.removals.add([...uploads.map(removalOfUpload), ...removalsOfDataset(projectId, id)], now())
      }),

    /**
     * Also one that is being made: its worker sees that it is gone, stops, and removes what there is of it.
     *
     * @throws AppError dataset_version_not_found, dataset_version_in_use
     */
    removeVersion: (projectId: string, { datasetId, version }: VersionPosition): Promise<void> =>
      unitOfWork(async (tx) => {
        const removed = await tx.datasets.removeVersion(projectId, datasetId, version)
        if (removed === null) throw new AppError('dataset_version_not_found', { datasetId, version })
        const subject = versionSubject(datasetId, version)
        await endTries(tx, { subject })
        await tx.jobs.dequeue(await ingestKindOf(tx, removed), subject)
        refuseInUse(await tx.uses.ofDataset(datasetId, version), {
          code: 'dataset_version_in_use',
          name: subject,
          details: { datasetId, version }
        })
        const prefix = `${removed.prefix}/`
        await tx.removals.add([{ projectId, what: 'dataset_version', subject, prefix, multipartId: null }], now())
      }),

    /** @throws AppError upload_not_found, upload_in_use */
    removeUpload: (projectId: string, owner: UploadOwner, uploadId: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const removed = await tx.datasets.removeUpload(projectId, owner, uploadId)
        if (removed === null) throw new AppError('upload_not_found', { uploadId })
        const wanted = { code: 'upload_in_use', name: `Upload ${uploadId}`, details: { uploadId } } as const
        refuseInUse(await tx.uses.ofUpload(uploadId), wanted)
        await tx.removals.add([removalOfUpload(removed)], now())
      })
  }
}

const PAGE = 100

/** Before their uploads go, which say in what queue they are. */
async function dequeueVersions(tx: Stores, projectId: string, datasetId: string): Promise<void> {
  let after: string | null = null
  do {
    const page: Page<DatasetVersion> = await tx.datasets.listVersions(projectId, datasetId, { limit: PAGE, after })
    for (const one of page.data.filter(isOpen))
      await tx.jobs.dequeue(await ingestKindOf(tx, one), versionSubject(datasetId, one.version))
    after = page.nextCursor
  } while (after !== null)
}
