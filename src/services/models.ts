/** Models: teachers of checkpoints, exported by a job. Wherever a model is named, the run it came from may be. */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { IdKind } from '../base/ids.ts'
import type { Model } from '../domain/model.ts'
import type { Page, PageRequest } from '../domain/page.ts'
import type { ObjectStore, Stores, UnitOfWork } from '../domain/ports.ts'
import { modelPrefix } from './exports.ts'

export interface ModelServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface Artifact {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly url: string
}

/** A model whose configuration is known and whose files are published. */
export type ReadyModel = Model & { readonly status: 'ready'; readonly config: NonNullable<Model['config']> }

/** A ready model that has prototypes. */
export type ModelWithHead = ReadyModel & { readonly prototypes: number; readonly temperature: number }

const DOWNLOAD_EXPIRES_IN_S = 3600

export type ModelService = ReturnType<typeof createModelService>

export function createModelService({ unitOfWork, stores, objects, clock, newId }: ModelServiceDeps) {
  async function findOfRun(projectId: string, runId: string): Promise<Model | null> {
    const run = await stores.runs.find(projectId, runId)
    if (run === null) return null
    if (run.modelId !== null) return stores.models.find(projectId, run.modelId)
    throw new AppError('model_not_ready', { message: `Run ${runId} is ${run.status}; it has no model yet.`, runId })
  }

  /**
   * @param reference id of a model, or of the run whose model is meant
   * @throws AppError model_not_found, model_not_ready
   */
  async function get(projectId: string, reference: string): Promise<Model> {
    const isRun = reference.startsWith('run_')
    const model = isRun ? await findOfRun(projectId, reference) : await stores.models.find(projectId, reference)
    if (model === null) throw new AppError('model_not_found', { model: reference })
    return model
  }

  /** @throws AppError model_not_found, model_not_ready */
  async function getReady(projectId: string, reference: string): Promise<ReadyModel> {
    const model = await get(projectId, reference)
    const { status, config } = model
    if (status === 'ready' && config !== null) return { ...model, status, config }
    const message = `Model ${model.id} is ${status}${model.error ? ` (${model.error.code})` : ''}.`
    throw new AppError('model_not_ready', { message, modelId: model.id })
  }

  /** @throws AppError model_not_found, model_not_ready, model_without_head */
  async function getWithHead(projectId: string, reference: string): Promise<ModelWithHead> {
    const model = await getReady(projectId, reference)
    const { prototypes, temperature } = model.config
    if (prototypes !== null && temperature !== null) return { ...model, prototypes, temperature }
    throw new AppError('model_without_head', { modelId: model.id })
  }

  return {
    get,
    getReady,
    getWithHead,

    list: (projectId: string, page: PageRequest): Promise<Page<Model>> => stores.models.list(projectId, page),

    /** @throws AppError checkpoint_not_found */
    async create(
      projectId: string,
      request: { readonly checkpoint: string; readonly name: string | null }
    ): Promise<Model> {
      const id = newId('model')
      return unitOfWork(async (tx) => {
        const checkpoint = await tx.checkpoints.find(projectId, request.checkpoint)
        if (checkpoint?.status !== 'complete') {
          const errors = [{ path: '/checkpoint', message: 'names no checkpoint that is there' }]
          throw new AppError('checkpoint_not_found', { errors })
        }
        const model: Model = {
          id,
          projectId,
          name: request.name,
          runId: checkpoint.runId,
          checkpointId: checkpoint.id,
          step: checkpoint.step,
          status: 'exporting',
          config: null,
          prefix: modelPrefix(id),
          files: [],
          verification: null,
          error: null,
          createdAt: new Date(clock.now()),
          readyAt: null
        }
        await tx.models.insert(model)
        await tx.jobs.enqueue('export-model', { modelId: id }, { key: id })
        return model
      })
    },

    /** Files with URLs that need no key until they expire. */
    async listArtifacts(
      projectId: string,
      reference: string
    ): Promise<{ readonly artifacts: readonly Artifact[]; readonly expiresAt: Date }> {
      const model = await getReady(projectId, reference)
      const expiresAt = new Date(clock.now() + DOWNLOAD_EXPIRES_IN_S * 1000)
      const artifacts = await Promise.all(
        model.files.map(async (file) => {
          const url = await objects.downloadUrl(`${model.prefix}/${file.name}`, DOWNLOAD_EXPIRES_IN_S, file.name)
          return { ...file, url }
        })
      )
      return { artifacts, expiresAt }
    }
  }
}
