/** What a request names to begin from, as the recipe's rules need to know it: a ready model or a checkpoint of the project. */
import { AppError, type FieldError, isAppError } from '../../base/errors.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { Model } from '../../domain/model.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Stores } from '../../domain/stores.ts'
import { MODEL_FILES, parseModelConfig, WEIGHT_FILES } from '../../protocol/model-folder.ts'
import type { InitSubject } from '../../recipe/init.ts'
import { type InitHead, weightsHash } from '../../recipe/init-record.ts'
import { networkOf } from '../../recipe/network.ts'

export interface InitWish {
  readonly source: 'model' | 'checkpoint'
  /** Of a model also the id of its run. */
  readonly id: string
  /** Taken if it fits and seeded otherwise, unless it is given. */
  readonly head?: InitHead | undefined
}

export interface InitDeps {
  readonly stores: Stores
  readonly objects: Pick<ObjectStore, 'get'>
  readonly models: { getReady(projectId: string, reference: string): Promise<Model> }
}

const ABOUT_MODEL = ['model_not_found', 'model_not_ready'] as const

/** @throws AppError model_not_found, model_not_ready, checkpoint_not_found, each with a pointer into the request */
export async function findInit(deps: InitDeps, projectId: string, { source, id }: InitWish): Promise<InitSubject> {
  return source === 'model' ? ofModel(deps, projectId, id) : ofCheckpoint(deps, projectId, id)
}

async function ofModel({ models, objects }: InitDeps, projectId: string, id: string): Promise<InitSubject> {
  const model = await models.getReady(projectId, id).catch((error: unknown) => {
    if (!isAppError(error) || !ABOUT_MODEL.some((code) => isAppError(error, code))) throw error
    throw about(error, '/init/model')
  })
  const bytes = await objects.get(`${model.prefix}/${MODEL_FILES.config}`)
  const { network, normalization, prototypes } = parseModelConfig(Buffer.from(bytes).toString('utf8'))
  return {
    source: 'model',
    from: model.id,
    sha256: weightsHash(weightFilesOf(model)),
    network,
    hasHead: prototypes !== null,
    normalization: { mean: [...normalization.mean], std: [...normalization.std] }
  }
}

const about = (error: AppError, path: string): AppError => {
  const errors: FieldError[] = [{ path, message: error.message }]
  return new AppError(error.code, { ...error.details, errors }, { cause: error })
}

async function ofCheckpoint({ stores }: InitDeps, projectId: string, id: string): Promise<InitSubject> {
  const checkpoint = await stores.checkpoints.find(projectId, id)
  const run = checkpoint?.status === 'complete' ? await stores.runs.find(projectId, checkpoint.runId) : null
  if (!checkpoint || run === null) {
    const errors = [{ path: '/init/checkpoint', message: 'names no checkpoint that is there' }]
    throw new AppError('checkpoint_not_found', { errors })
  }
  return {
    source: 'checkpoint',
    from: checkpoint.id,
    sha256: checkpoint.stateHash,
    network: networkOf(run.recipe),
    hasHead: true,
    normalization: run.recipe.hyperparameters.normalization
  }
}

/** In the order of the hash. */
export const weightFilesOf = ({ files }: Pick<Model, 'files'>): Model['files'] =>
  WEIGHT_FILES.flatMap((name) => files.filter((file) => file.name === name))

/** Files to begin from, below one prefix. */
export interface InitFiles {
  readonly prefix: string
  readonly files: Model['files']
}

export const filesOfModel = (model: Model): InitFiles | null =>
  model.status === 'ready'
    ? {
        prefix: model.prefix,
        files: [...weightFilesOf(model), ...model.files.filter(({ name }) => name === MODEL_FILES.config)]
      }
    : null

export const filesOfCheckpoint = ({ status, prefix, files }: Checkpoint): InitFiles | null =>
  status === 'complete' ? { prefix, files } : null
