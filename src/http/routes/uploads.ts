import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  CompleteUpload,
  CreateUpload,
  presentUpload,
  StartedUpload,
  Upload,
  UploadList,
  UploadParams
} from '../schemas/upload.ts'
import type { App } from '../server.ts'

const tags = ['datasets']

export function uploadRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  app.post(
    '/v1/datasets/:id/uploads',
    {
      schema: {
        operationId: 'createUpload',
        tags,
        summary: 'Start to upload a file',
        description: 'PUT each part to its URL, keep the ETags, then complete the upload with them.',
        params: IdParams,
        body: CreateUpload,
        response: { 201: StartedUpload }
      },
      config: { isIdempotent: true, problems: ['dataset_not_found', 'quota_exceeded', 'storage_unavailable'] }
    },
    async ({ params, body, principal }, reply) => {
      const { upload, parts } = await datasets.startUpload(principal.projectId, params.id, body)
      return reply.code(201).send({ ...presentUpload(upload), parts: parts.map((part) => ({ ...part })) })
    }
  )

  app.get(
    '/v1/datasets/:id/uploads',
    {
      schema: {
        operationId: 'listUploads',
        tags,
        summary: 'List uploads of a dataset, newest first',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: UploadList }
      },
      config: { problems: ['dataset_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentPage(await datasets.listUploads(principal.projectId, params.id, toPageRequest(query)), presentUpload)
  )

  app.post(
    '/v1/datasets/:id/uploads/:upload_id([0-9a-z_]+)::complete',
    {
      schema: {
        operationId: 'completeUpload',
        tags,
        summary: 'Put the parts of an upload together',
        params: UploadParams,
        body: CompleteUpload,
        response: { 200: Upload }
      },
      config: {
        problems: ['upload_not_found', 'upload_incomplete', 'upload_expired', 'storage_unavailable', 'overloaded']
      }
    },
    async ({ params, body, principal }) => {
      const request = { uploadId: params.upload_id, parts: body.parts }
      return presentUpload(await datasets.completeUpload(principal.projectId, params.id, request))
    }
  )

  app.delete(
    '/v1/datasets/:id/uploads/:upload_id',
    {
      schema: {
        operationId: 'deleteUpload',
        tags,
        summary: 'Delete an upload',
        description: 'Also one that was not completed. Refused while a version is made of it.',
        params: UploadParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['upload_not_found', 'upload_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await datasets.removeUpload(principal.projectId, params.id, params.upload_id)
      return reply.code(204).send(null)
    }
  )
}
