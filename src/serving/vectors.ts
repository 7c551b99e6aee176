/** What a request may ask of a model, and what becomes of what its program computed. */
import { AppError } from '../base/errors.ts'
import { assignImage, mixtureAt, type Views } from '../model/assigner.ts'
import type {
  AssignInferenceRequest,
  AssignResult,
  EmbedInferenceRequest,
  EmbedResult,
  ModelInferenceRequest
} from '../protocol/inference-messages.ts'
import { defaultPosterior } from '../protocol/model-folder.ts'
import { checkMap } from './maps.ts'
import type { ServedHead, ServedKind, ServingModel } from './serving-model.ts'

const isOfHead = (request: ModelInferenceRequest): boolean =>
  request.kind === 'assign' ||
  (request.kind === 'embed' && request.options.output === 'bottleneck') ||
  request.model.view?.kind === 'heat'

const isRounded = (request: ModelInferenceRequest): boolean =>
  request.kind === 'embed' && request.options.precision === 'int8'

/** A view says itself what it computes. */
export function programOf(request: ModelInferenceRequest): ServedKind {
  const { view } = request.model
  if (view !== undefined) return view.kind
  if (isOfHead(request)) return 'assign'
  return isRounded(request) ? 'embedInt8' : 'embed'
}

/** @param rows embeddings, or tokens [P, D]; of a bottleneck vector, what stands before it are the cosines [K] */
function vectorsOf(
  rows: readonly Float32Array[],
  { options: { output } }: EmbedInferenceRequest,
  { head, config }: Pick<ServingModel, 'head' | 'config'>
): readonly Float32Array[] {
  if (output === 'bottleneck' && head !== null) return rows.map((row) => row.subarray(head.prototypes))
  return output === 'mean_patch' ? rows.map((row) => meanRow(row, config.embeddingDim)) : rows
}

/** @param rows [P, dim] */
function meanRow(rows: Float32Array, dim: number): Float32Array {
  const sums = new Float64Array(dim)
  for (let at = 0; at < rows.length; at++) sums[at % dim]! += rows[at]!
  return Float32Array.from(sums, (sum) => (sum * dim) / rows.length)
}

/** @throws AppError invalid_request, model_without_head, mixture_unavailable, precision_unavailable */
export function checkOptions(request: ModelInferenceRequest, { config, head }: ServingModel): void {
  if (isOfHead(request) && head === null) throw new AppError('model_without_head')
  if (isRounded(request) && programOf(request) !== 'embedInt8') throw new AppError('precision_unavailable')
  if (request.images.length === 0) throw new AppError('invalid_request', { message: 'At least one image is needed.' })
  if (request.kind === 'assign') {
    const { temperature } = request.options
    if (temperature !== undefined && !(temperature > 0)) {
      throw new AppError('invalid_request', { message: 'The temperature must be greater than 0.' })
    }
    if (head !== null) checkPosterior(request, head)
    return
  }
  if (request.kind === 'map') {
    checkMap(request, config)
    return
  }
  const { dimensions, output } = request.options
  if (output === 'patches' && dimensions !== undefined)
    throw new AppError('invalid_request', { message: 'Tokens of patches have all their dimensions.' })
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

export function encodeEmbeddings(
  rows: readonly Float32Array[],
  request: EmbedInferenceRequest,
  model: Pick<ServingModel, 'head' | 'config'>
): EmbedResult {
  const { options } = request
  if (options.output === 'patches') return encodePatches(rows)
  const vectors = vectorsOf(rows, request, model)
  const dimensions = options.dimensions ?? vectors[0]!.length
  const embeddings = new Float32Array(vectors.length * dimensions)
  vectors.forEach((vector, row) => {
    const kept = vector.subarray(0, dimensions)
    const length = Math.hypot(...kept)
    for (let i = 0; i < dimensions; i++) embeddings[row * dimensions + i] = length > 0 ? kept[i]! / length : 0
  })
  return { kind: 'embed', dimensions, embeddings }
}

function encodePatches(rows: readonly Float32Array[]): EmbedResult {
  const dimensions = rows[0]!.length
  const embeddings = new Float32Array(rows.length * dimensions)
  rows.forEach((row, image) => void embeddings.set(row, image * dimensions))
  return { kind: 'embed', dimensions, embeddings }
}

/** @param rows cosines [K] and bottleneck [p] of each image */
export function encodeAssignments(
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
