import type { FastifyReply } from 'fastify'
import type { EmbedAnswer, EmbedRequest } from '../../services/serving/serving.ts'
import { toRaw } from '../core/embedding-encoding.ts'
import { readImageBody, textInputs } from '../core/image-bodies.ts'
import { callerOf } from '../core/image-requests.ts'
import {
  bodyOf,
  formatTimings,
  type ServingRoutesDeps,
  sendEmbeddings,
  servingProblems
} from '../core/serving-answers.ts'
import { IdParams, type Wire } from '../schemas/common.ts'
import { Binary, CreateEmbeddings, CreateModelEmbeddings, EmbeddingQuery, Embeddings } from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['serving']
const RAW = 'application/octet-stream'
const embeddingProblems = [
  ...servingProblems,
  'checkpoint_not_found',
  'model_without_head',
  'precision_unavailable'
] as const

async function embed(
  { serving, metrics }: ServingRoutesDeps,
  reply: FastifyReply,
  request: EmbedRequest
): Promise<EmbedAnswer> {
  const answer = await serving.embed(request)
  metrics.countInference('embed', answer.embeddings.length, answer.timings)
  reply.header('server-timing', formatTimings(answer.timings))
  return answer
}

export function embeddingRoutes(app: App, deps: ServingRoutesDeps): void {
  app.post(
    '/v1/embeddings',
    {
      bodyLimit: deps.limits.bodyBytes,
      schema: {
        operationId: 'createEmbeddings',
        tags,
        summary: 'Embed images',
        description: "OpenAI's request and answer, with images in place of texts: their clients work unchanged.",
        body: CreateEmbeddings,
        response: { 200: Embeddings }
      },
      config: { problems: embeddingProblems, hasOpenAiErrors: true }
    },
    async (request, reply) => {
      const {
        model,
        input,
        encoding_format: format = 'float',
        output_dtype: dtype = 'float32',
        output = 'cls',
        precision = 'float32',
        dimensions = null
      } = request.body
      const caller = callerOf(deps.rates, request, reply)
      const { projectId } = request.principal
      const answer = await embed(deps, reply, {
        projectId,
        model,
        images: textInputs(input),
        output,
        precision,
        dimensions,
        caller
      })
      return sendEmbeddings(reply, answer, { format, dtype })
    }
  )
}

/** In a plugin that reads image bodies. */
export function modelEmbeddingRoutes(app: App, deps: ServingRoutesDeps): void {
  app.post(
    '/v1/models/:id/embeddings',
    {
      bodyLimit: deps.limits.bodyBytes,
      schema: {
        operationId: 'createModelEmbeddings',
        tags,
        summary: 'Embed images, sent raw, as a form or as JSON',
        description: `With \`Accept: ${RAW}\` the answer is little-endian numbers of \`output_dtype\`, row by row, and the header Kappa-Dimensions.`,
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
      config: { problems: embeddingProblems }
    },
    async (request, reply) => {
      const { params, query, headers, principal } = request
      const caller = callerOf(deps.rates, request, reply)
      const raw = await readImageBody(request, deps.limits)
      const json = raw === null ? (request.body as Wire<typeof CreateModelEmbeddings>) : null // validated as such
      const options = { ...query, ...json }
      const images = raw ?? textInputs(json?.input ?? [])
      const { output = 'cls', precision = 'float32', dimensions = null } = options
      const asked = { model: params.id, images, output, precision, dimensions }
      const answer = await embed(deps, reply, { projectId: principal.projectId, ...asked, caller })
      const { encoding_format: format = 'float', output_dtype: dtype = 'float32' } = options
      if (!headers.accept?.includes(RAW)) return sendEmbeddings(reply, answer, { format, dtype })
      reply.header('kappa-dimensions', String(answer.dimensions)).type(RAW)
      return reply.send(toRaw(answer.embeddings, dtype))
    }
  )
}
