/**
 * A model or a checkpoint measured on packed datasets:
 *
 *   begin ─→ its files and the datasets to this disk ─→ trainer child reads and computes ─→ results, succeeded
 *     │                                                │
 *     └ null: nothing to do                            ├ failed: with the code
 *                                                      └ cancelled, or begun by another worker: child stopped
 *
 * A worker that ends gives the evaluation back, one that fails leaves it to others; the next starts over, but for what trains: that goes
 * on (kept-evaluations.ts).
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { goesByNames, isTrained } from '../base/evaluation.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import { probedFiles, servedFiles } from '../cache/model-folders.ts'
import type { DatasetVersion } from '../domain/dataset.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { EvaluatedEvent, EvaluateRequest, MeasuredFolder, NamedFolder } from '../protocol/evaluation-messages.ts'
import type { WorkEvent } from '../protocol/trainer-messages.ts'
import type { EvaluationJobs, EvaluationOrder, Measurable } from '../services/evaluations/evaluation-jobs.ts'
import { datasetEntry } from './dataset-entry.ts'
import { fetchKept, removeKept, storeKept } from './kept-evaluations.ts'
import { doQueued, type QueuedWork, type QueuedWorkDeps } from './queued-work.ts'
import { fetchCheckpoint } from './restore-checkpoint.ts'
import { inScratch } from './scratch.ts'
import { askTrainer, type StartTrainer } from './trainer-request.ts'

export interface EvaluateModelDeps extends QueuedWorkDeps {
  readonly evaluations: EvaluationJobs
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly tracing: Tracing
  readonly startTrainer: StartTrainer
  readonly threads: number
  /** By default two minutes. */
  readonly keepTrainingEveryMs?: number
}

export type EvaluateModel = (payload: { readonly evaluationId: string }, signal: AbortSignal) => Promise<void>

const PROGRESS_MS = 1000

/** What a worker that ends takes along of training, at the most, but for an epoch. */
const KEEP_MS = 120_000

/** There is nothing to save: a batch under way may end, a protocol is cut off. */
const STOP_GRACE_MS = 2000

/** What takes longer has been let in by mistake. The queue would start it over after a day, without end. */
const LONGEST_MS = 12 * 3600_000

/** A protocol is computed in one go and says nothing until it is done. */
const SILENCE = { startMs: 30 * 60_000, stepMs: LONGEST_MS }

export const createEvaluateModel =
  (given: EvaluateModelDeps): EvaluateModel =>
  async ({ evaluationId: id }, jobSignal) => {
    const deps = { ...given, logger: given.logger.child({ evaluationId: id }) }
    const { evaluations, clock, logger } = deps
    const work: QueuedWork<EvaluationOrder, EvaluatedEvent> = {
      ...({ kind: 'evaluate-model', id, jobs: evaluations } as const),
      attemptOf: ({ evaluation }) => evaluation,
      make: (order, signal) => measure(deps, order, signal),
      async complete({ evaluation }, evaluated) {
        await evaluations.complete(evaluation, evaluated)
        return true
      },
      limit: () => limitTime(clock)
    }
    if ((await doQueued(deps, work, jobSignal)) === 'left') return
    await retire(deps, id).catch((error: unknown) =>
      logger.warn({ err: error }, 'old checkpoints could not be retired')
    )
  }

/** Checkpoints and the state of training that were kept for this evaluation alone; what stays after a failure goes with the next checkpoint or evaluation. */
async function retire({ evaluations, objects }: EvaluateModelDeps, id: string): Promise<void> {
  await evaluations.retire(id)
  await removeKept({ id, objects })
}

function limitTime(clock: Clock): { readonly signal: AbortSignal; end(): void } {
  const late = new AbortController()
  const ended = new AbortController()
  const message = `It took longer than ${LONGEST_MS / 3600_000} hours.`
  const expire = () => late.abort(new AppError('evaluation_too_large', { message }))
  clock.sleep(LONGEST_MS, ended.signal).then(expire, () => {}) // ended: in time
  return { signal: late.signal, end: () => ended.abort() }
}

async function measure(deps: EvaluateModelDeps, order: EvaluationOrder, signal: AbortSignal): Promise<EvaluatedEvent> {
  const { cache, folders, startTrainer, tracing } = deps
  const held: CachedFolder[] = []
  const { protocols } = order.evaluation
  const readsWeights = protocols?.some((name) => isTrained(name) || goesByNames(name)) ?? false
  const hold = async (entry: Parameters<LocalCache['acquire']>[0]): Promise<string> => {
    const cached = await cache.acquire(entry, signal)
    held.push(cached)
    return cached.folder
  }
  return inScratch(folders, order.evaluation.id, async (folder) => {
    const fetched = await tracing.step('sources fetch', {}, () =>
      fetchFolders(deps, order, { folder, hold, readsWeights, signal })
    )
    const request = requestOf(deps, order, fetched)
    const onEvent = reportProgress(deps, order)
    const asking = { request, last: 'evaluated', onEvent, signal, graceMs: STOP_GRACE_MS, silence: SILENCE } as const
    return await tracing.step('trainer evaluate', {}, () => askTrainer(startTrainer, asking))
  }).finally(async () => {
    for (const one of held) await one.release()
  })
}

/** One after the other: each may fill the line by itself. */
async function fetchFolders(deps: EvaluateModelDeps, order: EvaluationOrder, fetching: Fetching): Promise<Folders> {
  const { folder, hold, signal } = fetching
  const subject = await fetchSubject(deps, order.subject, fetching)
  const against = order.against && (await fetchAgainst(deps, order.against, { ...fetching, readsWeights: false }))
  const fetched = async (version: DatasetVersion) => hold(await datasetEntry(deps.objects, version))
  const bank = await fetched(order.bank)
  const queries = order.queries && (await fetched(order.queries))
  const distractors = order.distractors && (await fetched(order.distractors))
  const whitening = order.whitening && (await fetched(order.whitening))
  const isKept = order.evaluation.protocols?.some(isTrained) ?? false
  const keeping = isKept ? await keepingOf(deps, order, { folder, signal }) : undefined
  return { subject, against, bank, queries, distractors, whitening, keeping }
}

interface Fetching {
  /** Of this evaluation alone. */
  readonly folder: string
  readonly hold: (entry: Parameters<LocalCache['acquire']>[0]) => Promise<string>
  /** The weights themselves are needed. */
  readonly readsWeights: boolean
  readonly signal: AbortSignal
}

/** A checkpoint is read once and goes past the cache. */
async function fetchSubject(
  { objects }: EvaluateModelDeps,
  subject: Measurable,
  { folder, hold, readsWeights, signal }: Fetching
): Promise<MeasuredFolder> {
  if (subject.kind === 'model') {
    const { model } = subject
    const weights = readsWeights ? { weightsFolder: await hold(probedFiles(model)) } : {}
    return { kind: 'model', folder: await hold(servedFiles(model)), ...weights }
  }
  const checkpoint = join(folder, 'checkpoint')
  await fetchCheckpoint(subject.checkpoint, { objects, folder: checkpoint, signal })
  return { kind: 'checkpoint', folder: checkpoint, programsFolder: folder }
}

type Against = NonNullable<EvaluateRequest['against']>

/** In a folder of its own: programs of two checkpoints have the same names. */
async function fetchAgainst(
  deps: EvaluateModelDeps,
  subject: Measurable,
  { folder, ...fetching }: Fetching
): Promise<Against> {
  const own = join(folder, 'against')
  await mkdir(own)
  const name = subject.kind === 'model' ? subject.model.id : subject.checkpoint.id
  return { subject: await fetchSubject(deps, subject, { folder: own, ...fetching }), name }
}

/** A first attempt finds nothing. */
async function keepingOf(
  { objects, logger, keepTrainingEveryMs: everyMs = KEEP_MS }: EvaluateModelDeps,
  { evaluation: { id } }: EvaluationOrder,
  { folder: work, signal }: { readonly folder: string; readonly signal: AbortSignal }
): Promise<EvaluateRequest['keeping']> {
  const folder = join(work, 'kept')
  return { folder, everyMs, found: await fetchKept({ id, objects, logger }, { folder, signal }) }
}

interface Folders {
  readonly subject: MeasuredFolder
  readonly against: Against | null
  readonly bank: string
  readonly queries: string | null
  readonly distractors: string | null
  readonly whitening: string | null
  readonly keeping: EvaluateRequest['keeping'] | undefined
}

function requestOf(
  { threads }: EvaluateModelDeps,
  { evaluation, bank, queries, distractors, whitening, groundTruth }: EvaluationOrder,
  folders: Folders
): EvaluateRequest {
  const { protocols, settings } = evaluation
  const named = (folder: string | null, version: DatasetVersion | null): NamedFolder | null =>
    folder === null || version === null ? null : { folder, name: `${version.datasetId}@${version.version}` }
  return {
    type: 'evaluate',
    subject: folders.subject,
    bank: named(folders.bank, bank)!,
    queries: named(folders.queries, queries),
    protocols,
    settings,
    against: folders.against,
    distractors: named(folders.distractors, distractors),
    whitening: named(folders.whitening, whitening),
    groundTruth,
    ...(folders.keeping && { keeping: folders.keeping }),
    ...(threads === 0 ? {} : { threads })
  }
}

/** State of what trains at once; progress at its own pace while images are read, and at every protocol; what cannot be written is not waited for. */
function reportProgress(
  { evaluations, objects, clock, logger, tracing }: EvaluateModelDeps,
  { evaluation }: EvaluationOrder
): (event: WorkEvent) => Promise<void> {
  const { totalImages } = evaluation.progress
  let shownAt = Number.NEGATIVE_INFINITY
  return async (event) => {
    if (event.type === 'evaluation_kept') return storeKept({ id: evaluation.id, objects, logger }, event)
    if (event.type !== 'evaluation_progress') return
    if (event.protocol === null && clock.now() - shownAt < PROGRESS_MS) return
    shownAt = clock.now()
    const { images, protocol, measured, share } = event
    const progress = { images, totalImages, protocol, measured, ...(share === undefined ? {} : { share }) }
    await tracing
      .quietly(() => evaluations.progress(evaluation, progress))
      .catch((error: unknown) => logger.warn({ err: error }, 'progress could not be written'))
  }
}
