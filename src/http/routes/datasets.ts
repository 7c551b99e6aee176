import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { Description, IdParams, NamedQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import { CreateDataset, Dataset, DatasetList, presentDataset } from '../schemas/dataset.ts'
import type { App } from '../server.ts'

const tags = ['datasets']

export function datasetRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  app.post(
    '/v1/datasets',
    {
      schema: {
        operationId: 'createDataset',
        tags,
        summary: 'Make a dataset',
        body: CreateDataset,
        response: { 201: Dataset }
      },
      config: { isIdempotent: true }
    },
    async ({ body, principal }, reply) => {
      const request = { name: body.name, metadata: body.metadata ?? {} }
      const dataset = await datasets.create(principal.projectId, request)
      return reply.code(201).header('location', `/v1/datasets/${dataset.id}`).send(presentDataset(dataset))
    }
  )

  app.get(
    '/v1/datasets',
    {
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: 'List datasets, newest first',
        querystring: NamedQuery,
        response: { 200: DatasetList }
      }
    },
    async ({ query, principal }) =>
      presentPage(
        await datasets.list(principal.projectId, { ...toPageRequest(query), name: query.name }),
        presentDataset
      )
  )

  app.get(
    '/v1/datasets/:id',
    {
      schema: {
        operationId: 'getDataset',
        tags,
        summary: 'Get a dataset',
        params: IdParams,
        response: { 200: Dataset, 304: Type.Null() }
      },
      config: { problems: ['dataset_not_found'] }
    },
    async ({ params, principal }) => presentDataset(await datasets.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/datasets/:id',
    {
      schema: {
        operationId: 'updateDataset',
        tags,
        summary: 'Rename a dataset, change its metadata',
        description: 'What is left out stays.',
        params: IdParams,
        body: Description,
        response: { 200: Dataset }
      },
      config: { problems: ['dataset_not_found', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentDataset) }
      return presentDataset(await datasets.describe(principal.projectId, params.id, asked))
    }
  )

  app.delete(
    '/v1/datasets/:id',
    {
      schema: {
        operationId: 'deleteDataset',
        tags,
        summary: 'Delete a dataset with its versions, uploads and images',
        description: 'Refused while a run or an evaluation that needs it has not ended.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['dataset_not_found', 'dataset_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await datasets.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
