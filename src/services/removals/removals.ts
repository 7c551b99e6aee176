/** The second step of every removal (domain/removal.ts): what workers do, again and again. Two at once do no harm. */
import type { Clock } from '../../base/clock.ts'
import { AppError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { PointPosition } from '../../domain/metric-stores.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Removal } from '../../domain/removal.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { removalOfUpload } from '../datasets/dataset-removal.ts'
import { storableText } from '../storable-text.ts'

export interface RemovalServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'removals' | 'metrics' | 'vectors'>
  readonly objects: Pick<ObjectStore, 'abortUpload' | 'removePrefix' | 'list'>
  readonly clock: Clock
  readonly logger: Logger
  /** How long objects stay after their record has gone: none is missing in a copy of the bucket that was made meanwhile. */
  readonly delayMs?: number
}

export interface RemovalService {
  /** Removes what is due when it begins; an abort ends it at once. @throws what the database throws */
  sweep(signal: AbortSignal): Promise<void>
}

/** Of one prefix, and of the metrics of a run. What was removed until then stays removed, so that what takes longer gets done by and by. */
const DEADLINE_MS = 5 * 60_000
/** Most are done by then. Who takes longer is joined by another worker, which does no harm; what a killed one had begun waits for no longer. */
const HELD_MS = 2 * 60_000
const FIRST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 3600_000

/** One after the other; a second worker shares the rest. */
const AT_ONCE = 10
const UPLOADS_AT_ONCE = 200
/** The last part may have been sent in the last second, and be about to be completed. */
const UPLOAD_GRACE_MS = 3600_000

const waitMs = (tries: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 20))

export function createRemovalService(deps: RemovalServiceDeps): RemovalService {
  const { unitOfWork, stores, clock, logger, delayMs = 0 } = deps

  /** Their records go now; their parts as all objects do. */
  async function expireUploads(signal: AbortSignal): Promise<void> {
    for (let expired = UPLOADS_AT_ONCE; expired === UPLOADS_AT_ONCE && !signal.aborted; ) {
      expired = await unitOfWork(async (tx) => {
        const now = clock.now()
        const uploads = await tx.datasets.removeExpiredUploads(new Date(now - UPLOAD_GRACE_MS), UPLOADS_AT_ONCE)
        await tx.removals.add(uploads.map(removalOfUpload), new Date(now))
        return uploads.length
      })
      if (expired > 0) logger.info({ uploads: expired }, 'uploads that were never completed have expired')
    }
  }

  /** Millions of rows: piece by piece, so that no lock is long and what was done stays done. */
  async function removeCurves(runId: string, signal: AbortSignal): Promise<void> {
    const until = clock.now() + DEADLINE_MS
    for (let at: PointPosition | null = null; ; ) {
      at = await stores.metrics.removeSome(runId, at)
      if (at === null) return
      signal.throwIfAborted()
      if (clock.now() >= until) throw new Error('Points of its metrics are left.')
    }
  }

  async function settle(removal: Removal, signal: AbortSignal): Promise<void> {
    const { prefix, tries, what, subject } = removal
    try {
      if (what === 'run') await removeCurves(subject, signal)
      if (what === 'vector_set') await stores.vectors.drop(subject)
      await within(DEADLINE_MS, remove(deps.objects, removal), { clock, signal })
      await stores.removals.finish(removal)
    } catch (error) {
      // Whoever comes next begins with it anew, when it is held no more.
      if (signal.aborted) return
      const message = toError(error).message
      const dueAt = new Date(clock.now() + waitMs(tries))
      logger.warn({ what, subject, prefix, tries, error: message, dueAt }, 'objects could not be removed yet')
      await stores.removals.postpone(removal, storableText(message), dueAt)
    }
  }

  return {
    async sweep(signal) {
      await expireUploads(signal)
      const now = new Date(clock.now())
      while (!signal.aborted) {
        const writtenBy = new Date(now.getTime() - delayMs)
        const at = { now, writtenBy, heldUntil: new Date(clock.now() + HELD_MS) }
        const due = await unitOfWork((tx) => tx.removals.claim(at, AT_ONCE))
        if (due.length === 0) return
        for (const removal of due) if (!signal.aborted) await settle(removal, signal)
      }
    }
  }
}

async function remove(objects: RemovalServiceDeps['objects'], { prefix, multipartId }: Removal): Promise<void> {
  if (multipartId !== null) await objects.abortUpload(prefix, multipartId)
  await objects.removePrefix(prefix)
  for await (const { key } of objects.list(prefix)) {
    throw new AppError('storage_unavailable', { message: `${key} is still there.` })
  }
}

/** A store that neither answers nor fails must keep nothing else waiting, nor a worker from its end. */
async function within(
  ms: number,
  work: Promise<void>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }
): Promise<void> {
  const done = new AbortController()
  const message = `The object store took longer than ${ms / 1000} s.`
  const late = clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(() => {
    throw new AppError('storage_unavailable', { message })
  })
  // Whichever comes second is not waited for, and must not end the process.
  for (const one of [work, late]) one.catch(() => {})
  try {
    await Promise.race([work, late])
  } finally {
    done.abort()
  }
}
