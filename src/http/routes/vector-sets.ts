import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy, hasEtag } from '../core/etag.ts'
import { IdParams, NoQuery, OptionalDescription, presentPage, toPageRequest } from '../schemas/common.ts'
import { NotModified } from '../schemas/dataset-image.ts'
import { ArtifactList, presentArtifacts } from '../schemas/model.ts'
import {
  CreateVectorSet,
  MapBytes,
  presentVectorSet,
  readVectorSetQuery,
  readVectorSetRequest,
  VectorSet,
  VectorSetList,
  VectorSetQuery
} from '../schemas/vector-set.ts'
import type { App } from '../server.ts'

const tags = ['vector sets']

const requestProblems = [
  'model_not_found',
  'model_not_ready',
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_ready',
  'vector_set_impossible',
  'quota_exceeded'
] as const

export function vectorSetRoutes(app: App, { vectorSets }: Pick<Services, 'vectorSets'>): void {
  app.post(
    '/v1/vector-sets',
    {
      schema: {
        operationId: 'createVectorSet',
        tags,
        summary: 'Embed all images of a dataset, to files and to be searched',
        description:
          'Queued; a worker embeds them part by part, and another goes on where one has ended. Costs are those of as many images as the version has.',
        body: CreateVectorSet,
        response: { 202: VectorSet }
      },
      config: { isIdempotent: true, problems: requestProblems }
    },
    async ({ body, principal }, reply) => {
      const set = await vectorSets.create(principal.projectId, readVectorSetRequest(body))
      return reply.code(202).header('location', `/v1/vector-sets/${set.id}`).send(presentVectorSet(set))
    }
  )

  app.get(
    '/v1/vector-sets',
    {
      schema: {
        operationId: 'listVectorSets',
        tags,
        summary: 'List vector sets, newest first',
        querystring: VectorSetQuery,
        response: { 200: VectorSetList }
      },
      config: { problems: ['model_not_found', 'model_not_ready'] }
    },
    async ({ query, principal }) =>
      presentPage(
        await vectorSets.list(principal.projectId, readVectorSetQuery(query), toPageRequest(query)),
        presentVectorSet
      )
  )

  app.get(
    '/v1/vector-sets/:id',
    {
      schema: {
        operationId: 'getVectorSet',
        tags,
        summary: 'Get a vector set',
        params: IdParams,
        response: { 200: VectorSet, 304: Type.Null() }
      },
      config: { problems: ['vector_set_not_found'] }
    },
    async ({ params, principal }) => presentVectorSet(await vectorSets.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/vector-sets/:id',
    {
      schema: {
        operationId: 'updateVectorSet',
        tags,
        summary: 'Rename a vector set, change its metadata',
        description: 'What is left out stays.',
        params: IdParams,
        body: OptionalDescription,
        response: { 200: VectorSet }
      },
      config: { problems: ['vector_set_not_found', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentVectorSet) }
      return presentVectorSet(await vectorSets.describe(principal.projectId, params.id, asked))
    }
  )

  app.get(
    '/v1/vector-sets/:id/files',
    {
      schema: {
        operationId: 'listVectorSetFiles',
        tags,
        summary: 'List the files of a vector set, with URLs to download them',
        description:
          'vectors.npy has a row of float32 for each image, images.jsonl a line, vectors.parquet both in one row; all in the same order. map.json is what `/map` answers.',
        params: IdParams,
        querystring: NoQuery,
        response: { 200: ArtifactList }
      },
      config: { problems: ['vector_set_not_found', 'vector_set_not_ready', 'storage_unavailable'] }
    },
    async ({ params, principal }) => {
      const { artifacts, expiresAt } = await vectorSets.listFiles(principal.projectId, params.id)
      return presentArtifacts(artifacts, expiresAt)
    }
  )

  app.get(
    '/v1/vector-sets/:id/map',
    {
      schema: {
        operationId: 'getVectorSetMap',
        tags,
        summary: 'Get the images of a vector set as points of a plane',
        description:
          'By principal components, made with the set: columns of as many numbers as there are points. 404 `artifact_not_found` of a set that older code has made.',
        params: IdParams,
        response: { 200: MapBytes, 304: NotModified }
      },
      config: {
        problems: ['vector_set_not_found', 'vector_set_not_ready', 'artifact_not_found', 'storage_unavailable']
      }
    },
    async (request, reply) => {
      const map = await vectorSets.getMap(request.principal.projectId, request.params.id)
      // It never changes; asked for again, it is compared.
      reply.headers({ etag: map.etag, vary: 'authorization', 'cache-control': 'private, no-cache' })
      if (hasEtag(request.headers['if-none-match'] ?? '', map.etag)) return reply.code(304).send()
      reply.type('application/json').header('content-length', String(map.bytes))
      return reply.send(Readable.from(map.read(), { objectMode: false }))
    }
  )

  app.post(
    '/v1/vector-sets/:id([0-9a-z_]+)::cancel',
    {
      schema: {
        operationId: 'cancelVectorSet',
        tags,
        summary: 'Cancel the making of a vector set',
        description: 'At once, and nothing of it is kept; a worker that makes it stops within seconds.',
        params: IdParams,
        response: { 200: VectorSet }
      },
      config: { problems: ['vector_set_not_found', 'vector_set_not_cancelable'] }
    },
    async ({ params, principal }) => presentVectorSet(await vectorSets.cancel(principal.projectId, params.id))
  )

  app.delete(
    '/v1/vector-sets/:id',
    {
      schema: {
        operationId: 'deleteVectorSet',
        tags,
        summary: 'Delete a vector set with its files',
        description: 'One that has ended. Its model and its dataset stay.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['vector_set_not_found', 'vector_set_not_deletable'] }
    },
    async ({ params, principal }, reply) => {
      await vectorSets.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
