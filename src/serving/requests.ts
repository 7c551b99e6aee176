/**
 * Answers requests of the API: read headers, wait to be admitted, decode, join with neighbours, compute, encode. One
 * answer per request, whatever happens.
 */
import type { Clock } from '../base/clock.ts'
import { AppError, ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import { type ModelCache, viewedId } from '../cache/model-cache.ts'
import type {
  InferenceAnswer,
  InferenceFailure,
  InferenceRequest,
  InferenceSettings,
  InferenceSuccess,
  InferenceWeight,
  LoadInferenceRequest,
  ModelInferenceRequest,
  ServedModel
} from '../protocol/inference-messages.ts'
import { Batcher } from './batches.ts'
import { type ImageDecoder, pixelsOf, type WeighedImage } from './decode.ts'
import { mapOf } from './maps.ts'
import { createOpenRequests, type OpenRequest } from './open-requests.ts'
import { drawAsked } from './pictures.ts'
import type { ServedProgram, ServingModel } from './serving-model.ts'
import { checkOptions, encodeAssignments, encodeEmbeddings, programOf } from './vectors.ts'

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
  readonly models: ModelCache<ServingModel, ServedModel>
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
    compute: (_lane, images, isLone) =>
      images[0]!.program.run(
        images.map(({ pixels }) => pixels),
        isLone
      )
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
      onWeighed({ id: request.id, pixels: images.map((image) => Math.max(pixelsOf(image), seenPixels(request))) })
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
      lane: `${kind} ${viewedId(request.model)}`,
      maxBatch: Math.min(settings.maxBatch, program.batch ?? 1),
      asker: request.asker,
      items: pixels.map((image) => ({ program, pixels: image })),
      signal
    })
    const encodeFrom = clock.now()
    const result = await encode(request, { model, pixels, rows: results })
    const timings = { decodeMs, queueMs, inferMs, encodeMs: clock.now() - encodeFrom }
    return { id: request.id, ok: true, result, timings } as const
  }

  return { answer, admit: open.admit, abort: open.abort }
}

/** What a view computes is not what the image has: a small one that is shown large costs what is seen of it. */
const seenPixels = ({ model: { view } }: ModelInferenceRequest): number =>
  view === undefined ? 0 : view.imageSize ** 2

interface Computed {
  readonly model: ServingModel
  readonly pixels: readonly Uint8Array[]
  readonly rows: readonly Float32Array[]
}

function encode(request: ModelInferenceRequest, { model, pixels, rows }: Computed) {
  if (request.kind === 'embed') return encodeEmbeddings(rows, request, model)
  if (request.kind === 'assign') return encodeAssignments(rows, request, model.head)
  return mapOf(request, { config: model.config, head: model.head, pixels: pixels[0]!, row: rows[0]! })
}

function failure(id: number, error: unknown): InferenceFailure {
  if (!isAppError(error)) return { id, ok: false, code: 'internal', message: ERROR_CATALOGUE.internal }
  const { index } = error.details
  return { id, ok: false, code: error.code, message: error.message, ...(typeof index === 'number' ? { index } : {}) }
}
