import { Type } from 'typebox'
import type { ModelFilter } from '../../domain/model-stores.ts'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, ModelDescription, NoQuery, presentPage, toPageRequest, type Wire } from '../schemas/common.ts'
import {
  ArtifactList,
  CreateModel,
  Model,
  ModelList,
  ModelQuery,
  presentArtifacts,
  presentModel
} from '../schemas/model.ts'
import { readImport } from '../schemas/model-import.ts'
import type { App } from '../server.ts'

const tags = ['models']
const readFilter = ({ name, versions_of: versionsOf }: Wire<typeof ModelQuery>): ModelFilter => ({
  ...(name !== undefined && { name }),
  ...(versionsOf !== undefined && { versionsOf })
})

const notReady = ['model_not_found', 'model_not_ready'] as const

export function modelRoutes(app: App, { models }: Pick<Services, 'models'>): void {
  app.post(
    '/v1/models',
    {
      schema: {
        operationId: 'createModel',
        tags,
        summary: 'Make a model of a checkpoint, or of weights trained elsewhere',
        description:
          'A run makes one of its last checkpoint by itself. This exports another checkpoint, or imports weights of DINO, iBOT, DINOv2, timm or Hugging Face, in the background.',
        body: CreateModel,
        response: { 202: Model }
      },
      config: {
        isIdempotent: true,
        problems: ['checkpoint_not_found', 'upload_not_found', 'quota_exceeded'],
        hasOpenAiErrors: true
      }
    },
    async ({ body, principal }, reply) => {
      const words = { name: body.name ?? null, metadata: body.metadata ?? {} }
      const model =
        'import' in body
          ? await models.createFromWeights(principal.projectId, { ...readImport(body.import), ...words })
          : await models.create(principal.projectId, { checkpoint: body.checkpoint, ...words })
      return reply.code(202).header('location', `/v1/models/${model.id}`).send(presentModel(model))
    }
  )

  app.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        tags,
        summary: 'List models, newest first',
        querystring: ModelQuery,
        response: { 200: ModelList }
      },
      config: { hasOpenAiErrors: true }
    },
    async ({ query, principal }) =>
      presentPage(await models.list(principal.projectId, readFilter(query), toPageRequest(query)), presentModel)
  )

  app.get(
    '/v1/models/:id',
    {
      schema: {
        operationId: 'getModel',
        tags,
        summary: 'Get a model',
        description:
          'By its id, `name@3`, `name@alias` or the id of its run, as everywhere a model is named. The answer names the model itself.',
        params: IdParams,
        response: { 200: Model, 304: Type.Null() }
      },
      config: { problems: notReady, hasOpenAiErrors: true }
    },
    async ({ params, principal }) => presentModel(await models.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/models/:id',
    {
      schema: {
        operationId: 'updateModel',
        tags,
        summary: 'Rename a model, change its metadata',
        description:
          'What is left out stays. Renamed it is the newest version of its new name; one that an alias means keeps its name: 409.',
        params: IdParams,
        body: ModelDescription,
        response: { 200: Model }
      },
      config: { problems: [...notReady, 'model_has_alias', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentModel) }
      return presentModel(await models.describe(principal.projectId, params.id, asked))
    }
  )

  app.get(
    '/v1/models/:id/artifacts',
    {
      schema: {
        operationId: 'listArtifacts',
        tags,
        summary: 'List the files of a model, with URLs to download them',
        params: IdParams,
        querystring: NoQuery,
        response: { 200: ArtifactList }
      },
      config: { problems: [...notReady, 'storage_unavailable'] }
    },
    async ({ params, principal }) => {
      const { artifacts, expiresAt } = await models.listArtifacts(principal.projectId, params.id)
      return presentArtifacts(artifacts, expiresAt)
    }
  )

  app.post(
    '/v1/models/:id([0-9a-z_]+)::cancel',
    {
      schema: {
        operationId: 'cancelModel',
        tags,
        summary: 'Cancel the export or the import of a model',
        description:
          'By its own id alone. It is cancelled at once; a worker that makes it stops within seconds. Cancelling it again changes nothing.',
        params: IdParams,
        response: { 200: Model }
      },
      config: { problems: ['model_not_found', 'model_not_cancelable'] }
    },
    async ({ params, principal }) => presentModel(await models.cancel(principal.projectId, params.id))
  )

  app.delete(
    '/v1/models/:id',
    {
      schema: {
        operationId: 'deleteModel',
        tags,
        summary: 'Delete a model with its files and prototypes',
        description:
          'By its own id alone. Refused while a run that begins from it, or an evaluation of it, has not ended. Its run and its evaluations stay.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['model_not_found', 'model_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await models.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
