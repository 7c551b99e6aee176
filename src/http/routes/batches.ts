/** OpenAI's Batch API: their clients work unchanged. */
import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { Batch, BatchList, BatchQuery, CreateBatch, presentBatch, readBatchWish } from '../schemas/batch.ts'
import { IdParams, presentPage, toPageRequest } from '../schemas/common.ts'
import type { App } from '../server.ts'

const tags = ['batches']

export function batchRoutes(app: App, { batches }: Pick<Services, 'batches'>): void {
  app.post(
    '/v1/batches',
    {
      schema: {
        operationId: 'createBatch',
        tags,
        summary: 'Answer every request of a file',
        description:
          "OpenAI's. Queued; a worker answers line by line, and another goes on where one has ended. Every line has to name the model of the first.",
        body: CreateBatch,
        response: { 202: Batch }
      },
      config: {
        isIdempotent: true,
        hasOpenAiErrors: true,
        problems: [
          'file_not_found',
          'batch_impossible',
          'overloaded',
          'model_not_found',
          'model_not_ready',
          'quota_exceeded',
          'storage_unavailable'
        ]
      }
    },
    async ({ body, principal }, reply) => {
      const batch = await batches.create(principal.projectId, readBatchWish(body))
      return reply.code(202).header('location', `/v1/batches/${batch.id}`).send(presentBatch(batch))
    }
  )

  app.get(
    '/v1/batches',
    {
      schema: {
        operationId: 'listBatches',
        tags,
        summary: 'List batches, newest first',
        querystring: BatchQuery,
        response: { 200: BatchList }
      },
      config: { hasOpenAiErrors: true }
    },
    async ({ query, principal }) =>
      presentPage(await batches.list(principal.projectId, toPageRequest(query)), presentBatch)
  )

  app.get(
    '/v1/batches/:id',
    {
      schema: {
        operationId: 'getBatch',
        tags,
        summary: 'Get a batch',
        params: IdParams,
        response: { 200: Batch, 304: Type.Null() }
      },
      config: { hasOpenAiErrors: true, problems: ['batch_not_found'] }
    },
    async ({ params, principal }) => presentBatch(await batches.get(principal.projectId, params.id))
  )

  app.post(
    '/v1/batches/:id/cancel',
    {
      schema: {
        operationId: 'cancelBatch',
        tags,
        summary: 'Cancel a batch',
        description:
          'At once where nobody has begun with it. Otherwise its worker stops within seconds, and what is finished becomes its files.',
        params: IdParams,
        response: { 200: Batch }
      },
      config: { hasOpenAiErrors: true, problems: ['batch_not_found', 'batch_not_cancelable'] }
    },
    async ({ params, principal }) => presentBatch(await batches.cancel(principal.projectId, params.id))
  )

  app.delete(
    '/v1/batches/:id',
    {
      schema: {
        operationId: 'deleteBatch',
        tags,
        summary: 'Delete a batch',
        description: 'One that has ended. Its files stay, and are deleted as files are.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { hasOpenAiErrors: true, problems: ['batch_not_found', 'batch_not_deletable'] }
    },
    async ({ params, principal }, reply) => {
      await batches.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
