/** Models: teachers of checkpoints, exported by a job. Wherever a model is named, its name and version, an alias, or the run it came from may be. */
import { AppError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Model, ModelImport } from '../../domain/model.ts'
import { nameErrors } from '../../domain/model-name.ts'
import type { ModelFilter } from '../../domain/model-stores.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores } from '../../domain/stores.ts'
import { createDatasetRemoval } from '../datasets/dataset-removal.ts'
import { createUploadVerbs, type UploadDeps } from '../datasets/uploads.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { createAliasVerbs } from './aliases.ts'
import { createModelCancel } from './cancel-model.ts'
import { findModel } from './find-model.ts'
import { createModelRemoval } from './model-removal.ts'
import { newModel } from './new-model.ts'
import { checkWeightSource } from './weight-sources.ts'

export interface ModelServiceDeps extends UploadDeps {
  readonly stores: Stores
}

/** What people say of one that they make. */
interface ModelWords {
  readonly name: string | null
  readonly metadata: JsonObject
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

function checkName(name: string | null): void {
  const errors = nameErrors('/name', name)
  if (errors.length > 0) throw new AppError('invalid_request', { errors })
}

const DOWNLOAD_EXPIRES_IN_S = 3600

export type ModelService = ReturnType<typeof createModelService>

export function createModelService(deps: ModelServiceDeps) {
  const { unitOfWork, stores, objects, clock, newId } = deps
  const uploads = createUploadVerbs(deps)
  const removal = createDatasetRemoval(deps)

  /** @throws AppError model_not_found, model_not_ready */
  const get = (projectId: string, reference: string): Promise<Model> => findModel(stores, projectId, reference)

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

  const named = (projectId: string, { name, metadata }: ModelWords) => ({
    id: newId('model'),
    projectId,
    name,
    metadata,
    createdAt: new Date(clock.now())
  })

  return {
    get,
    getReady,
    getWithHead,

    ...createAliasVerbs(deps),

    list: (projectId: string, filter: ModelFilter, page: PageRequest): Promise<Page<Model>> =>
      stores.models.list(projectId, filter, page),

    /** @throws AppError invalid_request for what is no name, checkpoint_not_found, quota_exceeded */
    async create(projectId: string, request: ModelWords & { readonly checkpoint: string }): Promise<Model> {
      checkName(request.name)
      return unitOfWork(async (tx) => {
        const checkpoint = await tx.checkpoints.find(projectId, request.checkpoint, { lock: 'share' })
        if (checkpoint?.status !== 'complete') {
          const errors = [{ path: '/checkpoint', message: 'names no checkpoint that is there' }]
          throw new AppError('checkpoint_not_found', { errors })
        }
        const { id: checkpointId, runId, step } = checkpoint
        const wanted = newModel({ ...named(projectId, request), checkpointId, runId, step })
        await checkQuotas(tx, { projectId, wanted: { storageBytes: 0 }, now: wanted.createdAt })
        const model = await tx.models.insert(wanted)
        await tx.jobs.enqueue('export-model', { modelId: model.id }, { key: model.id, project: projectId })
        return model
      })
    },

    /** @throws AppError quota_exceeded; upload_not_found, invalid_request with a pointer to what cannot be used */
    async createFromWeights(projectId: string, request: ModelImport & ModelWords): Promise<Model> {
      checkName(request.name)
      const { source, bytes: storageBytes } = await checkWeightSource(stores, projectId, request.source)
      const wanted = newModel({
        ...named(projectId, request),
        importedFrom: { source, options: request.options }
      })
      return unitOfWork(async (tx) => {
        await checkQuotas(tx, { projectId, wanted: { storageBytes }, now: wanted.createdAt })
        const model = await tx.models.insert(wanted)
        await tx.jobs.enqueue('import-model', { modelId: model.id }, { key: model.id, project: projectId })
        return model
      })
    },

    /**
     * Renamed it is the newest version of its new name; the number that it had is given to no other.
     * @throws AppError invalid_request, model_not_found, precondition_failed, model_has_alias, metadata_full; model_not_ready for a
     *   run without one
     */
    async describe(projectId: string, reference: string, patch: DescriptionPatch & Expecting<Model>): Promise<Model> {
      checkName(patch.name ?? null)
      const { id } = await get(projectId, reference)
      return unitOfWork(async (tx) => {
        const model = await tx.models.load(id, { lock: true })
        if (model === null) throw new AppError('model_not_found', { model: reference })
        checkExpected(model, patch, `Model ${id}`)
        const { name = model.name, metadata = model.metadata } = described(model, patch)
        if (patch.metadata !== undefined) await tx.models.update(id, { metadata })
        const changed = { ...model, metadata }
        if (model.name === name) return changed
        const [alias] = model.aliases
        if (alias === undefined) return tx.models.rename(changed, name)
        const message = `Model ${id} is ${model.name}@${alias}: move or delete the alias before.`
        throw new AppError('model_has_alias', { message, modelId: id })
      })
    },

    cancel: createModelCancel(deps),
    remove: createModelRemoval(deps),
    listUploads: (projectId: string, page: PageRequest) => uploads.listUploads(projectId, null, page),
    removeUpload: (projectId: string, uploadId: string) => removal.removeUpload(projectId, null, uploadId),

    /** Weights on their way into the object store, as files of a dataset are. */
    startUpload: (projectId: string, request: Parameters<typeof uploads.startUpload>[2]) =>
      uploads.startUpload(projectId, null, request),
    completeUpload: (projectId: string, request: Parameters<typeof uploads.completeUpload>[2]) =>
      uploads.completeUpload(projectId, null, request),

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
