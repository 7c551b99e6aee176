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
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
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
import { findSelected, givenLabels, type NumberedLabels, type Selected } from './selected.ts'

export interface IngestOrder {
  readonly version: DatasetVersion
  /** Uploads of the source, in its order; empty for other sources. */
  readonly uploads: readonly Upload[]
  /** Of a selection; null of other sources. */
  readonly selected: Selected | null
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
  /** Labels that a selection gives to images without one. @throws the signal's reason; AppError of givenLabels */
  givenLabels(selected: Selected, signal: AbortSignal): Promise<NumberedLabels>
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
        const found = await findSource(tx, version)
        if ('error' in found) {
          await tx.datasets.updateVersion(datasetId, number, { status: 'failed', error: found.error })
          await endTries(tx, jobOf(version))
          return null
        }
        const patch = { status: 'ingesting', progress: { images: 0, rejected: 0 } } as const
        await tx.datasets.updateVersion(datasetId, number, patch)
        return { version: { ...version, ...patch }, ...found }
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

    givenLabels: (selected, signal) => givenLabels(unitOfWork, selected, signal),

    giveBack: (order) => unitOfWork((tx) => giveBack(tx, jobOf(order.version), worker))
  }
}

type Source = Omit<IngestOrder, 'version'>

async function findSource(tx: Stores, version: DatasetVersion): Promise<Source | { readonly error: JobError }> {
  const { source, projectId } = version
  if (source.type === 'selection') {
    const selected = await findSelected(tx, version, source)
    return 'code' in selected ? { error: selected } : { uploads: [], selected }
  }
  const uploads: Upload[] = []
  for (const id of source.type === 'upload' ? source.uploads : []) {
    const upload = await tx.datasets.findUpload(projectId, id)
    if (upload?.status !== 'completed') {
      return { error: { code: 'upload_not_found', message: `Upload ${id} is gone or was never completed.` } }
    }
    uploads.push(upload)
  }
  return { uploads, selected: null }
}
