/**
 * Makes a model that can be served, of whatever there is:
 *
 *   begin ─→ prepare what the trainer reads ─→ trainer ─→ files to models/{id}/ ─→ prototypes, ready
 *     │                                           │
 *     └ null: nothing to do                       ├ failed: objects removed, model failed with the code
 *                                                 └ no longer wanted: child ended, objects removed
 *
 * Outages are waited for, a trainer that others killed is tried once more. A worker that ends gives the model back, one that fails leaves it
 * to others (services/jobs/job-tries.ts); whoever has it next starts over.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { WorkFolders } from '../base/work-folders.ts'
import { uploadFiles } from '../cache/transfer.ts'
import type { FittedComponent, FittedSummary, MixtureSummary, Model } from '../domain/model.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { ExportRequest, ImportRequest } from '../protocol/export-messages.ts'
import {
  defaultPosterior,
  headOf,
  MODEL_FILES,
  type PrototypeFile,
  type PrototypeRecord,
  readModelConfig,
  readPrototypes,
  type VerificationReport
} from '../protocol/model-folder.ts'
import type { WorkEvent } from '../protocol/trainer-messages.ts'
import { type ExportedModel, type ExportService, modelPrefix } from '../services/models/exports.ts'
import { leave, type OnOutcome, outcomeOf } from './fitness.ts'
import { retryOutages } from './retry.ts'
import { inScratch } from './scratch.ts'
import { askTrainer, describeFailure, persist, type StartTrainer } from './trainer-request.ts'
import { watchWanted } from './watch.ts'

/** There is nothing to save. */
const STOP_GRACE_MS = 2000

export interface ModelTaskDeps {
  readonly exports: ExportService
  readonly objects: ObjectStore
  readonly folders: WorkFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  readonly startTrainer: StartTrainer
  readonly threads: number
  readonly draining: AbortSignal
  readonly onOutcome: OnOutcome
}

/** What differs between models of checkpoints and of weights. */
export interface ModelSource<Order extends { readonly model: Model }> {
  readonly kind: 'export-model' | 'import-model'
  /** Null when there is nothing to do. */
  begin(modelId: string): Promise<Order | null>
  /** Puts everything into `folder`. `release` is called when the trainer has ended. */
  prepare(order: Order, folder: string, signal: AbortSignal): Promise<Prepared>
}

export interface Prepared {
  readonly request: ModelRequest
  release(): Promise<void>
}

type ModelRequest = Omit<ExportRequest, 'outFolder' | 'threads'> | Omit<ImportRequest, 'outFolder' | 'threads'>

export type ModelTask = (payload: { readonly modelId: string }, signal: AbortSignal) => Promise<void>

export const createModelTask =
  <Order extends { readonly model: Model }>(deps: ModelTaskDeps, source: ModelSource<Order>): ModelTask =>
  async ({ modelId }, jobSignal) => {
    const logger = deps.logger.child({ modelId })
    const leaving = AbortSignal.any([jobSignal, deps.draining])
    const patience = { clock: deps.clock, logger, signal: leaving }
    const order = await retryOutages(() => source.begin(modelId), patience)
    if (order !== null && (await make({ ...deps, logger }, { source, order, patience })) === 'left') return
    // Also what a worker left that died after the model was cancelled.
    const state = await retryOutages(() => deps.exports.state(modelId), patience)
    if (state !== 'unwanted') return
    await retryOutages(() => deps.objects.removePrefix(`${modelPrefix(modelId)}/`), patience)
    logger.info('model is not wanted any more')
  }

interface Order<Made extends { readonly model: Model }> {
  readonly source: ModelSource<Made>
  readonly order: Made
  readonly patience: Parameters<typeof retryOutages>[1]
}

/** Ends when the model has: as ready, as failed, or unwanted; or when it is left to the next try. */
async function make<Made extends { readonly model: Model }>(
  deps: ModelTaskDeps,
  { source, order, patience }: Order<Made>
): Promise<'ended' | 'left'> {
  const { exports, objects, logger } = deps
  const { id, prefix } = order.model
  const watch = watchWanted(deps, () => exports.state(id))
  const signal = AbortSignal.any([patience.signal, watch.signal])
  try {
    const exported = await persist({ ...patience, signal }, () => makeModel(deps, { source, order, signal }))
    const isKept = await retryOutages(() => exports.complete(id, exported), patience)
    deps.onOutcome(id, 'worked')
    if (isKept) logger.info({ files: exported.files.length }, 'model is ready')
    return 'ended'
  } catch (error) {
    if (patience.signal.aborted) {
      await leave({ logger }, () => exports.giveBack(id))
      return 'left'
    }
    if (watch.signal.aborted) return 'ended'
    const failure = describeFailure(error)
    const verdict = await retryOutages(() => exports.fail(id, failure), patience)
    logger.error({ err: error, verdict }, 'model could not be made')
    happened('jobFailed', { kind: source.kind, code: failure.code })
    deps.tracing.fail(failure.code, failure.message)
    deps.onOutcome(id, outcomeOf(verdict))
    if (verdict.type !== 'over') return 'left'
    await retryOutages(() => objects.removePrefix(`${prefix}/`), patience)
    return 'ended'
  } finally {
    watch.end()
  }
}

interface Making<Order extends { readonly model: Model }> {
  readonly source: ModelSource<Order>
  readonly order: Order
  readonly signal: AbortSignal
}

async function makeModel<Order extends { readonly model: Model }>(
  deps: ModelTaskDeps,
  { source, order, signal }: Making<Order>
): Promise<ExportedModel> {
  const { objects, folders, threads, logger, startTrainer, tracing } = deps
  const { id, prefix } = order.model
  return inScratch(folders, id, async (folder) => {
    const prepared = await tracing.step('sources fetch', {}, () => source.prepare(order, folder, signal))
    try {
      const outFolder = join(folder, 'model')
      const request = { ...prepared.request, outFolder, ...(threads === 0 ? {} : { threads }) }
      let stage = ''
      const onEvent = (event: WorkEvent) => {
        if (event.type !== 'export_progress' || event.stage === stage) return
        stage = event.stage
        logger.info({ stage }, 'export')
      }
      const asking = { request, last: 'exported', onEvent, signal, graceMs: STOP_GRACE_MS } as const
      const exported = await tracing.step(`trainer ${request.type}`, {}, () => askTrainer(startTrainer, asking))
      const files = exported.files.map(({ path, bytes, sha256 }) => ({ name: path, bytes, sha256 }))
      await tracing.step('model upload', {}, () =>
        uploadFiles({ objects, prefix, folder: exported.folder, files, signal })
      )
      return { ...(await readExported(exported.folder)), files }
    } finally {
      await prepared.release()
    }
  })
}

async function readExported(folder: string): Promise<Omit<ExportedModel, 'files'>> {
  const config = await readModelConfig(folder)
  const report = JSON.parse(await readFile(join(folder, MODEL_FILES.verification), 'utf8')) as VerificationReport // ours
  const { method, arch, patchSize, imageSize, channels, embeddingDim, bottleneckDim, prototypes, temperature } = config
  const { images, maxAbsError, minCosine } = report
  const { registers } = config.network
  const sizes = {
    patchSize,
    imageSize,
    channels,
    ...(registers ? { registers } : {}),
    preprocessing: config.preprocessing,
    embeddingDim,
    ...(config.precisions && { precisions: config.precisions })
  }
  const head = headOf(config)
  const file = head === null ? null : await readPrototypes(folder)
  const posterior = head === null ? null : defaultPosterior(head)
  return {
    config: {
      method,
      arch,
      ...sizes,
      bottleneckDim,
      temperature,
      prototypes,
      centering: head?.centering ?? null,
      posterior
    },
    verification: { images, maxAbsError, minCosine },
    mixture: file && summaryOf(file),
    prototypes: (file?.prototypes ?? []).map(({ fitted, ...one }) => ({
      ...one,
      fitted: fitted && componentOf(fitted)
    }))
  }
}

/** Without the thousand quantiles that only serving needs. */
function summaryOf({ posterior, images, used, unique, topShare, alarm, fitted }: PrototypeFile): MixtureSummary {
  const { logDensityQuantiles: _, ...summary } = fitted ?? { logDensityQuantiles: [] }
  return { posterior, images, used, unique, topShare, alarm, fitted: fitted && (summary as FittedSummary) }
}

const componentOf = ({ prototype: _, ...component }: NonNullable<PrototypeRecord['fitted']>): FittedComponent =>
  component
