/**
 * A dataset version embedded by a model:
 *
 *   begin ─→ parts that are missing: model and images to this disk, trainer child embeds, each part to the object store
 *     │   ─→ rows that are missing into the table that is searched
 *     │   ─→ parts joined to files ─→ succeeded
 *     │        │
 *     │        ├ failed: with the code
 *     │        └ cancelled or removed: child stopped, what there is removed
 *     └ null: nothing to do
 *
 * Whoever goes on begins behind the last part and the last row that are stored, and ends in the same bytes. Outages are waited for,
 * a child that others killed is tried once more.
 */
import type { Clock } from '../base/clock.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import type { CachedFolder, LocalCache } from '../cache/local-cache.ts'
import { servedFiles } from '../cache/model-folders.ts'
import type { StoredFile } from '../domain/checkpoint.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { vectorSetPrefix } from '../domain/vector-set.ts'
import type { WorkEvent } from '../protocol/trainer-messages.ts'
import type { VectorSetJobs, VectorSetOrder } from '../services/vector-sets/vector-set-jobs.ts'
import { datasetEntry } from './dataset-entry.ts'
import {
  countStored,
  imagesIn,
  joinParts,
  type Parts,
  partsOf,
  partsPrefix,
  readPart,
  storePart
} from './embedded-parts.ts'
import { leave, type OnOutcome, outcomeOf } from './fitness.ts'
import { retryOutages } from './retry.ts'
import { inScratch } from './scratch.ts'
import { askTrainer, describeFailure, persist, type StartTrainer } from './trainer-request.ts'
import { watchWanted } from './watch.ts'

export interface EmbedDatasetDeps {
  readonly vectorSets: VectorSetJobs
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  readonly startTrainer: StartTrainer
  readonly threads: number
  readonly draining: AbortSignal
  readonly onOutcome: OnOutcome
  /** By default 4096. */
  readonly partImages?: number
}

export type EmbedDataset = (payload: { readonly vectorSetId: string }, signal: AbortSignal) => Promise<void>

/** 6 MB of 384 dimensions: a minute or two of work, at the most, is done again. */
const PART_IMAGES = 4096
/** In one statement: with a graph, on the embedded database, a second of a processor in which nobody else has it. */
const ROWS_AT_ONCE = { hnsw: 50, exact: 500, scan: 500 } as const
const PROGRESS_MS = 1000
/** There is nothing to save. */
const STOP_GRACE_MS = 2000

export const createEmbedDataset =
  (deps: EmbedDatasetDeps): EmbedDataset =>
  async ({ vectorSetId: id }, jobSignal) => {
    const { vectorSets, clock } = deps
    const logger = deps.logger.child({ vectorSetId: id })
    const leaving = AbortSignal.any([jobSignal, deps.draining])
    const patience = { clock, logger, signal: leaving }
    const order = await retryOutages(() => vectorSets.begin(id), patience)
    if (order !== null) await work({ ...deps, logger }, order, { leaving, patience })
  }

interface Conditions {
  /** Aborted when this worker has to leave it. */
  readonly leaving: AbortSignal
  readonly patience: Parameters<typeof retryOutages>[1]
}

async function work(deps: EmbedDatasetDeps, order: VectorSetOrder, { leaving, patience }: Conditions): Promise<void> {
  const { vectorSets, clock, logger, partImages = PART_IMAGES } = deps
  const { set } = order
  const watch = watchWanted({ clock, logger }, () => vectorSets.state(set))
  const signal = AbortSignal.any([leaving, watch.signal])
  const parts = { objects: deps.objects, set, partImages }
  try {
    const files = await persist({ clock, logger, signal }, () => make(deps, order, { parts, signal }))
    const isOurs = await retryOutages(() => vectorSets.complete(set, files, partsPrefix(parts)), patience)
    if (!isOurs) return await removeUnwanted(deps, order)
    logger.info({ images: set.progress.totalImages, index: set.index }, 'dataset is embedded')
    deps.onOutcome(set.id, 'worked')
  } catch (error) {
    if (leaving.aborted) return await leave({ logger }, () => vectorSets.giveBack(set))
    if (watch.signal.aborted) return await removeUnwanted(deps, order)
    const failure = describeFailure(error)
    const verdict = await retryOutages(() => vectorSets.fail(set, failure), patience)
    logger.error({ err: error, verdict }, 'dataset could not be embedded')
    happened('jobFailed', { kind: 'embed-dataset', code: failure.code })
    deps.tracing.fail(failure.code, failure.message)
    deps.onOutcome(set.id, outcomeOf(verdict))
  } finally {
    watch.end()
  }
}

/** Its removal may have passed before this worker stopped writing. What stays after a failure here, npm run gc finds. */
async function removeUnwanted(
  { vectorSets, objects, logger }: EmbedDatasetDeps,
  { set }: VectorSetOrder
): Promise<void> {
  logger.info('vector set is not wanted any more')
  if ((await vectorSets.state(set)) !== 'unwanted') return
  await objects.removePrefix(vectorSetPrefix(set.id))
  await vectorSets.dropTable(set.id)
}

interface Making {
  readonly parts: Parts
  readonly signal: AbortSignal
}

/** Each step finds what is done already. */
async function make(deps: EmbedDatasetDeps, order: VectorSetOrder, making: Making): Promise<readonly StoredFile[]> {
  const { tracing } = deps
  const { parts, signal } = making
  const stored = await countStored(parts)
  if (stored < partsOf(parts)) await embed(deps, order, { ...making, stored })
  await tracing.step('vectors index', {}, () => index(deps, order, making))
  return tracing.step('vectors join', {}, () => joinParts(parts, signal))
}

async function embed(
  deps: EmbedDatasetDeps,
  order: VectorSetOrder,
  { parts, signal, stored }: Making & { readonly stored: number }
): Promise<void> {
  const { cache, folders, startTrainer, threads, tracing } = deps
  const held: CachedFolder[] = []
  const hold = async (entry: Parameters<LocalCache['acquire']>[0]): Promise<string> => {
    const cached = await cache.acquire(entry, signal)
    held.push(cached)
    return cached.folder
  }
  await inScratch(folders, order.set.id, async (partsFolder) => {
    const modelFolder = await hold(servedFiles(order.model))
    const datasetFolder = await hold(await datasetEntry(deps.objects, order.version))
    const request = {
      ...({ type: 'embed', modelFolder, datasetFolder, partsFolder, firstPart: stored } as const),
      ...{ partImages: parts.partImages, assigns: order.set.prototypes !== null },
      ...(threads === 0 ? {} : { threads })
    }
    const onEvent = followEmbedding(deps, order, parts)
    const asking = { request, last: 'embedded', onEvent, signal, graceMs: STOP_GRACE_MS } as const
    await tracing.step('trainer embed', {}, () => askTrainer(startTrainer, asking))
  }).finally(async () => {
    for (const one of held) await one.release()
  })
}

/** A part is stored before the next event is heard; progress has its own pace, and what cannot be written of it is not waited for. */
function followEmbedding(
  { vectorSets, clock, logger, tracing }: EmbedDatasetDeps,
  { set }: VectorSetOrder,
  parts: Parts
): (event: WorkEvent) => Promise<void> {
  let shownAt = Number.NEGATIVE_INFINITY
  return async (event) => {
    if (event.type === 'embedded_part') return storePart(parts, event)
    if (event.type !== 'embedding_progress' || clock.now() - shownAt < PROGRESS_MS) return
    shownAt = clock.now()
    const progress = { ...set.progress, images: event.images, indexed: 0 }
    await tracing
      .quietly(() => vectorSets.progress(set, progress))
      .catch((error: unknown) => logger.warn({ err: error }, 'progress could not be written'))
  }
}

/** Rows are added in their order, so as many as there are need not be added again. */
async function index(deps: EmbedDatasetDeps, { set }: VectorSetOrder, { parts, signal }: Making): Promise<void> {
  const { vectorSets } = deps
  if (set.index === null) return
  const searched = { ...set, index: set.index }
  const { totalImages } = set.progress
  let indexed = await vectorSets.openTable(set, searched)
  const atOnce = ROWS_AT_ONCE[set.index]
  while (indexed !== null && indexed < totalImages) {
    const part = Math.floor(indexed / parts.partImages)
    const rows = (await readPart(parts, part)).slice(indexed - imagesIn(parts, part))
    for (let from = 0; from < rows.length; from += atOnce) {
      signal.throwIfAborted()
      await vectorSets.addRows(searched, rows.slice(from, from + atOnce))
    }
    indexed += rows.length
    await vectorSets.progress(set, { images: totalImages, totalImages, indexed })
  }
}
