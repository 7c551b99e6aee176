import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ModelAlias as DomainAlias } from '../../domain/model-name.ts'
import type { Services } from '../../services/services.ts'
import { hasEtag, readIfMatch } from '../core/etag.ts'
import { PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  AliasParams,
  aliasEtag,
  Conditions,
  ModelAlias,
  ModelAliasList,
  MoveAlias,
  NameParams,
  NewAliasParams,
  presentAlias,
  readTarget
} from '../schemas/model-alias.ts'
import type { App } from '../server.ts'

const tags = ['models']
const path = '/v1/models/:name/aliases/:alias'
const conditional = ['model_not_found', 'precondition_failed'] as const

/** RFC 9110, 13.1: what is not said holds. @throws AppError invalid_request, at once */
function expectedBy(request: FastifyRequest): (known: DomainAlias | null) => boolean {
  const match = readIfMatch(request)
  const noneMatch = request.headers['if-none-match']
  return (known) => {
    const etag = known && aliasEtag(known)
    if (match !== null && (etag === null || !(match.includes('*') || match.includes(etag)))) return false
    return noneMatch === undefined || etag === null || !hasEtag(noneMatch, etag)
  }
}

export function modelAliasRoutes(app: App, { models, serving }: Pick<Services, 'models' | 'serving'>): void {
  app.get(
    '/v1/models/:name/aliases',
    {
      schema: {
        operationId: 'listModelAliases',
        tags,
        summary: 'List the aliases of a name',
        params: NameParams,
        querystring: PageQuery,
        response: { 200: ModelAliasList }
      },
      config: { problems: ['model_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentPage(await models.listAliases(principal.projectId, params.name, toPageRequest(query)), presentAlias)
  )

  app.get(
    path,
    {
      schema: {
        operationId: 'getModelAlias',
        tags,
        summary: 'Get an alias',
        params: AliasParams,
        response: { 200: ModelAlias, 304: Type.Null() }
      },
      config: { problems: ['model_not_found', 'alias_not_found'] }
    },
    async (request, reply) => {
      const found = await models.getAlias(request.principal.projectId, request.params)
      const etag = aliasEtag(found)
      reply.headers({ etag, 'cache-control': 'private, no-cache' })
      if (hasEtag(request.headers['if-none-match'] ?? '', etag)) return reply.code(304).send(null)
      return presentAlias(found)
    }
  )

  app.put(
    path,
    {
      schema: {
        operationId: 'putModelAlias',
        tags,
        summary: 'Let an alias mean a version of a name',
        description:
          'Requests name it `name@alias`, as they name a version `name@3`. Those that have begun are answered by the model that it meant then. The model has to be ready, and the process that answers loads it before the alias means it, for as long as a request may take: nobody waits for that later.',
        params: NewAliasParams,
        headers: Conditions,
        body: MoveAlias,
        response: { 200: ModelAlias }
      },
      config: { problems: [...conditional, 'model_not_ready', 'model_of_other_name'] }
    },
    async (request, reply) => {
      const { params, body, principal } = request
      const move = { ...params, target: readTarget(body), isExpected: expectedBy(request) }
      const reference = 'model' in move.target ? move.target.model : `${params.name}@${move.target.version}`
      await serving.warm(principal.projectId, reference)
      const moved = await models.moveAlias(principal.projectId, move)
      reply.header('etag', aliasEtag(moved))
      return presentAlias(moved)
    }
  )

  app.delete(
    path,
    {
      schema: {
        operationId: 'deleteModelAlias',
        tags,
        summary: 'Delete an alias',
        description: 'Its model stays. Requests that name the alias are answered 404 from then on.',
        params: AliasParams,
        headers: Conditions,
        response: { 204: Type.Null() }
      },
      config: { problems: [...conditional, 'alias_not_found'] }
    },
    async (request, reply) => {
      const { params, principal } = request
      await models.removeAlias(principal.projectId, { ...params, isExpected: expectedBy(request) })
      return reply.code(204).send(null)
    }
  )
}
