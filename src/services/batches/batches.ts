/** What users do with batches: ask for them, look at them, cancel. What workers do with them: batch-jobs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import {
  type Batch,
  type BatchEndpoint,
  batchPrefix,
  bytesPerImage,
  checkBatchCancelable,
  expiresAfter,
  isBatchEnded
} from '../../domain/batch.ts'
import type { StoredRequests } from '../../domain/file.ts'
import { invalidCursor, type Page, type PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { NewRemoval } from '../../domain/removal.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { readBatchLine } from '../../protocol/batch-request.ts'
import { endTries } from '../jobs/job-tries.ts'
import type { ModelService, ReadyModel } from '../models/models.ts'
import { createOneAtATime } from '../one-at-a-time.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { firstLine } from './first-line.ts'

export interface BatchServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'batches' | 'files'>
  readonly models: Pick<ModelService, 'getReady'>
  readonly objects: Pick<ObjectStore, 'getRange'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface BatchWish {
  readonly inputFileId: string
  readonly endpoint: BatchEndpoint
  readonly window: string
  readonly metadata: JsonObject
}

export const removalOfBatch = ({ id, projectId }: Pick<Batch, 'id' | 'projectId'>): NewRemoval => ({
  projectId,
  what: 'batch',
  subject: id,
  prefix: batchPrefix(id),
  multipartId: null
})

export type BatchService = ReturnType<typeof createBatchService>

export function createBatchService(deps: BatchServiceDeps) {
  const { unitOfWork, stores, clock, newId } = deps
  // A line may have 64 MiB, and whoever asks for many batches at once holds one of them.
  const oneAtATime = createOneAtATime()

  /** Locked, of this project. @throws AppError batch_not_found */
  async function lock(tx: Stores, projectId: string, id: string): Promise<Batch> {
    const known = await tx.batches.load(id, { lock: true })
    if (known?.projectId !== projectId) throw new AppError('batch_not_found', { batchId: id })
    return known
  }

  return {
    async get(projectId: string, id: string): Promise<Batch> {
      const batch = await stores.batches.find(projectId, id)
      if (batch === null) throw new AppError('batch_not_found', { batchId: id })
      return batch
    },

    /** @throws AppError file_not_found, batch_impossible, model_not_found, model_not_ready, quota_exceeded */
    async create(projectId: string, { inputFileId, ...wish }: BatchWish): Promise<Batch> {
      const file = await findInput(stores, projectId, inputFileId)
      const modelName = await oneAtATime(projectId, () => firstModel(deps, file, wish.endpoint))
      const model = await modelOf(deps, projectId, modelName)
      const createdAt = new Date(clock.now())
      const batch: Batch = {
        id: newId('batch'),
        projectId,
        inputFileId,
        ...wish,
        modelId: model.id,
        modelName,
        status: 'validating',
        attempt: 0,
        counts: { total: file.lines, completed: 0, failed: 0, images: 0 },
        expectedBytes: file.lines * bytesPerImage(model.config),
        outputFileId: null,
        errorFileId: null,
        error: null,
        createdAt,
        expiresAt: expiresAfter(createdAt, wish.window),
        startedAt: null,
        finalizingAt: null,
        cancellingAt: null,
        finishedAt: null
      }
      return unitOfWork(async (tx) => {
        await findInput(tx, projectId, inputFileId, { lock: 'share' })
        await checkQuotas(tx, { projectId, wanted: { storageBytes: batch.expectedBytes }, now: createdAt })
        await tx.batches.insert(batch)
        await tx.jobs.enqueue('run-batch', { batchId: batch.id }, { key: batch.id, project: projectId })
        return batch
      })
    },

    /** @throws AppError invalid_request for an `after` that is none of them */
    async list(projectId: string, page: PageRequest): Promise<Page<Batch>> {
      if (page.after !== null && (await stores.batches.find(projectId, page.after)) === null) throw invalidCursor()
      return stores.batches.list(projectId, page)
    },

    /**
     * One that nobody has begun ends at once. Otherwise its worker, or the next one, joins what is finished and ends it.
     *
     * @throws AppError batch_not_found, batch_not_cancelable
     */
    cancel: (projectId: string, id: string): Promise<Batch> =>
      unitOfWork(async (tx) => {
        const known = await lock(tx, projectId, id)
        checkBatchCancelable(known)
        if (isBatchEnded(known) || known.status === 'cancelling') return known
        const at = new Date(clock.now())
        if (known.attempt > 0) {
          const patch = { status: 'cancelling', cancellingAt: at } as const
          await tx.batches.update(id, patch)
          return { ...known, ...patch }
        }
        const patch = { status: 'cancelled', cancellingAt: at, finishedAt: at, expectedBytes: 0 } as const
        await tx.batches.update(id, patch)
        await tx.jobs.dequeue('run-batch', id)
        await endTries(tx, { subject: id })
        return { ...known, ...patch }
      }),

    /** Its files stay, and are removed as files are. @throws AppError batch_not_found, batch_not_deletable */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const known = await lock(tx, projectId, id)
        if (!isBatchEnded(known)) {
          const message = `Batch ${id} is ${known.status}: cancel it first.`
          throw new AppError('batch_not_deletable', { message, batchId: id })
        }
        await tx.batches.remove(id)
        await tx.removals.add([removalOfBatch(known)], new Date(clock.now()))
      })
  }
}

/** @throws AppError file_not_found, batch_impossible for what holds no requests */
async function findInput(
  { files }: Pick<Stores, 'files'>,
  projectId: string,
  id: string,
  options?: { readonly lock: 'share' }
): Promise<StoredRequests> {
  const file = await files.find(projectId, id, options)
  if (file?.purpose === 'batch') return file
  const message = file === null ? `There is no file ${id}.` : `File ${id} holds answers of a batch, not requests.`
  throw new AppError(file === null ? 'file_not_found' : 'batch_impossible', {
    message,
    errors: [{ path: '/inputFileId', message }]
  })
}

/** What the first line calls its model. @throws AppError batch_impossible, with what is wrong about that line */
async function firstModel(
  { objects }: Pick<BatchServiceDeps, 'objects'>,
  file: StoredRequests,
  endpoint: string
): Promise<string> {
  const { request } = readBatchLine(await firstLine(objects, file), endpoint)
  if (!isAppError(request)) return request.model
  const message = `holds a first line that is no request: ${request.message.replace(/\.$/, '')}`
  throw new AppError('batch_impossible', {
    message: `The file ${message}.`,
    errors: [{ path: '/inputFileId', message }]
  })
}

/** @throws AppError model_not_found, model_not_ready */
async function modelOf(
  { models }: Pick<BatchServiceDeps, 'models'>,
  projectId: string,
  reference: string
): Promise<ReadyModel> {
  try {
    return await models.getReady(projectId, reference)
  } catch (error) {
    if (!isAppError(error)) throw error
    const errors = [{ path: '/inputFileId', message: `names the model ${reference}: ${error.message}` }]
    throw new AppError(error.code, { ...error.details, errors }, { cause: error })
  }
}
