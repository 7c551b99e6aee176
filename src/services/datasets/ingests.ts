/**
 * The state of a dataset version while it is packed:
 *
 *   queued → ingesting → ready      shards, indexes and the manifest are in the object store
 *     │         │   ↑
 *     │         │   └ its worker died, ended or failed: the next goes on behind the last shard that is kept (domain/blame.ts)
 *     │         ├────→ failed       with the code; the task removes the objects
 *     └─────────┴────→ cancelled    by a user; the task sees it, stops and removes the objects
 *
 * A dataset that is removed takes its versions along: for the task that is as good as cancelled.
 */
import type { Clock } from '../../base/clock.ts'
import { type DatasetVersion, isOpen, type Upload } from '../../domain/dataset.ts'
import type { UnitOfWork } from '../../domain/stores.ts'
import {
  endTries,
  failTry,
  giveBack,
  gotFurther,
  type JobError,
  type TriedJob,
  takeTurn,
  type Verdict,
  versionSubject
} from '../jobs/job-tries.ts'

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
  /** Null when there is nothing to do: the version is gone, has ended, or is left to others. A missing upload fails the version. */
  begin(datasetId: string, version: number): Promise<IngestOrder | null>
  /** `unwanted` when the version is cancelled or gone: nothing of it may stay. */
  state(datasetId: string, version: number): Promise<'open' | 'ended' | 'unwanted'>
  progress(order: IngestOrder, progress: DatasetVersion['progress']): Promise<void>
  /** A try that fails from here on begins further on. */
  gotFurther(order: IngestOrder): Promise<void>
  /** False when the version is not wanted any more: the objects are nobody's. */
  complete(order: IngestOrder, result: IngestResult): Promise<boolean>
  fail(order: IngestOrder, error: JobError): Promise<Verdict>
  /** Of a worker that is told to end. */
  giveBack(order: IngestOrder): Promise<void>
}

export interface IngestDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  /** Name of the worker. */
  readonly worker: string
}

const jobOf = ({ datasetId, version, projectId }: DatasetVersion): TriedJob => ({
  subject: versionSubject(datasetId, version),
  projectId
})

const isWanted = (version: DatasetVersion | null): version is DatasetVersion =>
  version !== null && version.status !== 'cancelled'

export function createIngestService({ unitOfWork, clock, worker }: IngestDeps): IngestService {
  /** A version that has ended stays as it is. Returns whether it is wanted. */
  const update = (order: IngestOrder, patch: Partial<DatasetVersion>): Promise<boolean> =>
    unitOfWork(async (tx) => {
      const { datasetId, version } = order.version
      // Locked: a user may be cancelling it in this moment.
      const known = await tx.datasets.loadVersion(datasetId, version, { lock: true })
      if (known !== null && isOpen(known)) await tx.datasets.updateVersion(datasetId, version, patch)
      if (patch.status === 'ready') await endTries(tx, jobOf(order.version))
      return isWanted(known)
    })

  return {
    begin: (datasetId, number) =>
      unitOfWork(async (tx) => {
        const version = await tx.datasets.loadVersion(datasetId, number, { lock: true })
        if (version === null || !isOpen(version)) return null
        const turn = await takeTurn(tx, jobOf(version), worker)
        if (turn.type === 'left') return null
        if (turn.type === 'over') {
          await tx.datasets.updateVersion(datasetId, number, { status: 'failed', error: turn.error })
          return null
        }
        const uploads: Upload[] = []
        for (const id of version.source.type === 'upload' ? version.source.uploads : []) {
          const upload = await tx.datasets.findUpload(version.projectId, id)
          if (upload?.status !== 'completed') {
            const error = { code: 'upload_not_found', message: `Upload ${id} is gone or was never completed.` }
            await tx.datasets.updateVersion(datasetId, number, { status: 'failed', error })
            await endTries(tx, jobOf(version))
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

    gotFurther: (order) => unitOfWork((tx) => gotFurther(tx, jobOf(order.version), worker)),

    complete: (order, result) =>
      update(order, {
        ...result,
        status: 'ready',
        progress: { images: result.images, rejected: result.rejected },
        error: null,
        readyAt: new Date(clock.now())
      }),

    fail: (order, error) =>
      unitOfWork(async (tx) => {
        const { datasetId, version } = order.version
        const known = await tx.datasets.loadVersion(datasetId, version, { lock: true })
        if (known === null || !isOpen(known)) return { type: 'not-ours' }
        const verdict = await failTry(tx, { job: jobOf(order.version), worker, error })
        if (verdict.type === 'over')
          await tx.datasets.updateVersion(datasetId, version, { status: 'failed', error: verdict.error })
        return verdict
      }),

    giveBack: (order) => unitOfWork((tx) => giveBack(tx, jobOf(order.version), worker))
  }
}
