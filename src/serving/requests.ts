/** Answers requests of the API: decode, join with neighbours, compute, encode. One answer per request, whatever happens. */
import type { Clock } from '../base/clock.ts'
import { AppError, ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import type { ModelCache } from '../cache/model-cache.ts'
import { assignImage, mixtureAt } from '../model/assigner.ts'
import type {
  AssignInferenceRequest,
  AssignResult,
  EmbedInferenceRequest,
  EmbedResult,
  InferenceAnswer,
  InferenceFailure,
  InferenceRequest,
  InferenceSettings,
  InferenceSuccess
} from '../protocol/inference-messages.ts'
import { Batcher } from './batches.ts'
import { createImageDecoder } from './decode.ts'
import type { ServedHead, ServedProgram, ServingModel } from './serving-model.ts'

export interface RequestHandler {
  answer(request: InferenceRequest): Promise<InferenceAnswer>
}

interface QueuedImage {
  readonly program: ServedProgram
  readonly pixels: Uint8Array
}

export interface RequestHandlerOptions {
  readonly settings: InferenceSettings
  readonly models: ModelCache<ServingModel>
  readonly clock: Clock
  /** Of bugs: the answer does not carry their cause. */
  readonly report: (error: unknown) => void
}

export function createRequestHandler({ settings, models, clock, report }: RequestHandlerOptions): RequestHandler {
  const batcher = new Batcher<QueuedImage, Float32Array>({
    maxBatch: settings.maxBatch,
    maxQueueDelayMs: settings.maxQueueDelayMs,
    clock,
    // All images of a lane belong to one program.
    compute: (_lane, images) => images[0]!.program.run(images.map(({ pixels }) => pixels))
  })
  const decoder = createImageDecoder({ maxBytes: settings.maxImageBytes, maxPixels: settings.maxImagePixels })
  let openImages = 0

  async function answer(request: InferenceRequest): Promise<InferenceAnswer> {
    const { images } = request
    if (openImages + images.length > settings.maxQueueSize) return failure(request.id, new AppError('overloaded'))
    openImages += images.length
    try {
      return await models.use(request.model, (model) => compute(request, model))
    } catch (error) {
      if (!isAppError(error)) report(error)
      return failure(request.id, error)
    } finally {
      openImages -= images.length
    }
  }

  async function compute(request: InferenceRequest, model: ServingModel): Promise<InferenceSuccess> {
    const arrivedAt = clock.now()
    const deadline = arrivedAt + (request.options.timeoutMs ?? settings.timeoutMs)
    checkOptions(request, model)
    const { imageSize, channels } = model.config
    const pixels = await decoder.decode(request.images, { imageSize, channels })
    const decodeMs = clock.now() - arrivedAt
    const program = await model.open(request.kind, request.model.folder)
    const { results, queueMs, inferMs } = await batcher.submit({
      lane: `${request.kind} ${request.model.id}`,
      items: pixels.map((image) => ({ program, pixels: image })),
      deadline
    })
    const encodeFrom = clock.now()
    const result =
      request.kind === 'embed' ? encodeEmbeddings(results, request) : encodeAssignments(results, request, model.head)
    const timings = { decodeMs, queueMs, inferMs, encodeMs: clock.now() - encodeFrom }
    return { id: request.id, ok: true, result, timings }
  }

  return { answer }
}

function checkOptions(request: InferenceRequest, { config, head }: ServingModel): void {
  if (request.kind === 'assign' && head === null) throw new AppError('model_without_head')
  if (request.images.length === 0) throw new AppError('invalid_request', { message: 'At least one image is needed.' })
  if (request.kind === 'assign') {
    const { temperature } = request.options
    if (temperature !== undefined && !(temperature > 0)) {
      throw new AppError('invalid_request', { message: 'The temperature must be greater than 0.' })
    }
    return
  }
  const { dimensions } = request.options
  if (
    dimensions !== undefined &&
    !(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= config.embeddingDim)
  ) {
    throw new AppError('invalid_request', { message: `The model's embeddings have ${config.embeddingDim} dimensions.` })
  }
}

function encodeEmbeddings(vectors: readonly Float32Array[], { options }: EmbedInferenceRequest): EmbedResult {
  const dimensions = options.dimensions ?? vectors[0]!.length
  const embeddings = new Float32Array(vectors.length * dimensions)
  vectors.forEach((vector, row) => {
    const kept = vector.subarray(0, dimensions)
    const length = Math.hypot(...kept)
    for (let i = 0; i < dimensions; i++) embeddings[row * dimensions + i] = length > 0 ? kept[i]! / length : 0
  })
  return { kind: 'embed', dimensions, embeddings }
}

function encodeAssignments(
  cosines: readonly Float32Array[],
  request: AssignInferenceRequest,
  head: ServedHead | null
): AssignResult {
  if (head === null) throw new AppError('model_without_head')
  const { topK, temperature = head.temperature } = request.options
  const isDefault = temperature === head.temperature
  const mixture = isDefault ? head.mixture : mixtureAt(head.norms, { ...head, temperature })
  // Densities of the training images are known at the model's own temperature only.
  const logDensityQuantiles = isDefault ? head.logDensityQuantiles : []
  return {
    kind: 'assign',
    temperature,
    images: cosines.map((row) => assignImage(row, mixture, { topK, logDensityQuantiles }))
  }
}

function failure(id: number, error: unknown): InferenceFailure {
  if (!isAppError(error)) return { id, ok: false, code: 'internal', message: ERROR_CATALOGUE.internal }
  const { index } = error.details
  return { id, ok: false, code: error.code, message: error.message, ...(typeof index === 'number' ? { index } : {}) }
}
