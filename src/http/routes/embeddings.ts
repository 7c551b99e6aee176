import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import { createBudget } from '../../base/budget.ts'
import { AppError } from '../../base/errors.ts'
import type { EmbedAnswer, EmbedRequest } from '../../services/serving/serving.ts'
import { toRaw } from '../core/embedding-encoding.ts'
import { readImageBody, textInputs } from '../core/image-bodies.ts'
import { callerOf, holdAnswer } from '../core/image-requests.ts'
import { sendPatches } from '../core/patch-files.ts'
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
        image_size: imageSize = null,
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
        imageSize,
        dimensions,
        caller
      })
      return sendEmbeddings(reply, answer, { format, dtype })
    }
  )
}

type ModelOptions = Static<typeof EmbeddingQuery>

const NOT_OF_PATCHES = ['output_dtype', 'dimensions'] as const

/** What has no meaning beside the other fields is refused: nobody would see that it did nothing. */
function checkFields(options: ModelOptions): void {
  const isOfPatches = options.output === 'patches'
  const idle = isOfPatches ? NOT_OF_PATCHES : (['file_format'] as const)
  // `float` is filled in where nothing is said.
  const isEncoded = isOfPatches && options.encoding_format === 'base64'
  const errors = [...idle.filter((name) => options[name] !== undefined), ...(isEncoded ? ['encoding_format'] : [])].map(
    (name) => ({ path: `/${name}`, message: isOfPatches ? 'is not for patches' : 'is for output patches' })
  )
  if (errors.length > 0) throw new AppError('invalid_request', { errors })
}

/** In a plugin that reads image bodies. */
export function modelEmbeddingRoutes(app: App, deps: ServingRoutesDeps): void {
  const answers = createBudget(deps.limits.bodiesBytes)
  app.post(
    '/v1/models/:id/embeddings',
    {
      bodyLimit: deps.limits.bodyBytes,
      schema: {
        operationId: 'createModelEmbeddings',
        tags,
        summary: 'Embed images, sent raw, as a form or as JSON',
        description: `With \`Accept: ${RAW}\` the answer is little-endian numbers of \`output_dtype\`, row by row, and the header Kappa-Dimensions. Of \`output: patches\` it is a file of \`file_format\`, whatever is accepted, and the header Kappa-Shape.`,
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
      config: { problems: [...embeddingProblems, 'answer_too_large'] }
    },
    async (request, reply) => {
      const { params, query, headers, principal } = request
      const caller = callerOf(deps.rates, request, reply)
      const raw = await readImageBody(request, deps.limits)
      const json = raw === null ? (request.body as Wire<typeof CreateModelEmbeddings>) : null // validated as such
      const { input, ...fields } = json ?? { input: [] }
      const options: ModelOptions = { ...query, ...fields }
      checkFields(options)
      const { output = 'cls', precision = 'float32', image_size: imageSize = null, dimensions = null } = options
      let giveBack = () => {}
      const answer = await embed(deps, reply, {
        projectId: principal.projectId,
        model: params.id,
        images: raw ?? textInputs(input),
        output,
        precision,
        imageSize,
        dimensions,
        caller,
        reserve: (bytes) => {
          giveBack()
          giveBack = answers.take(principal.actor, bytes)
          holdAnswer(reply, giveBack)
        }
      })
      if (output === 'patches') return sendPatches(reply, answer, options.file_format ?? 'npy')
      const { encoding_format: format = 'float', output_dtype: dtype = 'float32' } = options
      if (!headers.accept?.includes(RAW)) return sendEmbeddings(reply, answer, { format, dtype })
      reply.header('kappa-dimensions', String(answer.dimensions)).type(RAW)
      return reply.send(toRaw(answer.embeddings, dtype))
    }
  )
}
