/**
 * The worker's side of a batch (services/jobs/attempts.ts). One that is cancelled, or whose window is over, is still its worker's: what is
 * finished is joined to files before it ends.
 */
import { type Batch, type BatchCounts, bytesPerImage, endOf, isBatchEnded } from '../../domain/batch.ts'
import type { StoredRequests } from '../../domain/file.ts'
import type { Model } from '../../domain/model.ts'
import type { Stores } from '../../domain/stores.ts'
import { tokensOf } from '../../recipe/network.ts'
import {
  type Attempt,
  type AttemptDeps,
  type Attempts,
  createAttempts,
  type FailAtOnce,
  jobOf,
  type Records
} from '../jobs/attempts.ts'
import { endTries, gotFurther } from '../jobs/job-tries.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { removalOfBatch } from './batches.ts'

/** Everything that it reads. */
export interface BatchOrder {
  readonly batch: Batch
  readonly model: Model
  readonly input: StoredRequests
  readonly tokensPerImage: number
  /** Of answers. */
  readonly bytesPerImage: number
  /** Cancelled, or too late: no line is answered any more. */
  readonly isOver: boolean
}

/** Without what its record says anyway. */
export type BatchFile = Pick<StoredRequests, 'id' | 'filename' | 'bytes' | 'sha256' | 'lines'>

/** Why a line was not reached. */
export type Unreached = 'batch_cancelled' | 'batch_expired'

export interface BatchEnd {
  /** Of lines that were reached. */
  readonly counts: Omit<BatchCounts, 'total'>
  /** Lines that were not, which are told among the failures. */
  readonly unreached: number
  /** Null where there is not a line in it. */
  readonly output: BatchFile | null
  readonly errors: BatchFile | null
}

export interface BatchProgress {
  readonly counts: Omit<BatchCounts, 'total'>
  /** That all of its lines together have, answered or not: known before the first is answered. */
  readonly images: number
}

export interface BatchJobs extends Pick<Attempts<Batch>, 'state' | 'fail' | 'giveBack'> {
  /** Null when there is nothing to do: it is gone or has ended. What is missing fails it. */
  begin(id: string): Promise<BatchOrder | null>
  /** It got further: what failed before is forgiven. @throws AppError quota_exceeded where lines have more images than there is room for */
  progress(attempt: Attempt, order: Pick<BatchOrder, 'bytesPerImage'>, progress: BatchProgress): Promise<void>
  /** Its parts are joined. @returns why lines were not reached, if any were not; null when another has it by now */
  finalize(attempt: Attempt): Promise<Unreached | null>
  /** @returns false when another has it by now, and the files are nobody's */
  complete(attempt: Attempt, end: BatchEnd): Promise<boolean>
}

export function createBatchJobs(deps: AttemptDeps): BatchJobs {
  const { clock, worker } = deps
  const now = () => new Date(clock.now())
  const isOver = ({ status, expiresAt }: Batch) => status === 'cancelling' || now() >= expiresAt
  const records: Records<Batch> = {
    load: (tx, id) => tx.batches.load(id),
    async lockOpen(tx, id) {
      const known = await tx.batches.load(id, { lock: true })
      return known === null || isBatchEnded(known) ? null : known
    },
    isEnded: isBatchEnded,
    // Of one that is finalized nothing more is computed.
    isUnwanted: (known) => !isBatchEnded(known) && known.status !== 'finalizing' && isOver(known),
    async close(tx, known, { error, at }) {
      await tx.batches.update(known.id, { status: 'failed', error, finishedAt: at, expectedBytes: 0 })
      await tx.removals.add([removalOfBatch(known)], at)
    }
  }
  const { begin, withOwn, ...attempts } = createAttempts(deps, records)

  return {
    ...attempts,

    begin: (id) => begin(id, (tx, known, fail) => orderOf(tx, known, { fail, at: now(), isOver: isOver(known) })),

    progress: (attempt, { bytesPerImage }, { counts, images }) =>
      withOwn(attempt, {
        otherwise: undefined,
        async work(tx, known) {
          const { total } = known.counts
          // When it was made, nobody knew of more than an image a line.
          const expectedBytes = Math.max(known.expectedBytes, images * bytesPerImage)
          const more = expectedBytes - known.expectedBytes
          if (more > 0)
            await checkQuotas(tx, { projectId: known.projectId, wanted: { storageBytes: more }, now: now() })
          await tx.batches.update(known.id, { counts: { ...counts, total }, expectedBytes })
          await gotFurther(tx, jobOf(known), worker)
        }
      }),

    finalize: (attempt) =>
      withOwn(attempt, {
        otherwise: null,
        async work(tx, { id, status, finalizingAt }): Promise<Unreached> {
          if (status === 'in_progress') await tx.batches.update(id, { status: 'finalizing', finalizingAt: now() })
          // Cancelled while its files were joined: what was not reached had come too late before.
          return status === 'cancelling' && finalizingAt === null ? 'batch_cancelled' : 'batch_expired'
        }
      }),

    complete: (attempt, end) =>
      withOwn(attempt, {
        otherwise: false,
        async work(tx, known) {
          const reached = { ...end.counts, total: known.counts.total }
          const counts = { ...reached, failed: reached.failed + end.unreached }
          const at = now()
          const { id, projectId } = known
          for (const file of [end.output, end.errors])
            if (file !== null) await tx.files.insert({ ...file, projectId, purpose: 'batch_output', createdAt: at })
          await tx.batches.update(id, {
            status: endOf({ ...known, counts: reached }, at),
            counts,
            outputFileId: end.output?.id ?? null,
            errorFileId: end.errors?.id ?? null,
            expectedBytes: 0,
            finishedAt: at
          })
          await endTries(tx, jobOf(known))
          await tx.removals.add([removalOfBatch(known)], at)
          return true
        }
      })
  }
}

async function orderOf(
  tx: Stores,
  known: Batch,
  { fail, at, isOver }: { readonly fail: FailAtOnce; readonly at: Date; readonly isOver: boolean }
): Promise<BatchOrder | null> {
  const model = await tx.models.load(known.modelId)
  if (model?.status !== 'ready' || model.config === null)
    return fail('model_not_ready', `Model ${known.modelId} is not ready.`)
  const input = await tx.files.find(known.projectId, known.inputFileId)
  if (input === null) return fail('file_not_found', `File ${known.inputFileId} is gone.`)
  const patch = {
    status: known.status === 'validating' ? 'in_progress' : known.status,
    attempt: known.attempt + 1,
    startedAt: known.startedAt ?? at
  } as const
  await tx.batches.update(known.id, patch)
  return {
    batch: { ...known, ...patch },
    model,
    input,
    tokensPerImage: tokensOf(model.config),
    bytesPerImage: bytesPerImage(model.config),
    isOver
  }
}
