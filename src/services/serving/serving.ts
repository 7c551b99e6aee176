/** Images in, vectors or assignments out. Tensors stay in the inference processes behind the port. */
import { AppError, isAppError } from '../../base/errors.ts'
import type { ServedPrecision } from '../../base/precision.ts'
import type { EmbeddingOutput, Posterior } from '../../domain/model.ts'
import type { Caller, ImageAssignments, Inference, MapAsked, PatchMaps, Timings } from '../../domain/ports.ts'
import { MOST_COMPARED, patchesAt, whyNoSize } from '../../recipe/served-sizes.ts'
import type { DriftRecorder } from '../drift/recorder.ts'
import type { ModelService, ModelWithHead, ReadyModel } from '../models/models.ts'
import { createBeliefs } from './believed.ts'
import { type FindEmbedderDeps, type FoundEmbedder, findEmbedder } from './find-embedder.ts'
import type { ImageInput, ImageSources } from './image-sources.ts'

export interface ServingServiceDeps {
  readonly models: Pick<ModelService, 'getReady' | 'getWithHead'>
  readonly stores: FindEmbedderDeps['stores']
  readonly imageSources: ImageSources
  readonly inference: Inference
  readonly drift: Pick<DriftRecorder, 'count'>
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
  /** Null or left out: the model's own. */
  readonly imageSize?: number | null
  /**
   * Of an answer of patches, before anything is loaded: throws where it has no room. Called again where another model is meant than was
   * believed: then the first does not count.
   */
  readonly reserve?: (bytes: number) => void
  /** Null: all that the output has. */
  readonly dimensions: number | null
  /** float32 where it is left out; others of output cls at the model's own size alone. */
  readonly precision?: ServedPrecision
}

export interface EmbedAnswer {
  readonly model: FoundEmbedder
  readonly embeddings: readonly Float32Array[]
  readonly dimensions: number
  /** Of an image as the model saw it. */
  readonly imageSize: number
  readonly timings: Timings
}

/** One image, and what is asked of its patches. */
export interface MapRequest extends ServingRequest {
  readonly asked: MapAsked
  /** Null: the model's own. */
  readonly imageSize: number | null
}

export interface MapAnswer {
  readonly model: FoundEmbedder
  readonly result: PatchMaps
  readonly imageSize: number
  readonly timings: Timings
}

export interface AssignAnswer {
  readonly model: ReadyModel
  readonly posterior: Posterior
  readonly results: readonly ImageAssignments[]
  readonly imageSize: number
  readonly timings: Timings
}

/** Of one answer of patches: 27 images of ViT-S/16 at 448 pixels. */
export const MOST_PATCH_BYTES = 2 ** 25
const BYTES_A_NUMBER = 4

const unfit = (field: string, message: string): AppError =>
  new AppError('invalid_request', { errors: [{ path: `/${field}`, message }] })

/** @throws AppError invalid_request */
function sizeOf({ config }: Pick<FoundEmbedder, 'config'>, asked: number | null = null): number {
  if (asked === null) return config.imageSize
  const why = asked === config.imageSize ? null : whyNoSize(asked, config)
  if (why !== null) throw unfit('image_size', why)
  return asked
}

/** @throws AppError answer_too_large */
function patchBytesOf({ config }: FoundEmbedder, images: number, imageSize: number): number {
  const bytes = images * patchesAt(imageSize, config) * config.embeddingDim * BYTES_A_NUMBER
  if (bytes <= MOST_PATCH_BYTES) return bytes
  const most = Math.floor(MOST_PATCH_BYTES / (bytes / images))
  const message = `has ${images} images, whose patches would be ${bytes} bytes; at most ${most} are taken at ${imageSize} pixels`
  throw new AppError('answer_too_large', { limit: MOST_PATCH_BYTES, errors: [{ path: '/input', message }] })
}

/** @throws AppError invalid_request, model_without_head */
function checkMap({ id, config }: FoundEmbedder, asked: MapAsked, imageSize: number): void {
  if (asked.kind === 'attention') return
  if (config.prototypes === null) throw new AppError('model_without_head', { modelId: id })
  if (asked.prototype !== undefined && asked.prototype >= config.prototypes)
    throw outOfRange('prototype', config.prototypes - 1)
  const compared = patchesAt(imageSize, config) * config.prototypes
  if (compared <= MOST_COMPARED) return
  const message = `${imageSize} pixels are ${compared} numbers of patches and prototypes; ${MOST_COMPARED} are the most`
  throw unfit('image_size', message)
}

/** The heads of a model are in its files alone. */
async function namingTheHead<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isAppError(error, 'invalid_request')) throw error
    throw unfit('head', error.message)
  }
}

const outOfRange = (field: string, limit: number): AppError =>
  new AppError('invalid_request', {
    errors: [{ path: `/${field}`, message: `must be at most ${limit} for this model` }]
  })

/** @throws AppError precision_unavailable */
function checkPrecision(
  { id, config }: FoundEmbedder,
  { output, precision, imageSize }: Required<Pick<EmbedRequest, 'output' | 'precision'>> & { imageSize: number }
): void {
  if (precision === 'float32') return
  const isThere = config.precisions?.[precision] !== undefined
  if (isThere && output === 'cls' && imageSize === config.imageSize) return
  const message = isThere
    ? `Only class tokens at ${config.imageSize} pixels, the model's own size, are computed in ${precision}.`
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

/** @throws AppError invalid_request, model_without_head, precision_unavailable, answer_too_large; what `reserve` throws */
function embeddingOf(model: FoundEmbedder, request: EmbedRequest) {
  const { output, precision = 'float32' } = request
  const { embeddingDim, bottleneckDim } = model.config
  const most = output === 'bottleneck' ? bottleneckDim : embeddingDim
  if (most === null) throw new AppError('model_without_head', { modelId: model.id })
  const dimensions = request.dimensions ?? most
  if (dimensions > most) throw outOfRange('dimensions', most)
  const imageSize = sizeOf(model, request.imageSize)
  checkPrecision(model, { output, precision, imageSize })
  if (output === 'patches') {
    if (request.dimensions !== null) throw unfit('dimensions', 'patches have all of theirs')
    request.reserve?.(patchBytesOf(model, request.images.length, imageSize))
  }
  const rounded = precision !== 'float32' && { precision }
  const options = { output, imageSize, ...rounded, ...(dimensions < most && { dimensions }) }
  return { dimensions, imageSize, options }
}

export type ServingService = ReturnType<typeof createServingService>

export function createServingService({ models, stores, imageSources, inference, drift }: ServingServiceDeps) {
  const embedders = createBeliefs<FoundEmbedder>()
  const assigners = createBeliefs<ModelWithHead>()

  const embedderBy = ({ projectId, model: name, caller }: ServingRequest) => ({
    projectId,
    name,
    caller,
    find: () => findEmbedder({ models, stores }, projectId, name)
  })

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

    /** @throws AppError of embeddingOf, findEmbedder, ImageSources.load and Inference */
    async embed(request: EmbedRequest): Promise<EmbedAnswer> {
      const images = loadedOnce(request)
      return embedders.answer(embedderBy(request), async (model, caller) => {
        const { dimensions, imageSize, options } = embeddingOf(model, request)
        const work = inference.embed(model, await images(), { ...options, caller })
        const { embeddings, timings } = await namingTheImage(work)
        return { model, embeddings, dimensions, imageSize, timings }
      })
    },

    /** @throws AppError model_without_head for a heat map; of findEmbedder, ImageSources.load and Inference */
    async map(request: MapRequest): Promise<MapAnswer> {
      if (request.images.length !== 1) throw unfit('input', 'must be one image')
      const { asked } = request
      const images = loadedOnce(request)
      return embedders.answer(embedderBy(request), async (model, caller) => {
        const imageSize = sizeOf(model, request.imageSize)
        checkMap(model, asked, imageSize)
        const [image] = await images()
        const work = inference.map(model, image!, { asked, imageSize, caller })
        const { result, timings } = await namingTheHead(namingTheImage(work))
        return { model, result, imageSize, timings }
      })
    },

    /** @throws AppError mixture_unavailable, and of models.getWithHead, ImageSources.load and Inference */
    async assign(
      request: ServingRequest & {
        readonly topK: number
        readonly posterior: Posterior | null
        readonly temperature: number | null
        /** Null or left out: the model's own. */
        readonly imageSize?: number | null
      }
    ): Promise<AssignAnswer> {
      const { projectId, model: name, caller } = request
      const find = () => models.getWithHead(projectId, name)
      const images = loadedOnce(request)
      const answer = await assigners.answer({ projectId, name, caller, find }, async (model, caller) => {
        const posterior = posteriorOf(model, request)
        const imageSize = sizeOf(model, request.imageSize)
        const common = { caller, posterior, imageSize, topK: Math.min(request.topK, model.prototypes) }
        const options = request.temperature === null ? common : { ...common, temperature: request.temperature }
        const { results, timings } = await namingTheImage(inference.assign(model, await images(), options))
        return { model, posterior, results, imageSize, timings }
      })
      const { model, posterior, results, imageSize } = answer
      // Shown in another size, images are not what training counted.
      if (imageSize === model.config.imageSize)
        drift.count({ model, posterior, temperature: request.temperature, results })
      return answer
    }
  }
}
