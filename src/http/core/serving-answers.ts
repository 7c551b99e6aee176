/** What the routes of embeddings and assignments have in common. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { OutputDtype } from '../../base/output-dtype.ts'
import type { Timings } from '../../domain/ports.ts'
import type { Services } from '../../services/services.ts'
import type { EmbedAnswer } from '../../services/serving/serving.ts'
import { Binary, multipartBody, presentUsage, RAW_IMAGE_TYPES } from '../schemas/serving.ts'
import { streamEmbeddings, toBase64 } from './embedding-encoding.ts'
import type { ImageLimits } from './image-bodies.ts'
import type { HttpMetrics } from './metrics.ts'

export interface ServingDeps {
  readonly limits: ImageLimits
  readonly metrics: HttpMetrics
}

export type ServingRoutesDeps = ServingDeps & Pick<Services, 'serving' | 'rates'>

export const servingProblems = [
  'model_not_found',
  'model_not_ready',
  'image_invalid',
  'image_too_large',
  'images_too_large',
  'url_not_allowed',
  'url_unreachable',
  'quota_exceeded',
  'too_much_at_once',
  'overloaded',
  'request_timeout',
  'inference_unavailable'
] as const

const rawBodies = Object.fromEntries(RAW_IMAGE_TYPES.map((type) => [type, { schema: Binary }]))

/** JSON is validated; images and forms are judged where they are read. */
export const bodyOf = (json: object) => ({
  content: {
    'application/json': { schema: json },
    ...rawBodies,
    'multipart/form-data': { schema: multipartBody({}) }
  }
})

/** JSON, or JSON with tensors behind it. */
export const bodyOfTensors = (json: object) => ({
  content: { 'application/json': { schema: json }, 'application/octet-stream': { schema: Binary } }
})

export const formatTimings = ({ decodeMs, queueMs, inferMs, encodeMs }: Timings): string =>
  Object.entries({ decode: decodeMs, queue: queueMs, infer: inferMs, encode: encodeMs })
    .map(([stage, ms]) => `${stage};dur=${ms.toFixed(2)}`)
    .join(', ')

export interface EmbeddingForm {
  readonly format: 'float' | 'base64'
  readonly dtype: OutputDtype
}

export function sendEmbeddings(
  reply: FastifyReply,
  answer: EmbedAnswer,
  { format, dtype }: EmbeddingForm
): FastifyReply {
  const { model, embeddings, imageSize } = answer
  const rest = { model: model.name, usage: presentUsage(embeddings.length, { ...model.config, imageSize }) }
  reply.type('application/json; charset=utf-8')
  if (format === 'float')
    return reply.send(Readable.from(streamEmbeddings(embeddings, dtype, rest), { objectMode: false }))
  const data = embeddings.map((embedding, index) => ({
    object: 'embedding',
    index,
    embedding: toBase64(embedding, dtype)
  }))
  return reply.send({ object: 'list', data, ...rest })
}
