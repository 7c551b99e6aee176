/** Open Inference Protocol v2: what KServe, Triton and their clients ask of a server of models, in front of the same serving. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { VERSION } from '../../base/version.ts'
import type { Services } from '../../services/services.ts'
import { runInference } from '../core/open-inference.ts'
import { type Checks, checkReadiness, READINESS_PROBLEMS } from '../core/readiness.ts'
import { bodyOfTensors, type ServingRoutesDeps, servingProblems } from '../core/serving-answers.ts'
import { JSON_LENGTH, readInfer, streamTensors, toBinaryAnswer } from '../core/tensors.ts'
import { closed, Id, IdParams, MOST_INT4 } from '../schemas/common.ts'
import {
  InferAnswer,
  InferRequest,
  ModelMetadata,
  ModelReady,
  presentModelMetadata,
  ServerLive,
  ServerMetadata,
  ServerReady
} from '../schemas/open-inference.ts'
import { Binary } from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['open inference']
const RAW = 'application/octet-stream'
const PROBLEMS = ['model_not_found', 'model_not_ready'] as const

const VersionParams = Type.Object({ id: Id, version: Type.Integer({ minimum: 1, maximum: MOST_INT4 }) }, closed)

interface ModelPath {
  readonly id: string
  readonly version?: number
}

/** Both ways to name a model: by itself, which may hold a version already, or with its version in the path. */
const PATHS = [
  { path: '/v2/models/:id', params: IdParams, suffix: '', how: '' },
  {
    path: '/v2/models/:id/versions/:version',
    params: VersionParams,
    suffix: 'Version',
    how: ' (by name and version)'
  }
] as const

const referenceOf = ({ id, version }: ModelPath): string => (version === undefined ? id : `${id}@${version}`)

export function openInferenceProbes(app: App, deps: { readonly checks: Checks; readonly logger: Logger }): void {
  app.get(
    '/v2',
    {
      schema: {
        operationId: 'getInferenceServer',
        tags,
        summary: 'What serves models here',
        response: { 200: ServerMetadata }
      }
    },
    async () => ({ name: 'kappa' as const, version: VERSION, extensions: ['binary_tensor_data'] })
  )
  app.get(
    '/v2/health/live',
    {
      schema: {
        operationId: 'getInferenceLiveness',
        tags,
        summary: 'The process answers',
        response: { 200: ServerLive }
      }
    },
    async () => ({ live: true as const })
  )
  app.get(
    '/v2/health/ready',
    {
      schema: {
        operationId: 'getInferenceReadiness',
        tags,
        summary: 'Everything it needs answers',
        response: { 200: ServerReady }
      },
      config: { problems: READINESS_PROBLEMS, hasInferenceErrors: true }
    },
    async () => {
      await checkReadiness(deps.checks, deps.logger)
      return { ready: true as const }
    }
  )
}

export function openInferenceModels(app: App, { models }: Pick<Services, 'models'>): void {
  const find = ({ params, principal }: FastifyRequest) =>
    models.getReady(principal.projectId, referenceOf(params as ModelPath)) // validated as such
  for (const { path, params, suffix, how } of PATHS) {
    app.get(
      path,
      {
        schema: {
          operationId: `getInferenceModel${suffix}`,
          tags,
          summary: `Tensors of a model${how}`,
          params,
          response: { 200: ModelMetadata }
        },
        config: { problems: PROBLEMS, hasInferenceErrors: true }
      },
      async (request) => presentModelMetadata((request.params as ModelPath).id, await find(request))
    )
    app.get(
      `${path}/ready`,
      {
        schema: {
          operationId: `getInferenceModel${suffix}Readiness`,
          tags,
          summary: `Whether a model is ready${how}`,
          params,
          response: { 200: ModelReady }
        },
        config: { problems: PROBLEMS, hasInferenceErrors: true }
      },
      async (request) => {
        await find(request)
        return { name: (request.params as ModelPath).id, ready: true as const }
      }
    )
  }
}

/** In a plugin of its own, whose raw bodies are JSON with tensors behind it. */
export function inferRoutes(app: App, deps: ServingRoutesDeps): void {
  const bodyLimit = deps.limits.bodyBytes
  // Triton's client names no type.
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    headers['content-type'] ??= headers[JSON_LENGTH] === undefined ? 'application/json' : RAW
  })
  app.addContentTypeParser(RAW, { parseAs: 'buffer', bodyLimit }, (_, body, done) => done(null, body))
  for (const { path, params, suffix, how } of PATHS) {
    app.post(
      `${path}/infer`,
      {
        bodyLimit,
        schema: {
          operationId: `inferModel${suffix}`,
          tags,
          summary: `Embed images, or assign them to prototypes, as tensors${how}`,
          description: `The input is \`images\`, BYTES of [images]. With \`Content-Type: ${RAW}\` the body begins with as many bytes of JSON as the header Inference-Header-Content-Length says, and image files follow, each after its length in four bytes.`,
          params,
          body: bodyOfTensors(InferRequest),
          response: {
            200: {
              description: 'One tensor an output, its rows in the order of the images.',
              content: { 'application/json': { schema: InferAnswer }, [RAW]: { schema: Binary } }
            }
          }
        },
        config: {
          problems: [...servingProblems, 'checkpoint_not_found', 'model_without_head', 'mixture_unavailable'],
          hasInferenceErrors: true
        }
      },
      (request, reply) => infer(deps, request, reply)
    )
  }
}

async function infer(deps: ServingRoutesDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { request: asked, images } = readInfer(request)
  const path = request.params as ModelPath // validated as such
  checkName(asked, path)
  const { model, posterior, tensors } = await runInference(deps, {
    asked,
    images,
    model: referenceOf(path),
    request,
    reply
  })
  const answer = {
    model_name: path.id,
    ...(model.version !== null && { model_version: String(model.version) }),
    ...(asked.id !== undefined && { id: asked.id }),
    parameters: { model: model.name, ...(posterior !== undefined && { posterior }) }
  }
  const byDefault = asked.parameters?.binary_data_output ?? false
  const wishes = new Map(asked.outputs?.map(({ name, parameters }) => [name, parameters?.binary_data]))
  const isBinary = ({ name }: { readonly name: (typeof tensors)[number]['name'] }) => wishes.get(name) ?? byDefault
  if (!tensors.some(isBinary)) {
    reply.type('application/json; charset=utf-8')
    return reply.send(Readable.from(streamTensors(answer, tensors), { objectMode: false }))
  }
  const { body, jsonBytes } = toBinaryAnswer(answer, tensors, isBinary)
  return reply.header(JSON_LENGTH, String(jsonBytes)).type(RAW).send(body)
}

/** @throws AppError invalid_request: of two names nobody can say which is meant */
function checkName({ model_name: name }: { readonly model_name?: string }, { id }: ModelPath): void {
  if (name === undefined || name === id) return
  const message = `is ${name}, and the address names ${id}`
  throw new AppError('invalid_request', { errors: [{ path: '/model_name', message }] })
}
