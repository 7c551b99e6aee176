/**
 * From what a user has to a dataset version:
 *
 *   begin ─→ sources to the local disk ─→ ingester child packs them, shards go up ─→ indexes up, manifest last ─→ ready
 *     │                                        │
 *     └ null: nothing to do                    ├ failed: objects removed, version failed with the code
 *                                              └ no longer wanted: child killed, objects removed
 *
 * The child reads what strangers have sent: it may die, and takes nothing with it but the shard that is open. Outages are waited for.
 * A worker that ends leaves the version as it is: whoever has it next goes on behind the shards that are kept (kept-shards.ts).
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import { forEachLimited } from '../cache/transfer.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { Child } from '../processes/child.ts'
import {
  DEFAULT_INGEST_LIMITS,
  type IngestDone,
  type IngestLimits,
  type IngestMessage,
  type IngestRequest
} from '../protocol/ingest-messages.ts'
import { versionPrefix } from '../services/datasets/dataset-versions.ts'
import type { IngestOrder, IngestService } from '../services/datasets/ingests.ts'
import { leave, type OnOutcome, outcomeOf } from './fitness.ts'
import { fetchSources } from './ingest-sources.ts'
import { fetchKept, forgetKept, type KeptPlace, type ShardUploads, sourceHash, uploadShards } from './kept-shards.ts'
import { retryOutages } from './retry.ts'
import { inScratch } from './scratch.ts'
import { tellingLine } from './trainer-outcome.ts'
import { describeFailure } from './trainer-request.ts'
import { watchWanted } from './watch.ts'

type Manifest = IngestDone['manifest']

export interface IngestDatasetDeps {
  readonly ingests: IngestService
  readonly objects: ObjectStore
  readonly folders: WorkFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  /** Path of src/bin/ingester.ts, or of a stand-in. */
  readonly entry: string
  readonly limits: Partial<IngestLimits>
  /** Of the sources as they are stored: what is put on the local disk before packing. */
  readonly maxSourceBytes: number
  readonly draining: AbortSignal
  readonly onOutcome: OnOutcome
}

export type IngestDataset = (
  payload: { readonly datasetId: string; readonly version: number },
  signal: AbortSignal
) => Promise<void>

const PROGRESS_MS = 1000
const MOST_ATTEMPTS = 2

export const createIngestDataset =
  (deps: IngestDatasetDeps): IngestDataset =>
  async ({ datasetId, version }, jobSignal) => {
    const logger = deps.logger.child({ datasetId, version })
    const leaving = AbortSignal.any([jobSignal, deps.draining])
    const patience = { clock: deps.clock, logger, signal: leaving }
    const order = await retryOutages(() => deps.ingests.begin(datasetId, version), patience)
    if (order !== null && (await make({ ...deps, logger }, order, patience)) === 'left') return
    // Also what a worker left that died after the version was cancelled.
    const state = await retryOutages(() => deps.ingests.state(datasetId, version), patience)
    // Here rather than before it was ready: a worker that dies in between must find them.
    if (state === 'ended') await forgetKept({ ...deps, patience }, versionPrefix(datasetId, version))
    if (state !== 'unwanted') return
    await retryOutages(() => deps.objects.removePrefix(`${versionPrefix(datasetId, version)}/`), patience)
    logger.info('dataset version is not wanted any more')
  }

/** Ends when the version has: as ready, as failed, or unwanted; or when it is left to the next try. */
async function make(deps: IngestDatasetDeps, order: IngestOrder, patience: Patience): Promise<'ended' | 'left'> {
  const { ingests, objects, logger, tracing } = deps
  const { datasetId, version, prefix } = order.version
  const watch = watchWanted(deps, () => ingests.state(datasetId, version))
  const signal = AbortSignal.any([patience.signal, watch.signal])
  try {
    const manifest = await inScratch(deps.folders, `${datasetId}-v${version}`, async (folder) => {
      const packed = await pack(deps, order, { folder, signal })
      const publishing = { prefix, packed, patience: { ...patience, signal } }
      await tracing.step('version upload', {}, () => publish(deps, publishing))
      return packed.manifest
    })
    const isKept = await retryOutages(() => ingests.complete(order, resultOf(manifest)), patience)
    const { images, rejected } = manifest
    if (isKept) logger.info({ images, rejected }, 'dataset version is ready')
    deps.onOutcome(datasetId, 'worked')
    return 'ended'
  } catch (error) {
    if (patience.signal.aborted) {
      await leave({ logger }, () => ingests.giveBack(order))
      return 'left'
    }
    if (watch.signal.aborted) return 'ended'
    const verdict = await retryOutages(() => ingests.fail(order, describeFailure(error)), patience)
    logger.warn({ err: error, verdict }, 'dataset version could not be made')
    const failure = describeFailure(error)
    happened('jobFailed', { kind: 'ingest-dataset', code: failure.code })
    tracing.fail(failure.code, failure.message)
    deps.onOutcome(datasetId, outcomeOf(verdict))
    if (verdict.type !== 'over') return 'left'
    await retryOutages(() => objects.removePrefix(`${prefix}/`), patience)
    return 'ended'
  } finally {
    watch.end()
  }
}

type Patience = Parameters<typeof retryOutages>[1]

const resultOf = ({ images, bytes, rejected, duplicates, classes, contentHash, sizes, report }: Manifest) => ({
  images,
  bytes,
  rejected,
  duplicates,
  classes,
  contentHash,
  sizes,
  report: report ?? null
})

interface Place {
  readonly folder: string
  readonly signal: AbortSignal
}

interface Packed {
  readonly folder: string
  readonly manifest: Manifest
  /** Shards from the first on that are in the store already. */
  readonly kept: number
}

/** A child that was killed is tried once more, as often as that gets further; then it is the source that kills it. */
async function pack(deps: IngestDatasetDeps, order: IngestOrder, { folder, signal }: Place): Promise<Packed> {
  const { clock, logger, objects, maxSourceBytes, limits, tracing } = deps
  const into = join(folder, 'sources')
  const { source, prefix } = order.version
  const { maxEntries: maxFiles = DEFAULT_INGEST_LIMITS.maxEntries } = limits
  const options = { objects, uploads: order.uploads, into, maxSourceBytes, maxFiles, signal }
  const patience = { clock, logger, signal }
  const { sources, listing } = await tracing.step('sources fetch', {}, () =>
    retryOutages(() => fetchSources(source, options), patience)
  )
  const place = { prefix, source: sourceHash({ source, listing, limits: { ...DEFAULT_INGEST_LIMITS, ...limits } }) }
  for (let attempt = 1, furthest = 0, killed = 0; ; attempt++) {
    const outFolder = join(folder, `packed-${attempt}`)
    await mkdir(outFolder, { recursive: true })
    const kept = await fetchKept({ objects, patience }, place, outFolder)
    if (kept > furthest) killed = 0
    furthest = Math.max(furthest, kept)
    if (killed === MOST_ATTEMPTS) {
      throw new AppError('internal', { message: 'The process that reads the source was killed, repeatedly.' })
    }
    if (kept > 0) logger.info({ shards: kept }, 'goes on behind the shards of an earlier try')
    const request = requestOf(order, { sources, outFolder, limits, journal: { replay: kept } })
    const packed = await packInto(deps, order, { request, place, signal })
    if (packed !== null) return { ...packed, kept: packed.kept + kept }
    killed++
    await deps.folders.remove(outFolder)
  }
}

const requestOf = (
  { version: { source } }: IngestOrder,
  common: Pick<IngestRequest, 'sources' | 'outFolder' | 'limits' | 'journal'>
): IngestRequest => {
  const { select, classes, channels } = source
  return {
    ...common,
    ...(select === undefined ? {} : { select }),
    ...(classes === undefined ? {} : { classes }),
    ...(channels === undefined ? {} : { channels })
  }
}

interface Ingestion {
  readonly request: IngestRequest
  readonly place: KeptPlace
  readonly signal: AbortSignal
}

/** Null when the child was killed. `kept` counts the shards of this child alone. */
async function packInto(
  deps: IngestDatasetDeps,
  order: IngestOrder,
  { request, place, signal }: Ingestion
): Promise<Packed | null> {
  const { objects, clock, logger, ingests, tracing } = deps
  const { outFolder: folder } = request
  let kept = 0
  const onKept = async () => {
    kept++
    await ingests
      .gotFurther(order)
      .catch((error: unknown) => logger.warn({ err: error }, 'that it got further could not be written'))
  }
  const uploads = uploadShards({ objects, patience: { clock, logger, signal } }, { place, folder, onKept })
  try {
    const either = AbortSignal.any([signal, uploads.failed])
    const run = () => runIngester(deps, order, { request, uploads, signal: either })
    const manifest = await tracing.step('ingester', {}, run)
    // Of a child that was killed, too: what it has packed is whole.
    await uploads.finish()
    return manifest && { folder, manifest, kept }
  } finally {
    await uploads.abandon()
  }
}

/** Null when the child was killed. @throws AppError with the ingester's code; the signal's reason */
async function runIngester(
  deps: IngestDatasetDeps,
  order: IngestOrder,
  { request, uploads, signal }: Omit<Ingestion, 'place'> & { readonly uploads: ShardUploads }
): Promise<Manifest | null> {
  signal.throwIfAborted()
  const child = new Child<IngestMessage>({ entry: deps.entry, output: deps.logger })
  signal.addEventListener('abort', child.kill, { once: true })
  child.send(request)
  try {
    const manifest = await followIngester(deps, order, { child, uploads })
    if (manifest !== null) return manifest
    signal.throwIfAborted()
    const exit = await child.exited
    if (exit.signal !== null) return null
    throw new Error(`the ingester ended with code ${exit.code}: ${tellingLine(exit.lastLines)}`)
  } finally {
    signal.removeEventListener('abort', child.kill)
    child.kill()
    await child.exited
  }
}

async function followIngester(
  { ingests, clock, logger, tracing }: IngestDatasetDeps,
  order: IngestOrder,
  { child, uploads }: { readonly child: Child<IngestMessage>; readonly uploads: ShardUploads }
): Promise<Manifest | null> {
  let shownAt = Number.NEGATIVE_INFINITY
  for await (const message of child.messages) {
    if (message.type === 'done') return message.manifest
    if (message.type === 'failed') throw new AppError(message.code, { ...message.details, message: message.message })
    if (message.type === 'shard') {
      uploads.add(message.shard)
      continue
    }
    if (clock.now() - shownAt < PROGRESS_MS) continue
    shownAt = clock.now()
    const { images, rejected } = message
    await tracing
      .quietly(() => ingests.progress(order, { images, rejected }))
      .catch((error: unknown) => logger.warn({ err: error }, 'progress could not be written'))
  }
  return null
}

interface Publication {
  readonly prefix: string
  readonly packed: Packed
  readonly patience: Patience
}

/** The manifest goes last: a version whose upload was cut short has none. */
async function publish(deps: IngestDatasetDeps, { prefix, packed, patience }: Publication): Promise<void> {
  const upload = (name: string) =>
    retryOutages(() => deps.objects.putFile(`${prefix}/${name}`, join(packed.folder, name)), patience)
  const names = packed.manifest.shards.flatMap(({ name, index }, i) => (i < packed.kept ? [index] : [name, index]))
  await forEachLimited([...names, 'rejected.jsonl'], async (name) => {
    patience.signal.throwIfAborted()
    await upload(name)
  })
  await upload('manifest.json')
}
