/**
 * The state of a dataset version while it is packed:
 *
 *   queued → ingesting → ready      shards, indexes and the manifest are in the object store
 *     │         │   ↑
 *     │         │   └ the task died and was tried again: it starts over
 *     │         ├────→ failed       with the code; the task removes the objects
 *     └─────────┴────→ cancelled    by a user; the task sees it, stops and removes the objects
 *
 * A dataset that is removed takes its versions along: for the task that is as good as cancelled.
 */
import type { Clock } from '../../base/clock.ts'
import { type DatasetVersion, isOpen, type Upload } from '../../domain/dataset.ts'
import type { UnitOfWork } from '../../domain/stores.ts'
import { storableText } from '../storable-text.ts'

export interface IngestOrder {
  readonly version: DatasetVersion
  /** Uploads of the source, in its order; empty for other sources. */
  readonly uploads: readonly Upload[]
}

export type IngestResult = Pick<
  DatasetVersion,
  'images' | 'bytes' | 'rejected' | 'duplicates' | 'classes' | 'contentHash' | 'sizes' | 'report'
>

export interface IngestService {
  /** Null when there is nothing to do: the version is gone or has ended. A missing upload fails the version. */
  begin(datasetId: string, version: number): Promise<IngestOrder | null>
  /** `unwanted` when the version is cancelled or gone: nothing of it may stay. */
  state(datasetId: string, version: number): Promise<'open' | 'ended' | 'unwanted'>
  progress(order: IngestOrder, progress: DatasetVersion['progress']): Promise<void>
  /** False when the version is not wanted any more: the objects are nobody's. */
  complete(order: IngestOrder, result: IngestResult): Promise<boolean>
  fail(order: IngestOrder, error: { readonly code: string; readonly message: string }): Promise<void>
}

export interface IngestDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

const isWanted = (version: DatasetVersion | null): version is DatasetVersion =>
  version !== null && version.status !== 'cancelled'

export function createIngestService({ unitOfWork, clock }: IngestDeps): IngestService {
  /** A version that has ended stays as it is. Returns whether it is wanted. */
  const update = ({ version: { datasetId, version } }: IngestOrder, patch: Partial<DatasetVersion>): Promise<boolean> =>
    unitOfWork(async (tx) => {
      // Locked: a user may be cancelling it in this moment.
      const known = await tx.datasets.loadVersion(datasetId, version, { lock: true })
      if (known !== null && isOpen(known)) await tx.datasets.updateVersion(datasetId, version, patch)
      return isWanted(known)
    })

  return {
    begin: (datasetId, number) =>
      unitOfWork(async (tx) => {
        const version = await tx.datasets.loadVersion(datasetId, number, { lock: true })
        if (version === null || !isOpen(version)) return null
        const uploads: Upload[] = []
        for (const id of version.source.type === 'upload' ? version.source.uploads : []) {
          const upload = await tx.datasets.findUpload(version.projectId, id)
          if (upload?.status !== 'completed') {
            const error = { code: 'upload_not_found', message: `Upload ${id} is gone or was never completed.` }
            await tx.datasets.updateVersion(datasetId, number, { status: 'failed', error })
            return null
          }
          uploads.push(upload)
        }
        const patch = { status: 'ingesting', progress: { images: 0, rejected: 0 } } as const
        await tx.datasets.updateVersion(datasetId, number, patch)
        return { version: { ...version, ...patch }, uploads }
      }),

    state: (datasetId, number) =>
      unitOfWork(async (tx) => {
        const version = await tx.datasets.loadVersion(datasetId, number)
        if (!isWanted(version)) return 'unwanted'
        return isOpen(version) ? 'open' : 'ended'
      }),

    async progress(order, progress) {
      await update(order, { progress })
    },

    complete: (order, result) =>
      update(order, {
        ...result,
        status: 'ready',
        progress: { images: result.images, rejected: result.rejected },
        error: null,
        readyAt: new Date(clock.now())
      }),

    async fail(order, { code, message }) {
      await update(order, { status: 'failed', error: { code, message: storableText(message) } })
    }
  }
}
