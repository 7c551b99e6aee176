/**
 * Requests and answers of the Open Inference Protocol: JSON, and behind it, where both sides want it, the tensors as bytes (its
 * extension "binary_tensor_data", which Triton's and KServe's clients use unless they are told otherwise).
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { AppError, type FieldError } from '../../base/errors.ts'
import type { ImageInput } from '../../services/serving/image-sources.ts'
import { type Infer, InferRequest, type OutputName } from '../schemas/open-inference.ts'
import { textInputs } from './image-bodies.ts'
import { decodeJson, parseJson } from './json-text.ts'

export const JSON_LENGTH = 'inference-header-content-length'

export interface InferInput {
  readonly request: Infer
  readonly images: readonly ImageInput[]
}

export interface OutputTensor {
  readonly name: OutputName
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array
}

/** 384 numbers of JSON take about 0.1 ms; other requests get their turn after so many numbers. */
const NUMBERS_PER_TURN = 8192
const LENGTH_BYTES = 4

const refuse = (...errors: readonly FieldError[]): AppError => new AppError('invalid_request', { errors })

/** Each element is its length, four bytes little-endian, and its bytes. */
function readElements(bytes: Buffer): ImageInput[] {
  const images: ImageInput[] = []
  for (let at = 0; at < bytes.length; ) {
    const from = at + LENGTH_BYTES
    const end = from <= bytes.length ? from + bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY
    if (end > bytes.length) throw refuse({ path: '/inputs/0', message: `ends within element ${images.length}` })
    images.push({ type: 'bytes', bytes: bytes.subarray(from, end) })
    at = end
  }
  return images
}

/** What the schema does not say: bytes either in the JSON or behind it, and as many as the shape has. */
function imagesOf({ inputs: [input] }: Infer, behind: Buffer | null): ImageInput[] {
  const { data, shape, parameters } = input!
  const size = parameters?.binary_data_size
  if ((data === undefined) === (size === undefined))
    throw refuse({ path: '/inputs/0', message: 'must have either data or parameters.binary_data_size' })
  if (size !== undefined && size !== (behind?.length ?? 0)) {
    const message = `is ${size}, and ${behind?.length ?? 0} bytes are behind the JSON`
    throw refuse({ path: '/inputs/0/parameters/binary_data_size', message })
  }
  const images = data === undefined ? readElements(behind ?? Buffer.alloc(0)) : textInputs(data)
  const elements = shape.reduce((product, side) => product * side, 1)
  if (elements === images.length && (shape[1] ?? 1) === 1) return images
  const message = `must be [${images.length}] or [${images.length}, 1], as there are ${images.length} images`
  throw refuse({ path: '/inputs/0/shape', message })
}

/** @throws AppError invalid_request naming the field */
export function readInfer(asked: FastifyRequest): InferInput {
  const { body, headers } = asked
  if (!Buffer.isBuffer(body)) {
    const request = body as Infer // validated as such
    return { request, images: imagesOf(request, null) }
  }
  const length = Number(headers[JSON_LENGTH] ?? body.length)
  if (!Number.isSafeInteger(length) || length < 0 || length > body.length)
    throw refuse({ path: JSON_LENGTH, message: `must be an integer from 0 to ${body.length}, the bytes of the body` })
  const json = parseJson(decodeJson(body.subarray(0, length), 'application/json'))
  const judged = asked.compileValidationSchema(InferRequest, 'body')(json) as unknown as { readonly error?: Error }
  if (judged.error) throw judged.error
  const request = json as Infer // has just been validated
  return { request, images: imagesOf(request, body.subarray(length)) }
}

/** Failures of the services name fields as the other routes have them. */
export function inTensorTerms(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.details.errors === undefined) return thrown
  const errors = thrown.details.errors.map(({ path, message }) => ({
    path: path.replace(/^\/input(\/|$)/, '/inputs/0/data$1').replace(/^\/(dimensions|posterior)$/, '/parameters/$1'),
    message
  }))
  return new AppError(thrown.code, { ...thrown.details, errors }, { cause: thrown })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: OutputTensor['values']): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

const datatypeOf = ({ values }: OutputTensor): string => (values instanceof Int32Array ? 'INT32' : 'FP32')

/** Little-endian, as every machine that Node runs on has it. */
export function toBinaryAnswer(
  rest: object,
  tensors: readonly OutputTensor[],
  isBinary: (tensor: OutputTensor) => boolean
): { readonly body: Buffer; readonly jsonBytes: number } {
  const outputs = tensors.map((tensor) => {
    const head = { name: tensor.name, shape: tensor.shape, datatype: datatypeOf(tensor) }
    if (!isBinary(tensor)) return { ...head, data: [...tensor.values] }
    return { ...head, parameters: { binary_data_size: tensor.values.byteLength } }
  })
  const json = Buffer.from(JSON.stringify({ ...rest, outputs }))
  const behind = tensors.filter(isBinary).map(({ values }) => bytesOf(values))
  return { body: Buffer.concat([json, ...behind]), jsonBytes: json.length }
}

/** Without holding up the event loop. */
export async function* streamTensors(rest: object, tensors: readonly OutputTensor[]): AsyncGenerator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"outputs":[`
  for (const [index, tensor] of tensors.entries()) {
    const { name, shape, values } = tensor
    const head = JSON.stringify({ name, shape, datatype: datatypeOf(tensor) })
    yield `${index === 0 ? '' : ','}${head.slice(0, -1)},"data":[`
    for (let from = 0; from < values.length; from += NUMBERS_PER_TURN) {
      if (from > 0) await nextTurn()
      yield `${from === 0 ? '' : ','}${values.subarray(from, from + NUMBERS_PER_TURN).join(',')}`
    }
    yield ']}'
  }
  yield ']}'
}
