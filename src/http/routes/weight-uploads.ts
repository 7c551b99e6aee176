import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { closed, Id, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  CompleteUpload,
  CreateWeightUpload,
  presentUpload,
  StartedUpload,
  Upload,
  UploadList
} from '../schemas/upload.ts'
import type { App } from '../server.ts'

const tags = ['models']

const Params = Type.Object({ upload_id: Id }, closed)

export function weightUploadRoutes(app: App, { models }: Pick<Services, 'models'>): void {
  app.post(
    '/v1/models/uploads',
    {
      schema: {
        operationId: 'createWeightUpload',
        tags,
        summary: 'Start to upload weights, or their config.json',
        description: 'PUT each part to its URL, keep the ETags, complete the upload with them, then import it.',
        body: CreateWeightUpload,
        response: { 201: StartedUpload }
      },
      config: { isIdempotent: true, problems: ['quota_exceeded', 'storage_unavailable'] }
    },
    async ({ body, principal }, reply) => {
      const { upload, parts } = await models.startUpload(principal.projectId, body)
      return reply.code(201).send({ ...presentUpload(upload), parts: parts.map((part) => ({ ...part })) })
    }
  )

  app.get(
    '/v1/models/uploads',
    {
      schema: {
        operationId: 'listWeightUploads',
        tags,
        summary: 'List uploads of weights, newest first',
        querystring: PageQuery,
        response: { 200: UploadList }
      }
    },
    async ({ query, principal }) =>
      presentPage(await models.listUploads(principal.projectId, toPageRequest(query)), presentUpload)
  )

  app.post(
    '/v1/models/uploads/:upload_id([0-9a-z_]+)::complete',
    {
      schema: {
        operationId: 'completeWeightUpload',
        tags,
        summary: 'Put the parts of an upload of weights together',
        params: Params,
        body: CompleteUpload,
        response: { 200: Upload }
      },
      config: {
        problems: ['upload_not_found', 'upload_incomplete', 'upload_expired', 'storage_unavailable', 'overloaded']
      }
    },
    async ({ params, body, principal }) => {
      const request = { uploadId: params.upload_id, parts: body.parts }
      return presentUpload(await models.completeUpload(principal.projectId, request))
    }
  )

  // No DELETE: an address of that form is not told from those below a model.
  app.post(
    '/v1/models/uploads/:upload_id([0-9a-z_]+)::delete',
    {
      schema: {
        operationId: 'deleteWeightUpload',
        tags,
        summary: 'Delete an upload of weights',
        description: 'Also one that was not completed. Refused while a model is made of it.',
        params: Params,
        response: { 204: Type.Null() }
      },
      config: { problems: ['upload_not_found', 'upload_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await models.removeUpload(principal.projectId, params.upload_id)
      return reply.code(204).send(null)
    }
  )
}
