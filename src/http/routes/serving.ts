import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Timings } from '../../domain/ports.ts'
import type { ImageInput } from '../../services/image-sources.ts'
import type { Services } from '../../services/services.ts'
import type { EmbedAnswer } from '../../services/serving.ts'
import { streamEmbeddings, toBase64, toRawFloats } from '../embedding-encoding.ts'
import { type ImageLimits, readImageBody, registerImageBodies, textInputs } from '../image-bodies.ts'
import type { HttpMetrics } from '../metrics.ts'
import { IdParams, type Wire } from '../schemas/common.ts'
import {
  AssignmentQuery,
  Assignments,
  Binary,
  CreateAssignments,
  CreateEmbeddings,
  CreateModelEmbeddings,
  EmbeddingQuery,
  Embeddings,
  multipartBody,
  presentAssignments,
  presentUsage,
  RAW_IMAGE_TYPES
} from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['serving']
const RAW = 'application/octet-stream'

const problems = [
  'model_not_found',
  'model_not_ready',
  'image_invalid',
  'image_too_large',
  'url_not_allowed',
  'url_unreachable',
  'overloaded',
  'request_timeout',
  'inference_unavailable'
] as const

export interface ServingDeps {
  readonly limits: ImageLimits
  readonly metrics: HttpMetrics
}

const rawBodies = Object.fromEntries(RAW_IMAGE_TYPES.map((type) => [type, { schema: Binary }]))

/** JSON is validated; images and forms are judged where they are read. */
const bodyOf = (json: object) => ({
  content: {
    'application/json': { schema: json },
    ...rawBodies,
    'multipart/form-data': { schema: multipartBody({}) }
  }
})

const formatTimings = ({ decodeMs, queueMs, inferMs, encodeMs }: Timings): string =>
  Object.entries({ decode: decodeMs, queue: queueMs, infer: inferMs, encode: encodeMs })
    .map(([stage, ms]) => `${stage};dur=${ms.toFixed(2)}`)
    .join(', ')

function sendEmbeddings(reply: FastifyReply, answer: EmbedAnswer, format: 'float' | 'base64'): FastifyReply {
  const { model, embeddings } = answer
  const rest = { model: model.id, usage: presentUsage(embeddings.length, model.config) }
  reply.type('application/json; charset=utf-8')
  if (format === 'float') return reply.send(Readable.from(streamEmbeddings(embeddings, rest), { objectMode: false }))
  const data = embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding: toBase64(embedding) }))
  return reply.send({ object: 'list', data, ...rest })
}

export async function servingRoutes(
  app: App,
  { serving }: Pick<Services, 'serving'>,
  deps: ServingDeps
): Promise<void> {
  const { limits, metrics } = deps
  const bodyLimit = limits.bodyBytes

  async function embed(
    reply: FastifyReply,
    request: { projectId: string; model: string; images: readonly ImageInput[]; dimensions: number | null }
  ): Promise<EmbedAnswer> {
    const answer = await serving.embed(request)
    metrics.countInference('embed', answer.embeddings.length, answer.timings)
    reply.header('server-timing', formatTimings(answer.timings))
    return answer
  }

  app.post(
    '/v1/embeddings',
    {
      bodyLimit,
      schema: {
        operationId: 'createEmbeddings',
        tags,
        summary: 'Embed images',
        description: "OpenAI's request and answer, with images in place of texts: their clients work unchanged.",
        body: CreateEmbeddings,
        response: { 200: Embeddings }
      },
      config: { problems, hasOpenAiErrors: true }
    },
    async ({ body, principal }, reply) => {
      const { model, input, encoding_format: format = 'float', dimensions = null } = body
      const request = { projectId: principal.projectId, model, images: textInputs(input), dimensions }
      return sendEmbeddings(reply, await embed(reply, request), format)
    }
  )

  await app.register(async (scope: App) => {
    await registerImageBodies(scope, limits)

    scope.post(
      '/v1/models/:id/embeddings',
      {
        bodyLimit,
        schema: {
          operationId: 'createModelEmbeddings',
          tags,
          summary: 'Embed images, sent raw, as a form or as JSON',
          description: `With \`Accept: ${RAW}\` the answer is little-endian float32, row by row, and the header Kappa-Dimensions.`,
          params: IdParams,
          querystring: EmbeddingQuery,
          body: bodyOf(CreateModelEmbeddings),
          response: {
            200: {
              description: 'One embedding an image, in order.',
              content: { 'application/json': { schema: Embeddings }, [RAW]: { schema: Binary } }
            }
          }
        },
        config: { problems }
      },
      async (request, reply) => {
        const { params, query, headers, principal } = request
        const raw = await readImageBody(request, limits)
        const json = raw === null ? (request.body as Wire<typeof CreateModelEmbeddings>) : null // validated as such
        const options = { ...query, ...json }
        const images = raw ?? textInputs(json?.input ?? [])
        const dimensions = options.dimensions ?? null
        const answer = await embed(reply, { projectId: principal.projectId, model: params.id, images, dimensions })
        if (!headers.accept?.includes(RAW)) return sendEmbeddings(reply, answer, options.encoding_format ?? 'float')
        reply.header('kappa-dimensions', String(answer.dimensions)).type(RAW)
        return reply.send(toRawFloats(answer.embeddings))
      }
    )

    scope.post(
      '/v1/models/:id/assignments',
      {
        bodyLimit,
        schema: {
          operationId: 'createAssignments',
          tags,
          summary: 'Assign images softly to prototypes',
          params: IdParams,
          querystring: AssignmentQuery,
          body: bodyOf(CreateAssignments),
          response: { 200: Assignments }
        },
        config: { problems }
      },
      async (request, reply) => {
        const { params, query, principal } = request
        const raw = await readImageBody(request, limits)
        const json = raw === null ? (request.body as Wire<typeof CreateAssignments>) : null // validated as such
        const options = { ...query, ...json }
        const { model, results, timings } = await serving.assign({
          projectId: principal.projectId,
          model: params.id,
          images: raw ?? textInputs(json?.input ?? []),
          topK: options.top_k ?? 10,
          temperature: options.temperature ?? null
        })
        metrics.countInference('assign', results.length, timings)
        reply.header('server-timing', formatTimings(timings))
        const data = results.map((result, index) => presentAssignments(result, index, json?.include))
        return reply.send({ object: 'list', data, model: model.id, usage: presentUsage(results.length, model.config) })
      }
    )
  })
}
