/**
 * A dataset version embedded by a model:
 *
 *   begin ─→ parts that are missing: model and images to this disk, trainer child embeds, each part to the object store
 *     │   ─→ rows that are missing into the table that is searched, and its graph unless that grew with them
 *     │   ─→ parts joined to files, and laid onto a plane (vector-map.ts) ─→ succeeded
 *     │        │
 *     │        ├ failed: with the code
 *     │        └ cancelled or removed: child stopped, what there is removed
 *     └ null: nothing to do
 *
 * Whoever goes on begins behind the last part and the last row that are stored, and ends in the same bytes.
 */
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
import { doQueued, type QueuedWork, type QueuedWorkDeps } from './queued-work.ts'
import { inScratch } from './scratch.ts'
import { askTrainer, type StartTrainer } from './trainer-request.ts'
import { makeMap } from './vector-map.ts'
import { parquetOf } from './vector-parquet.ts'

export interface EmbedDatasetDeps extends QueuedWorkDeps {
  readonly vectorSets: VectorSetJobs
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly tracing: Tracing
  readonly startTrainer: StartTrainer
  readonly threads: number
  /** By default 4096. */
  readonly partImages?: number
  /** Of a map; by default 200,000. */
  readonly mostPoints?: number
}

export type EmbedDataset = (payload: { readonly vectorSetId: string }, signal: AbortSignal) => Promise<void>

/** 6 MB of 384 dimensions: a minute or two of work, at the most, is done again. */
const PART_IMAGES = 4096
const ROWS_AT_ONCE = 500
/** With a graph, on the embedded database, a second of a processor in which nobody else has it. */
const ROWS_INTO_GRAPH = 50
const PROGRESS_MS = 1000
/** There is nothing to save. */
const STOP_GRACE_MS = 2000

export const createEmbedDataset =
  (given: EmbedDatasetDeps): EmbedDataset =>
  async ({ vectorSetId: id }, jobSignal) => {
    const deps = { ...given, logger: given.logger.child({ vectorSetId: id }) }
    const { vectorSets, partImages = PART_IMAGES } = deps
    const partsOfSet = ({ set }: VectorSetOrder): Parts => ({ objects: deps.objects, set, partImages })
    const work: QueuedWork<VectorSetOrder, readonly StoredFile[]> = {
      ...({ kind: 'embed-dataset', id, jobs: vectorSets } as const),
      attemptOf: ({ set }) => set,
      make: (order, signal) => make(deps, order, { parts: partsOfSet(order), signal }),
      complete: (order, files) => vectorSets.complete(order.set, files, partsPrefix(partsOfSet(order))),
      onUnwanted: () => removeUnwanted(deps, id)
    }
    await doQueued(deps, work, jobSignal)
  }

/** Its removal may have passed before this worker stopped writing. What stays after a failure here, npm run gc finds. */
async function removeUnwanted({ vectorSets, objects }: EmbedDatasetDeps, id: string): Promise<void> {
  await objects.removePrefix(vectorSetPrefix(id))
  await vectorSets.dropTable(id)
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
  const joining = { signal, parquet: parquetOf(parts, signal) }
  const files = await tracing.step('vectors join', {}, () => joinParts(parts, joining))
  return [...files, await tracing.step('vectors map', {}, () => makeMap(deps, parts, signal))]
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
async function index(
  { vectorSets, tracing }: EmbedDatasetDeps,
  { set }: VectorSetOrder,
  { parts, signal }: Making
): Promise<void> {
  if (set.index === null) return
  const searched = { ...set, index: set.index }
  const { totalImages } = set.progress
  const table = await vectorSets.openTable(set, searched)
  if (table === null) return
  const { lacksGraph } = table
  const atOnce = set.index === 'hnsw' && !lacksGraph ? ROWS_INTO_GRAPH : ROWS_AT_ONCE
  let added = table.rows
  while (added < totalImages) {
    const part = Math.floor(added / parts.partImages)
    const rows = (await readPart(parts, part)).slice(added - imagesIn(parts, part))
    for (let from = 0; from < rows.length; from += atOnce) {
      signal.throwIfAborted()
      await vectorSets.addRows(searched, rows.slice(from, from + atOnce))
    }
    added += rows.length
    await vectorSets.progress(set, { images: totalImages, totalImages, indexed: lacksGraph ? 0 : added })
  }
  if (lacksGraph) await tracing.step('vectors graph', {}, () => vectorSets.buildGraph(searched, totalImages, signal))
}
