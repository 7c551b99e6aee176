/**
 * From a checkpoint to a model that can be served:
 *
 *   begin ─→ fetch checkpoint and dataset ─→ trainer in export mode ─→ files to models/{id}/ ─→ prototypes, ready
 *     │                                             │
 *     └ null: nothing to do                         └ failed: objects removed, model failed with the code
 *
 * Outages are waited for, a killed trainer is tried again. A worker that ends leaves the model as it is: the queue gives the
 * job to another, which starts over.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError, ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { ObjectStore } from '../domain/ports.ts'
import { MODEL_FILES, readModelConfig, readPrototypes, type VerificationReport } from '../inference/model-files.ts'
import type { ExportedModel, ExportOrder, ExportService } from '../services/exports.ts'
import type { ExportedEvent, ExportRequest, TrainRequest } from '../training/trainer-messages.ts'
import { datasetEntry } from './dataset-entry.ts'
import type { CachedFolder, LocalCache } from './local-cache.ts'
import { fetchCheckpoint } from './restore-checkpoint.ts'
import { retryOutages } from './retry.ts'
import { tellingLine } from './trainer-outcome.ts'
import type { TrainerProcess } from './trainer-process.ts'
import { uploadFiles } from './transfer.ts'
import type { WorkFolders } from './work-folders.ts'

export interface ExportModelDeps {
  readonly exports: ExportService
  readonly objects: ObjectStore
  readonly cache: LocalCache
  readonly folders: WorkFolders
  readonly clock: Clock
  readonly logger: Logger
  readonly startTrainer: (request: TrainRequest | ExportRequest) => TrainerProcess
  readonly stopGraceMs: number
  readonly threads: number
  readonly draining: AbortSignal
}

const MOST_ATTEMPTS = 3

export type ExportModel = (payload: { readonly modelId: string }, signal: AbortSignal) => Promise<void>

export const createExportModel =
  (deps: ExportModelDeps): ExportModel =>
  async ({ modelId }, jobSignal) => {
    const logger = deps.logger.child({ modelId })
    const signal = AbortSignal.any([jobSignal, deps.draining])
    const patience = { clock: deps.clock, logger, signal }
    const order = await retryOutages(() => deps.exports.begin(modelId), patience)
    if (order === null) return
    try {
      const exported = await retryKills(logger, signal, () =>
        retryOutages(() => makeModel({ ...deps, logger }, order, signal), patience)
      )
      await retryOutages(() => deps.exports.complete(modelId, exported), patience)
      logger.info({ files: exported.files.length }, 'model is ready')
    } catch (error) {
      if (signal.aborted) throw error
      logger.error({ err: error }, 'model could not be made')
      await deps.objects.removePrefix(`${order.model.prefix}/`)
      await retryOutages(() => deps.exports.fail(modelId, describe(error)), patience)
    }
  }

/** A killed process says nothing about the checkpoint; one that is killed each time is out of memory. */
async function retryKills<T>(logger: Logger, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const wasKilled = isAppError(error, 'trainer_crashed') && typeof error.details['signal'] === 'string'
      if (!wasKilled || signal.aborted || attempt === MOST_ATTEMPTS) throw error
      logger.warn({ err: error, attempt }, 'the export was killed; trying again')
    }
  }
}

const describe = (error: unknown): { code: string; message: string } =>
  isAppError(error)
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: ERROR_CATALOGUE.internal }

async function makeModel(deps: ExportModelDeps, order: ExportOrder, signal: AbortSignal): Promise<ExportedModel> {
  const { objects, cache, folders } = deps
  const folder = await folders.make(order.model.id)
  let dataset: CachedFolder | null = null
  try {
    const checkpointFolder = join(folder, 'checkpoint')
    await fetchCheckpoint(order.checkpoint, { objects, folder: checkpointFolder, signal })
    dataset = order.version === null ? null : await cache.acquire(await datasetEntry(objects, order.version), signal)
    const exported = await runExport(deps, signal, {
      type: 'export',
      checkpointFolder,
      datasetFolder: dataset?.folder ?? null,
      outFolder: join(folder, 'model'),
      ...(deps.threads === 0 ? {} : { threads: deps.threads })
    })
    const files = exported.files.map(({ path, bytes, sha256 }) => ({ name: path, bytes, sha256 }))
    await uploadFiles({ objects, prefix: order.model.prefix, folder: exported.folder, files, signal })
    return { ...(await readExported(exported.folder)), files }
  } finally {
    await dataset?.release()
    await folders.remove(folder)
  }
}

/** @throws AppError with the trainer's code; trainer_crashed with `signal` when it was killed */
async function runExport(deps: ExportModelDeps, ending: AbortSignal, request: ExportRequest): Promise<ExportedEvent> {
  ending.throwIfAborted()
  const trainer = deps.startTrainer(request)
  const stop = () => trainer.stop(deps.stopGraceMs)
  ending.addEventListener('abort', stop, { once: true })
  try {
    let exported: ExportedEvent | null = null
    for await (const event of trainer.events) {
      if (event.type === 'exported') exported = event
      else if (event.type === 'failed') throw new AppError(event.code, { message: event.message })
      else if (event.type === 'export_progress') deps.logger.info({ stage: event.stage, share: event.share }, 'export')
    }
    if (exported !== null) return exported
    ending.throwIfAborted()
    const exit = await trainer.exited
    // Code 0 without a model: somebody else told it to stop, as a service manager does with a whole group.
    const signal = exit.signal ?? (exit.code === 0 ? 'SIGTERM' : null)
    const message = `The export ended with ${signal ?? `code ${exit.code}`}: ${tellingLine(exit.lastLines)}`
    throw new AppError('trainer_crashed', { message, signal })
  } finally {
    ending.removeEventListener('abort', stop)
    trainer.kill()
    await trainer.exited
  }
}

async function readExported(folder: string): Promise<Omit<ExportedModel, 'files'>> {
  const config = await readModelConfig(folder)
  const { prototypes } = await readPrototypes(folder)
  const report = JSON.parse(await readFile(join(folder, MODEL_FILES.verification), 'utf8')) as VerificationReport // ours
  const { method, arch, patchSize, imageSize, channels, embeddingDim, bottleneckDim, temperature } = config
  const { images, maxAbsError, minCosine } = report
  return {
    config: {
      method,
      arch,
      patchSize,
      imageSize,
      channels,
      embeddingDim,
      bottleneckDim,
      temperature,
      prototypes: config.prototypes
    },
    verification: { images, maxAbsError, minCosine },
    prototypes
  }
}
