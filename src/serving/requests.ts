/**
 * Answers requests of the API: read headers, wait to be admitted, decode, join with neighbours, compute, encode. One
 * answer per request, whatever happens.
 */
import type { Clock } from '../base/clock.ts'
import { AppError, ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import type { ModelCache } from '../cache/model-cache.ts'
import { assignImage, mixtureAt, type Views } from '../model/assigner.ts'
import type {
  AssignInferenceRequest,
  AssignResult,
  EmbedInferenceRequest,
  EmbedResult,
  InferenceAnswer,
  InferenceFailure,
  InferenceRequest,
  InferenceSettings,
  InferenceSuccess,
  InferenceWeight,
  LoadInferenceRequest,
  ModelInferenceRequest
} from '../protocol/inference-messages.ts'
import { defaultPosterior } from '../protocol/model-folder.ts'
import { Batcher } from './batches.ts'
import { type ImageDecoder, pixelsOf, type WeighedImage } from './decode.ts'
import { createOpenRequests, type OpenRequest } from './open-requests.ts'
import { drawAsked } from './pictures.ts'
import type { ServedHead, ServedKind, ServedProgram, ServingModel } from './serving-model.ts'

export interface RequestHandler {
  answer(request: InferenceRequest): Promise<InferenceAnswer>
  admit(id: number): void
  /** The answer comes all the same, and soon. */
  abort(id: number): void
}

interface QueuedImage {
  readonly program: ServedProgram
  readonly pixels: Uint8Array
}

/** A request whose headers were read. */
interface Weighed {
  readonly images: readonly WeighedImage[]
  readonly model: ServingModel
  readonly state: OpenRequest
  readonly arrivedAt: number
}

export interface RequestHandlerOptions {
  readonly settings: InferenceSettings
  readonly models: ModelCache<ServingModel>
  readonly decoder: ImageDecoder
  readonly clock: Clock
  /** Of a request that is held. */
  readonly onWeighed: (weight: InferenceWeight) => void
  /** Of bugs: the answer does not carry their cause. */
  readonly report: (error: unknown) => void
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { settings, models, decoder, clock, onWeighed, report } = options
  const batcher = new Batcher<QueuedImage, Float32Array>({
    maxQueueDelayMs: settings.maxQueueDelayMs,
    sessions: settings.sessions,
    clock,
    // All images of a lane belong to one program.
    compute: (_lane, images) => images[0]!.program.run(images.map(({ pixels }) => pixels))
  })
  const open = createOpenRequests(clock)
  let openImages = 0

  async function answer(request: InferenceRequest): Promise<InferenceAnswer> {
    const { id, images } = request
    if (openImages + images.length > settings.maxQueueSize) return failure(id, new AppError('overloaded'))
    openImages += images.length
    try {
      return await open.run(id, request.options.timeoutMs ?? settings.timeoutMs, (state) => serve(request, state))
    } catch (error) {
      if (!isAppError(error)) report(error)
      return failure(id, error)
    } finally {
      openImages -= images.length
    }
  }

  async function serve(request: InferenceRequest, state: OpenRequest): Promise<InferenceSuccess> {
    if (request.kind === 'picture') return drawAsked({ decoder, clock, onWeighed }, request, state)
    if (request.kind === 'load') return load(request)
    const arrivedAt = clock.now()
    const images = await decoder.weigh(request.asker, request, state.signal)
    if (request.isHeld) {
      onWeighed({ id: request.id, pixels: images.map(pixelsOf) })
      await state.untilAdmitted()
    }
    return models.use(request.model, (model) => compute(request, { images, model, state, arrivedAt }))
  }

  async function load({ id, model }: LoadInferenceRequest): Promise<InferenceSuccess> {
    const beganAt = clock.now()
    await models.use(model, (opened) => opened.open('embed', model.folder))
    const timings = { decodeMs: 0, queueMs: 0, inferMs: clock.now() - beganAt, encodeMs: 0 }
    return { id, ok: true, result: { kind: 'load' }, timings }
  }

  async function compute(request: ModelInferenceRequest, { images, model, state, arrivedAt }: Weighed) {
    const { deadline, signal } = state
    checkOptions(request, model)
    const pixels = await decoder.decode(request.asker, images, { target: model.config, deadline, signal })
    const decodeMs = clock.now() - arrivedAt
    const kind = programOf(request)
    const program = await model.open(kind, request.model.folder)
    const { results, queueMs, inferMs } = await batcher.submit({
      lane: `${kind} ${request.model.id}`,
      maxBatch: Math.min(settings.maxBatch, program.batch ?? 1),
      asker: request.asker,
      items: pixels.map((image) => ({ program, pixels: image })),
      signal
    })
    const encodeFrom = clock.now()
    const result =
      request.kind === 'embed'
        ? encodeEmbeddings(vectorsOf(results, request, model.head), request)
        : encodeAssignments(results, request, model.head)
    const timings = { decodeMs, queueMs, inferMs, encodeMs: clock.now() - encodeFrom }
    return { id: request.id, ok: true, result, timings } as const
  }

  return { answer, admit: open.admit, abort: open.abort }
}

const isOfHead = (request: ModelInferenceRequest): boolean =>
  request.kind === 'assign' || request.options.output === 'bottleneck'

const isRounded = ({ kind, options }: ModelInferenceRequest): boolean =>
  kind === 'embed' && 'precision' in options && options.precision === 'int8'

function programOf(request: ModelInferenceRequest): ServedKind {
  if (isOfHead(request)) return 'assign'
  return isRounded(request) ? 'embedInt8' : 'embed'
}

/** @param rows embeddings; of a bottleneck vector, what stands before it are the cosines [K] */
const vectorsOf = (
  rows: readonly Float32Array[],
  { options }: EmbedInferenceRequest,
  head: ServedHead | null
): readonly Float32Array[] =>
  options.output === 'bottleneck' && head !== null ? rows.map((row) => row.subarray(head.prototypes)) : rows

function checkOptions(request: ModelInferenceRequest, { config, head }: ServingModel): void {
  if (isOfHead(request) && head === null) throw new AppError('model_without_head')
  if (isRounded(request) && isOfHead(request)) throw new AppError('precision_unavailable')
  if (request.images.length === 0) throw new AppError('invalid_request', { message: 'At least one image is needed.' })
  if (request.kind === 'assign') {
    const { temperature } = request.options
    if (temperature !== undefined && !(temperature > 0)) {
      throw new AppError('invalid_request', { message: 'The temperature must be greater than 0.' })
    }
    if (head !== null) checkPosterior(request, head)
    return
  }
  const { dimensions, output } = request.options
  const most = output === 'bottleneck' && head !== null ? head.bottleneckDim : config.embeddingDim
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= most))
    throw new AppError('invalid_request', { message: `The model's embeddings have ${most} dimensions.` })
}

/** A center belongs to the temperature that it was counted at, a fitted mixture has none. */
function checkPosterior({ options }: AssignInferenceRequest, head: ServedHead): void {
  const posterior = options.posterior ?? defaultPosterior(head)
  if (options.temperature !== undefined && posterior !== 'model') {
    throw new AppError('invalid_request', { message: `The posterior ${posterior} has no temperature to choose.` })
  }
  if (head.views[posterior] === null) {
    throw new AppError('mixture_unavailable', { message: `The model has no posterior ${posterior}.` })
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

/** @param rows cosines [K] and bottleneck [p] of each image */
function encodeAssignments(
  rows: readonly Float32Array[],
  request: AssignInferenceRequest,
  head: ServedHead | null
): AssignResult {
  if (head === null) throw new AppError('model_without_head')
  const { topK, temperature, posterior = defaultPosterior(head) } = request.options
  const { prototypes, norms } = head
  const views: Views =
    temperature === undefined ? head.views : { ...head.views, model: mixtureAt(norms, { ...head, temperature }) }
  const images = rows.map((row) => {
    const outputs = { cosines: row.subarray(0, prototypes), bottleneck: row.subarray(prototypes) }
    return assignImage(outputs, views, { topK, posterior })
  })
  return { kind: 'assign', posterior, images }
}

function failure(id: number, error: unknown): InferenceFailure {
  if (!isAppError(error)) return { id, ok: false, code: 'internal', message: ERROR_CATALOGUE.internal }
  const { index } = error.details
  return { id, ok: false, code: error.code, message: error.message, ...(typeof index === 'number' ? { index } : {}) }
}
