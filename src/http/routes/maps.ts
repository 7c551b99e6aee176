/** Pictures of what a model sees in an image: where it looked, and which patches are like a prototype. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { AppError, invariant } from '../../base/errors.ts'
import type { MapAnswer, MapRequest } from '../../services/serving/serving.ts'
import { readImageBody, textInputs } from '../core/image-bodies.ts'
import { callerOf } from '../core/image-requests.ts'
import { sendNpy } from '../core/patch-files.ts'
import { bodyOf, formatTimings, type ServingRoutesDeps, servingProblems } from '../core/serving-answers.ts'
import { IdParams } from '../schemas/common.ts'
import {
  AttentionMap,
  AttentionQuery,
  CreateAttentionMap,
  CreateHeatMap,
  HeatMap,
  HeatQuery,
  presentAttention,
  presentHeat
} from '../schemas/maps.ts'
import { Binary } from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['serving']
const PNG = 'image/png'
const RAW = 'application/octet-stream'
const problems = [...servingProblems, 'checkpoint_not_found'] as const

const answerOf = (json: object) => ({
  200: {
    description: 'By `format`. The header Kappa-Range says what the first and the last colour stand for.',
    content: { [PNG]: { schema: Binary }, 'application/json': { schema: json }, [RAW]: { schema: Binary } }
  }
})

interface Fields {
  readonly format?: 'png' | 'json' | 'npy'
  readonly draw?: 'overlay' | 'map'
  readonly image_size?: number
}

/** Fields of the query, or of JSON. */
async function readFields<T extends Fields>(request: FastifyRequest, deps: ServingRoutesDeps) {
  const raw = await readImageBody(request, deps.limits)
  const { input, ...json } = (raw === null ? request.body : { input: '' }) as T & { readonly input: string } // validated as such
  const fields = { ...(request.query as T), ...json } as T
  if (fields.draw !== undefined && (fields.format ?? 'png') !== 'png')
    throw new AppError('invalid_request', { errors: [{ path: '/draw', message: 'is for format png' }] })
  return { images: raw ?? textInputs(input), fields }
}

const drawnBy = ({ format = 'png', draw = 'overlay' }: Fields) => (format === 'png' ? { draw } : {})

async function ask(
  { serving, metrics, rates }: ServingRoutesDeps,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  wish: Pick<MapRequest, 'images' | 'asked' | 'imageSize'>
): Promise<MapAnswer> {
  const { id: model } = request.params as Static<typeof IdParams> // validated as such
  const caller = callerOf(rates, request, reply)
  const answer = await serving.map({ projectId: request.principal.projectId, model, caller, ...wish })
  metrics.countInference(wish.asked.kind, 1, answer.timings)
  const { range } = answer.result
  reply.headers({ 'server-timing': formatTimings(answer.timings), 'kappa-range': range.join(',') })
  return answer
}

function sendPng(reply: FastifyReply, { result: { png } }: MapAnswer): FastifyReply {
  invariant(png !== null, 'a picture that was not drawn')
  return reply.type(PNG).send(Buffer.from(png))
}

/** In a plugin that reads image bodies. */
export function mapRoutes(app: App, deps: ServingRoutesDeps): void {
  const bodyLimit = deps.limits.bodyBytes
  app.post(
    '/v1/models/:id/attention-maps',
    {
      bodyLimit,
      schema: {
        operationId: 'createAttentionMap',
        tags,
        summary: 'Where the model looks in an image',
        description: 'Attention of the class token on every patch in the last block.',
        params: IdParams,
        querystring: AttentionQuery,
        body: bodyOf(CreateAttentionMap),
        response: answerOf(AttentionMap)
      },
      config: { problems }
    },
    async (request, reply) => {
      const { images, fields } = await readFields<Static<typeof AttentionQuery>>(request, deps)
      const { format = 'png', head, image_size: imageSize = null } = fields
      const asked = { kind: 'attention', ...(head !== undefined && { head }), ...drawnBy(fields) } as const
      const answer = await ask(deps, { request, reply }, { images, imageSize, asked })
      const { side, maps } = answer.result
      if (head === undefined) reply.header('kappa-heads', String(maps.length))
      if (format === 'json') return reply.send(presentAttention(answer))
      return format === 'npy' ? sendNpy(reply, maps, [maps.length, side, side]) : sendPng(reply, answer)
    }
  )

  app.post(
    '/v1/models/:id/heat-maps',
    {
      bodyLimit,
      schema: {
        operationId: 'createHeatMap',
        tags,
        summary: 'Which patches of an image are like a prototype',
        params: IdParams,
        querystring: HeatQuery,
        body: bodyOf(CreateHeatMap),
        response: answerOf(HeatMap)
      },
      config: { problems: [...problems, 'model_without_head'] }
    },
    async (request, reply) => {
      const { images, fields } = await readFields<Static<typeof HeatQuery>>(request, deps)
      const { format = 'png', value = 'cosine', prototype, image_size: imageSize = null } = fields
      const asked = { kind: 'heat', value, ...(prototype !== undefined && { prototype }), ...drawnBy(fields) } as const
      const answer = await ask(deps, { request, reply }, { images, imageSize, asked })
      const { side, maps, image } = answer.result
      invariant(image !== null, 'a heat map of no prototype')
      reply.header('kappa-prototype', String(image.prototype))
      if (format === 'json') return reply.send(presentHeat(answer, image, value))
      return format === 'npy' ? sendNpy(reply, maps, [side, side]) : sendPng(reply, answer)
    }
  )
}
