/**
 * The worker's side of a vector set:
 *
 *   begin ──→ running ──complete──→ succeeded
 *     │          └──────fail──────→ failed
 *     └ null: nothing to do, or left to others     fail: unless it is tried again (domain/blame.ts)
 *
 * Every begin is another attempt, and only the newest writes, as with evaluations. What is stored of it stays for the next one.
 */
import type { Clock } from '../../base/clock.ts'
import type { StoredFile } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Model } from '../../domain/model.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { isVectorSetEnded, type VectorRow, type VectorSet, type VectorSetProgress } from '../../domain/vector-set.ts'
import type { SearchedSet } from '../../domain/vector-stores.ts'
import {
  endTries,
  failTry,
  giveBack,
  gotFurther,
  type JobError,
  type TriedJob,
  takeTurn,
  type Verdict
} from '../jobs/job-tries.ts'
import { removalOfVectorSet } from './vector-set-removal.ts'

/** Everything that it is made of. */
export interface VectorSetOrder {
  readonly set: VectorSet
  readonly model: Model
  readonly version: DatasetVersion
}

/** What a worker makes: of another attempt nothing is written. */
export type Attempt = Pick<VectorSet, 'id' | 'attempt'>

export interface VectorSetJobs {
  /** Null when there is nothing to do: it is gone, has ended or was cancelled. What is missing fails it. */
  begin(id: string): Promise<VectorSetOrder | null>
  /** `unwanted` when a user has cancelled it, `ended` also when another worker has begun with it. */
  state(attempt: Attempt): Promise<'open' | 'ended' | 'unwanted'>
  /** It got further: what failed before is forgiven. */
  progress(attempt: Attempt, progress: VectorSetProgress): Promise<void>
  /** @returns how many rows its table has, which is made; null when another has it by now */
  openTable(attempt: Attempt, set: SearchedSet): Promise<number | null>
  addRows(set: SearchedSet, rows: readonly VectorRow[]): Promise<void>
  /** @param partsPrefix of objects that nobody needs any more. @returns false when nobody wants it any more */
  complete(attempt: Attempt, files: readonly StoredFile[], partsPrefix: string): Promise<boolean>
  fail(attempt: Attempt, error: JobError): Promise<Verdict>
  /** Of a worker that is told to end. */
  giveBack(attempt: Attempt): Promise<void>
  /** What a worker wrote after it was cancelled or removed. */
  dropTable(id: string): Promise<void>
}

export interface VectorSetJobDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'vectors'>
  readonly clock: Clock
  /** Name of the worker. */
  readonly worker: string
}

export function createVectorSetJobs({ unitOfWork, stores, clock, worker }: VectorSetJobDeps): VectorSetJobs {
  const now = () => new Date(clock.now())

  const withOwn = <T>(
    { id, attempt }: Attempt,
    { work, otherwise }: { readonly work: (tx: Stores, known: VectorSet) => Promise<T>; readonly otherwise: T }
  ): Promise<T> =>
    unitOfWork(async (tx) => {
      const known = await lockOpen(tx, id)
      return known?.attempt === attempt ? work(tx, known) : otherwise
    })

  return {
    begin: (id) => unitOfWork((tx) => begin(tx, { id, worker, at: now() })),

    state: ({ id, attempt }) =>
      unitOfWork(async (tx) => {
        const known = await tx.vectorSets.load(id)
        if (known === null || known.status === 'cancelled') return 'unwanted'
        return isVectorSetEnded(known) || known.attempt !== attempt ? 'ended' : 'open'
      }),

    progress: (attempt, progress) =>
      withOwn(attempt, {
        otherwise: undefined,
        async work(tx, known) {
          await tx.vectorSets.update(known.id, { progress })
          await gotFurther(tx, jobOf(known), worker)
        }
      }),

    openTable: (attempt, set) =>
      withOwn<number | null>(attempt, {
        otherwise: null,
        async work(tx) {
          await tx.vectors.create(set)
          return tx.vectors.count(set)
        }
      }),

    addRows: (set, rows) => stores.vectors.add(set, rows),

    complete: (attempt, files, partsPrefix) =>
      withOwn(attempt, {
        otherwise: false,
        async work(tx, known) {
          const { totalImages } = known.progress
          const progress = { images: totalImages, totalImages, indexed: known.index === null ? 0 : totalImages }
          await tx.vectorSets.update(known.id, {
            status: 'succeeded',
            files,
            progress,
            error: null,
            finishedAt: now()
          })
          await endTries(tx, jobOf(known))
          const removal = { projectId: known.projectId, what: 'vector_parts', subject: known.id } as const
          await tx.removals.add([{ ...removal, prefix: partsPrefix, multipartId: null }], now())
          return true
        }
      }),

    fail: (attempt, error) =>
      withOwn<Verdict>(attempt, {
        otherwise: { type: 'not-ours' },
        async work(tx, known) {
          const verdict = await failTry(tx, { job: jobOf(known), worker, error })
          if (verdict.type === 'over') await close(tx, known, { error: verdict.error, at: now() })
          return verdict
        }
      }),

    giveBack: (attempt) =>
      withOwn(attempt, { otherwise: undefined, work: (tx, known) => giveBack(tx, jobOf(known), worker) }),

    dropTable: (id) => stores.vectors.drop(id)
  }
}

const jobOf = ({ id, projectId }: Pick<VectorSet, 'id' | 'projectId'>): TriedJob => ({ subject: id, projectId })

/** Null for one that has ended, which stays as it is. */
async function lockOpen(tx: Stores, id: string): Promise<VectorSet | null> {
  const known = await tx.vectorSets.load(id, { lock: true })
  return known === null || isVectorSetEnded(known) ? null : known
}

async function close(
  tx: Stores,
  known: VectorSet,
  { error, at }: { readonly error: JobError; readonly at: Date }
): Promise<void> {
  await tx.vectorSets.update(known.id, { status: 'failed', error, finishedAt: at })
  await tx.removals.add([removalOfVectorSet(known)], at)
}

async function begin(
  tx: Stores,
  { id, worker, at }: { readonly id: string; readonly worker: string; readonly at: Date }
): Promise<VectorSetOrder | null> {
  const known = await lockOpen(tx, id)
  if (known === null) return null
  const fail = async (code: string, message: string): Promise<null> => {
    await close(tx, known, { error: { code, message }, at })
    await endTries(tx, jobOf(known))
    return null
  }
  const turn = await takeTurn(tx, jobOf(known), worker)
  if (turn.type === 'left') return null
  if (turn.type === 'over') return fail(turn.error.code, turn.error.message)
  const model = await tx.models.load(known.modelId)
  if (model?.status !== 'ready') return fail('model_not_ready', `Model ${known.modelId} is not ready.`)
  const { datasetId, version: number } = known.dataset
  const version = await tx.datasets.loadVersion(datasetId, number)
  if (version?.status !== 'ready') return fail('dataset_version_not_found', `${datasetId}@${number} is gone.`)
  const patch = { status: 'running', attempt: known.attempt + 1, startedAt: known.startedAt ?? at } as const
  await tx.vectorSets.update(id, patch)
  return { set: { ...known, ...patch }, model, version }
}
