import type { Services } from '../../services/services.ts'
import { readImageBody } from '../core/image-bodies.ts'
import { callerOf } from '../core/image-requests.ts'
import { bodyOf, formatTimings, type ServingDeps, servingProblems } from '../core/serving-answers.ts'
import { IdParams, type Wire } from '../schemas/common.ts'
import {
  Matches,
  presentMatches,
  readImageWish,
  readOptions,
  readWish,
  SearchQuery,
  SearchVectorSet
} from '../schemas/search.ts'
import type { App } from '../server.ts'

export type SearchRoutesDeps = ServingDeps & Pick<Services, 'search' | 'rates'>

const problems = [
  ...servingProblems,
  'vector_set_not_found',
  'vector_set_not_ready',
  'vector_set_not_searchable',
  'vector_not_found'
] as const

/** In a plugin that reads image bodies. */
export function searchRoutes(app: App, { search, rates, limits, metrics }: SearchRoutesDeps): void {
  app.post(
    '/v1/vector-sets/:id([0-9a-z_]+)::search',
    {
      bodyLimit: limits.bodyBytes,
      schema: {
        operationId: 'searchVectorSet',
        tags: ['vector sets'],
        summary: 'Find the images that are nearest',
        description:
          'To an image, sent raw, as a form or as JSON; to a vector; to an image of the set; or to the mean direction of a prototype.',
        params: IdParams,
        querystring: SearchQuery,
        body: bodyOf(SearchVectorSet),
        response: { 200: Matches }
      },
      config: { problems }
    },
    async (request, reply) => {
      const { params, query, principal } = request
      const caller = callerOf(rates, request, reply)
      const raw = await readImageBody(request, limits)
      const json = raw === null ? (request.body as Wire<typeof SearchVectorSet>) : null // validated as such
      const wish = json === null ? readImageWish(raw ?? []) : readWish(json)
      const { projectId } = principal
      const answer = await search.search({ projectId, id: params.id, wish, ...readOptions(query, json), caller })
      if (answer.embedded !== null) {
        const { timings } = answer.embedded
        metrics.countInference('embed', 1, timings)
        reply.header('server-timing', formatTimings(timings))
      }
      return reply.send(presentMatches(answer))
    }
  )
}
