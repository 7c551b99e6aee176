/** Which images the prototypes of a model win, by an evaluation. */
import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  PrototypeImages,
  PrototypeImagesList,
  PrototypeImagesParams,
  presentPrototypeImages
} from '../schemas/exemplar.ts'
import type { App } from '../server.ts'

const tags = ['evaluations']

export function evaluationPrototypeRoutes(app: App, { evaluations }: Pick<Services, 'evaluations'>): void {
  app.get(
    '/v1/evaluations/:id/prototypes',
    {
      schema: {
        operationId: 'listPrototypeImages',
        tags,
        summary: 'List prototypes with the images that they win, most used first',
        description:
          'Of an evaluation whose `prototypes` is not null: one that ran prototypes, clustering, or label_free of a model with a fitted mixture, or was asked for everything.',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: PrototypeImagesList }
      },
      config: { problems: ['evaluation_not_found'] }
    },
    async ({ params, query, principal }) => {
      const page = await evaluations.listPrototypes(principal.projectId, params.id, toPageRequest(query))
      return presentPage(page, presentPrototypeImages)
    }
  )

  app.get(
    '/v1/evaluations/:id/prototypes/:index',
    {
      schema: {
        operationId: 'getPrototypeImages',
        tags,
        summary: 'Get the images that a prototype wins',
        description: 'One that wins none has `usage` 0.',
        params: PrototypeImagesParams,
        response: { 200: PrototypeImages, 304: Type.Null() }
      },
      config: { problems: ['evaluation_not_found', 'prototype_not_found'] }
    },
    async ({ params, principal }) =>
      presentPrototypeImages(await evaluations.getPrototype(principal.projectId, params.id, params.index))
  )
}
