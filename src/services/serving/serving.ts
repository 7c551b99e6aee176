/** Images in, vectors or assignments out. Tensors stay in the inference processes behind the port. */
import { AppError, isAppError } from '../../base/errors.ts'
import type { ServedPrecision } from '../../base/precision.ts'
import type { EmbeddingOutput, Posterior } from '../../domain/model.ts'
import type { Caller, ImageAssignments, Inference, Timings } from '../../domain/ports.ts'
import type { ModelService, ModelWithHead, ReadyModel } from '../models/models.ts'
import { createBeliefs } from './believed.ts'
import { type FindEmbedderDeps, type FoundEmbedder, findEmbedder } from './find-embedder.ts'
import type { ImageInput, ImageSources } from './image-sources.ts'

export interface ServingServiceDeps {
  readonly models: Pick<ModelService, 'getReady' | 'getWithHead'>
  readonly stores: FindEmbedderDeps['stores']
  readonly imageSources: ImageSources
  readonly inference: Inference
}

export interface ServingRequest {
  readonly projectId: string
  /** Id of a model, or of a run; name@version, name@alias; where vectors are asked for, run@latest and run@step. */
  readonly model: string
  readonly images: readonly ImageInput[]
  readonly caller: Caller
}

export interface EmbedRequest extends ServingRequest {
  readonly output: EmbeddingOutput
  /** Null: all that the output has. */
  readonly dimensions: number | null
  /** float32 where it is left out. */
  readonly precision?: ServedPrecision
}

export interface EmbedAnswer {
  readonly model: FoundEmbedder
  readonly embeddings: readonly Float32Array[]
  readonly dimensions: number
  readonly timings: Timings
}

export interface AssignAnswer {
  readonly model: ReadyModel
  readonly posterior: Posterior
  readonly results: readonly ImageAssignments[]
  readonly timings: Timings
}

const outOfRange = (field: string, limit: number): AppError =>
  new AppError('invalid_request', {
    errors: [{ path: `/${field}`, message: `must be at most ${limit} for this model` }]
  })

/** @throws AppError precision_unavailable */
function checkPrecision(
  { id, config }: FoundEmbedder,
  { output, precision }: Required<Pick<EmbedRequest, 'output' | 'precision'>>
): void {
  if (precision === 'float32') return
  const isThere = config.precisions?.[precision] !== undefined
  if (isThere && output === 'cls') return
  const message = isThere
    ? `Only class tokens are computed in ${precision}.`
    : `${id} has no program in ${precision}: models that are exported or imported from now on have one.`
  throw new AppError('precision_unavailable', { message, errors: [{ path: '/precision', message }], modelId: id })
}

/** The inference process names the image by its number; the user reads it as a pointer. */
async function namingTheImage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof AppError) || typeof error.details['index'] !== 'number') throw error
    const errors = [{ path: `/input/${error.details['index']}`, message: error.message }]
    throw new AppError(error.code, { ...error.details, errors }, { cause: error })
  }
}

/** @throws AppError mixture_unavailable; invalid_request for a temperature of a posterior that has none to choose */
function posteriorOf(
  { id, config, mixture }: ModelWithHead,
  request: { readonly posterior: Posterior | null; readonly temperature: number | null }
): Posterior {
  const posterior = request.posterior ?? config.posterior ?? 'model'
  if (request.temperature !== null && posterior !== 'model') {
    const message = `acts on the posterior "model"; "${posterior}" has its own`
    throw new AppError('invalid_request', { errors: [{ path: '/temperature', message }] })
  }
  const isThere = { teacher: config.centering != null, model: true, fitted: mixture?.fitted != null }
  if (isThere[posterior]) return posterior
  const why =
    posterior === 'teacher' ? 'the center of its teacher is not known' : 'it was made without images, or with too few'
  const message = `Model ${id} has no posterior "${posterior}": ${why}.`
  throw new AppError('mixture_unavailable', { message, errors: [{ path: '/posterior', message }], modelId: id })
}

export type ServingService = ReturnType<typeof createServingService>

export function createServingService({ models, stores, imageSources, inference }: ServingServiceDeps) {
  const embedders = createBeliefs<FoundEmbedder>()
  const assigners = createBeliefs<ModelWithHead>()

  /** Whatever is asked for them: what is fetched by a URL is fetched once. */
  function loadedOnce({ images, caller }: ServingRequest): () => Promise<readonly Uint8Array[]> {
    let loaded: Promise<readonly Uint8Array[]> | null = null
    return () => {
      loaded ??= imageSources.load(images, caller.signal)
      return loaded
    }
  }

  return {
    /** Before a name means another model: whoever asks for that first waits for nothing. Of what is no ready model nothing is said here. */
    async warm(projectId: string, reference: string): Promise<void> {
      const model = await models.getReady(projectId, reference).catch((error: unknown) => {
        if (isAppError(error)) return null
        throw error
      })
      if (model !== null) await inference.warm(model)
    },

    /** @throws AppError model_without_head for a bottleneck vector, precision_unavailable; of findEmbedder, ImageSources.load and Inference */
    async embed(request: EmbedRequest): Promise<EmbedAnswer> {
      const { projectId, model: name, caller, output, precision = 'float32' } = request
      const find = () => findEmbedder({ models, stores }, projectId, name)
      const images = loadedOnce(request)
      return embedders.answer({ projectId, name, caller, find }, async (model, caller) => {
        const most = output === 'cls' ? model.config.embeddingDim : model.config.bottleneckDim
        if (most === null) throw new AppError('model_without_head', { modelId: model.id })
        const dimensions = request.dimensions ?? most
        if (dimensions > most) throw outOfRange('dimensions', most)
        checkPrecision(model, { output, precision })
        const rounded = precision !== 'float32' && { precision }
        const options = { caller, output, ...rounded, ...(dimensions < most && { dimensions }) }
        const { embeddings, timings } = await namingTheImage(inference.embed(model, await images(), options))
        return { model, embeddings, dimensions, timings }
      })
    },

    /** @throws AppError mixture_unavailable, and of models.getWithHead, ImageSources.load and Inference */
    async assign(
      request: ServingRequest & {
        readonly topK: number
        readonly posterior: Posterior | null
        readonly temperature: number | null
      }
    ): Promise<AssignAnswer> {
      const { projectId, model: name, caller } = request
      const find = () => models.getWithHead(projectId, name)
      const images = loadedOnce(request)
      return assigners.answer({ projectId, name, caller, find }, async (model, caller) => {
        const posterior = posteriorOf(model, request)
        const common = { caller, posterior, topK: Math.min(request.topK, model.prototypes) }
        const options = request.temperature === null ? common : { ...common, temperature: request.temperature }
        const { results, timings } = await namingTheImage(inference.assign(model, await images(), options))
        return { model, posterior, results, timings }
      })
    }
  }
}
