import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { IdParams, presentPage, toPageRequest } from '../schemas/common.ts'
import { Matching, MatchingQuery, presentMatching, readMatching } from '../schemas/matching.ts'
import {
  Kappa,
  KappaQuery,
  Prototype,
  PrototypeList,
  PrototypeParams,
  PrototypeQuery,
  presentKappa,
  presentPrototype
} from '../schemas/prototype.ts'
import type { App } from '../server.ts'

const tags = ['models']
const notReady = ['model_not_found', 'model_not_ready', 'model_without_head'] as const

export function prototypeRoutes(app: App, { prototypes }: Pick<Services, 'prototypes'>): void {
  app.get(
    '/v1/models/:id/prototypes',
    {
      schema: {
        operationId: 'listPrototypes',
        tags,
        summary: 'List the components of the mixture',
        params: IdParams,
        querystring: PrototypeQuery,
        response: { 200: PrototypeList }
      },
      config: { problems: notReady }
    },
    async ({ params, query, principal }) => {
      const request = { ...toPageRequest(query), sort: query.sort ?? 'index' }
      return presentPage(await prototypes.list(principal.projectId, params.id, request), presentPrototype)
    }
  )

  app.get(
    '/v1/models/:id/prototypes/:index',
    {
      schema: {
        operationId: 'getPrototype',
        tags,
        summary: 'Get a component',
        params: PrototypeParams,
        response: { 200: Prototype, 304: Type.Null() }
      },
      config: { problems: [...notReady, 'prototype_not_found'] }
    },
    async ({ params, principal }) =>
      presentPrototype(await prototypes.get(principal.projectId, params.id, params.index))
  )

  app.get(
    '/v1/models/:id/kappa',
    {
      schema: {
        operationId: 'getKappa',
        tags,
        summary: 'How concentrated the components are, in one of two views',
        params: IdParams,
        querystring: KappaQuery,
        response: { 200: Kappa }
      },
      config: { problems: [...notReady, 'mixture_unavailable'] }
    },
    async ({ params, query, principal }) => {
      const { view = 'model', bins = 20 } = query
      const { model, summary } = await prototypes.kappa(principal.projectId, params.id, { view, bins })
      return presentKappa(model, { view, summary })
    }
  )

  app.get(
    '/v1/models/:id/matching',
    {
      schema: {
        operationId: 'getMatching',
        tags,
        summary: 'Which prototype of another model is which of this one',
        description:
          'By the images of a dataset version that vector sets of both have assigned: pairs of prototypes, one of each model, that together have as many images as possible.',
        params: IdParams,
        querystring: MatchingQuery,
        response: { 200: Matching }
      },
      config: { problems: [...notReady, 'matching_unavailable', 'vector_set_not_found', 'overloaded'] }
    },
    async ({ params, query, principal }) =>
      presentMatching(await prototypes.match(principal.projectId, readMatching(params.id, query)))
  )
}
