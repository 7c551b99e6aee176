/**
 * Requests of a file, answered by a model:
 *
 *   begin ─→ parts that are missing: model and input to this disk, trainer child answers, each part to the object store
 *     │   ─→ parts joined to a file of answers and one of failures ─→ completed
 *     │        └ cancelled, or too late: child stopped, what is finished joined all the same ─→ cancelled, expired
 *     └ null: nothing to do
 *
 * Whoever goes on begins behind the last part that is stored, and ends in the same bytes.
 */
import { isAppError } from '../base/errors.ts'
import type { IdKind } from '../base/ids.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import { servedFiles } from '../cache/model-folders.ts'
import { CONTENT, filePrefix } from '../domain/file.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { BatchLimits, BatchPosition } from '../protocol/batch-messages.ts'
import type { WorkEvent } from '../protocol/trainer-messages.ts'
import type { BatchFile, BatchJobs, BatchOrder } from '../services/batches/batch-jobs.ts'
import { type BatchEnding, type BatchParts, findStored, joinParts, storePart } from './batch-parts.ts'
import { unreachedLines } from './batch-unreached.ts'
import { doQueued, type QueuedWork, type QueuedWorkDeps } from './queued-work.ts'
import { askTrainer, type StartTrainer } from './trainer-request.ts'

export interface RunBatchDeps extends QueuedWorkDeps {
  readonly batches: BatchJobs
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly tracing: Tracing
  readonly startTrainer: StartTrainer
  readonly threads: number
  readonly newId: (kind: IdKind) => string
  readonly limits: BatchLimits
  /** By default 1024. */
  readonly partLines?: number
}

export type RunBatch = (payload: { readonly batchId: string }, signal: AbortSignal) => Promise<void>

/** 10 MB of answers of 384 numbers: a minute or two of work, at the most, is done again. */
const PART_LINES = 1024
const PROGRESS_MS = 1000
/** There is nothing to save. */
const STOP_GRACE_MS = 2000

export const createRunBatch =
  (given: RunBatchDeps): RunBatch =>
  async ({ batchId: id }, jobSignal) => {
    const deps = { ...given, logger: given.logger.child({ batchId: id }) }
    const { batches, objects, partLines = PART_LINES } = deps
    const leaving = AbortSignal.any([jobSignal, deps.draining])
    const parts: BatchParts = { objects, batch: { id }, partLines }
    const work: QueuedWork<BatchOrder, void> = {
      ...({ kind: 'run-batch', id, jobs: batches } as const),
      attemptOf: ({ batch }) => batch,
      make: (order, signal) => answer(deps, order, { parts, signal }),
      complete: (order) => finish(deps, order, { parts, signal: leaving }),
      onUnwanted: async (order) => void (await finish(deps, order, { parts, signal: leaving }))
    }
    await doQueued(deps, work, jobSignal)
  }

interface Making {
  readonly parts: BatchParts
  readonly signal: AbortSignal
}

/** Finds what is done already. */
async function answer(deps: RunBatchDeps, order: BatchOrder, { parts, signal }: Making): Promise<void> {
  const { cache, folders, startTrainer, threads, tracing, limits } = deps
  const { batch, model, input, tokensPerImage, isOver } = order
  const { position } = await findStored(parts)
  if (isOver || position.completed + position.failed === batch.counts.total) return
  const held: CachedFolder[] = []
  const hold = async (entry: Parameters<LocalCache['acquire']>[0]): Promise<string> => {
    const cached = await cache.acquire(entry, signal)
    held.push(cached)
    return cached.folder
  }
  const partsFolder = await folders.make(batch.id)
  try {
    const modelFolder = await hold(servedFiles(model))
    const { bytes, sha256 } = input
    const inputFolder = await hold({
      prefix: filePrefix(input.id).slice(0, -1),
      files: [{ name: CONTENT, bytes, sha256 }]
    })
    const request = {
      ...({ type: 'batch', batchId: batch.id, endpoint: batch.endpoint, modelFolder, modelId: model.id } as const),
      ...{
        modelName: batch.modelName,
        tokensPerImage,
        inputPath: `${inputFolder}/${CONTENT}`,
        partsFolder,
        lines: input.lines
      },
      ...{ partLines: parts.partLines, position, limits },
      ...(threads === 0 ? {} : { threads })
    }
    const onEvent = follow(deps, order, { parts, position })
    const asking = { request, last: 'batch_answered', onEvent, signal, graceMs: STOP_GRACE_MS } as const
    await tracing.step('trainer batch', {}, () => askTrainer(startTrainer, asking))
  } finally {
    for (const one of held) await one.release()
    await folders.remove(partsFolder)
  }
}

/** A part is stored before the next event is heard; progress has its own pace, and what cannot be written of it is not waited for. */
function follow(
  { batches, clock, logger, tracing }: RunBatchDeps,
  order: BatchOrder,
  { parts, position }: { readonly parts: BatchParts; readonly position: BatchPosition }
): (event: WorkEvent) => Promise<void> {
  let shownAt = Number.NEGATIVE_INFINITY
  let images = 0
  return async (event) => {
    if (event.type === 'batch_part') return storePart(parts, event)
    if (event.type === 'batch_surveyed') images = event.images
    else if (event.type !== 'batch_progress' || clock.now() - shownAt < PROGRESS_MS) return
    else shownAt = clock.now()
    const { offset: _, ...counts } = event.type === 'batch_surveyed' ? position : event.position
    await tracing
      .quietly(() => batches.progress(order.batch, order, { counts, images }))
      .catch((error: unknown) => {
        if (isAppError(error, 'quota_exceeded')) throw error
        logger.warn({ err: error }, 'progress could not be written')
      })
  }
}

/** What is stored, joined to files. They are nobody's when another worker has the batch by now. */
async function finish(
  { batches, objects, newId, tracing, logger }: RunBatchDeps,
  { batch, input }: BatchOrder,
  { parts, signal }: Making
): Promise<boolean> {
  const code = await batches.finalize(batch)
  if (code === null) return false
  const stored = await findStored(parts)
  const { completed, failed, images } = stored.position
  const unreached = batch.counts.total - completed - failed
  const made: BatchFile[] = []
  const join = async (ending: BatchEnding, lines: number): Promise<BatchFile | null> => {
    if (lines === 0) return null
    const hasMore = ending === 'errors' && unreached > 0
    const behind = hasMore ? unreachedLines(objects, { batch, input }, { position: stored.position, code }) : []
    const file = await joinParts(parts, stored.parts, { id: newId('file'), ending, lines, behind, signal })
    made.push(file)
    return file
  }
  const files = await tracing.step('batch join', {}, async () => ({
    output: await join('output', completed),
    errors: await join('errors', failed + unreached)
  }))
  const isOurs = await batches.complete(batch, { counts: { completed, failed, images }, unreached, ...files })
  // What stays after a failure here, npm run gc finds.
  if (!isOurs) for (const { id } of made) await objects.removePrefix(filePrefix(id))
  else logger.info({ completed, failed, unreached, images }, 'batch has ended')
  return isOurs
}
