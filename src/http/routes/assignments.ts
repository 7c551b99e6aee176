import { readImageBody, textInputs } from '../core/image-bodies.ts'
import { callerOf } from '../core/image-requests.ts'
import { bodyOf, formatTimings, type ServingRoutesDeps, servingProblems } from '../core/serving-answers.ts'
import { IdParams, type Wire } from '../schemas/common.ts'
import {
  AssignmentQuery,
  Assignments,
  CreateAssignments,
  presentAssignments,
  presentUsage
} from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['serving']

/** In a plugin that reads image bodies. */
export function assignmentRoutes(app: App, { serving, rates, limits, metrics }: ServingRoutesDeps): void {
  app.post(
    '/v1/models/:id/assignments',
    {
      bodyLimit: limits.bodyBytes,
      schema: {
        operationId: 'createAssignments',
        tags,
        summary: 'Assign images softly to prototypes',
        params: IdParams,
        querystring: AssignmentQuery,
        body: bodyOf(CreateAssignments),
        response: { 200: Assignments }
      },
      config: { problems: [...servingProblems, 'model_without_head', 'mixture_unavailable'] }
    },
    async (request, reply) => {
      const { params, query, principal } = request
      const caller = callerOf(rates, request, reply)
      const raw = await readImageBody(request, limits)
      const json = raw === null ? (request.body as Wire<typeof CreateAssignments>) : null // validated as such
      const options = { ...query, ...json }
      const { model, posterior, results, imageSize, timings } = await serving.assign({
        projectId: principal.projectId,
        model: params.id,
        images: raw ?? textInputs(json?.input ?? []),
        topK: options.top_k ?? 10,
        posterior: options.posterior ?? null,
        temperature: options.temperature ?? null,
        imageSize: options.image_size ?? null,
        caller
      })
      metrics.countInference('assign', results.length, timings)
      reply.header('server-timing', formatTimings(timings))
      const data = results.map((result, index) => presentAssignments(result, index, json?.include))
      const usage = presentUsage(results.length, { ...model.config, imageSize })
      return reply.send({ object: 'list', data, model: model.id, posterior, usage })
    }
  )
}
