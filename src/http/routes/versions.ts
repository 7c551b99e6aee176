import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  CreateDatasetVersion,
  DatasetVersion,
  DatasetVersionList,
  presentVersion,
  RejectedFileList,
  VersionParams
} from '../schemas/dataset-version.ts'
import type { App } from '../server.ts'

const tags = ['datasets']

export function versionRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  app.post(
    '/v1/datasets/:id/versions',
    {
      schema: {
        operationId: 'createDatasetVersion',
        tags,
        summary: 'Make a version from uploads or a folder of the bucket',
        description: 'Queues the work; the version is ready, or failed with a reason, when it is done.',
        params: IdParams,
        body: CreateDatasetVersion,
        response: { 202: DatasetVersion }
      },
      config: { isIdempotent: true, problems: ['dataset_not_found', 'upload_not_found', 'quota_exceeded'] }
    },
    async ({ params, body, principal }, reply) => {
      const version = await datasets.createVersion(principal.projectId, params.id, body.source)
      const location = `/v1/datasets/${version.datasetId}/versions/${version.version}`
      return reply.code(202).header('location', location).send(presentVersion(version))
    }
  )

  app.get(
    '/v1/datasets/:id/versions',
    {
      schema: {
        operationId: 'listDatasetVersions',
        tags,
        summary: 'List versions, newest first',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: DatasetVersionList }
      },
      config: { problems: ['dataset_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentPage(await datasets.listVersions(principal.projectId, params.id, toPageRequest(query)), presentVersion)
  )

  app.get(
    '/v1/datasets/:id/versions/:version',
    {
      schema: {
        operationId: 'getDatasetVersion',
        tags,
        summary: 'Get a version',
        params: VersionParams,
        response: { 200: DatasetVersion, 304: Type.Null() }
      },
      config: { problems: ['dataset_not_found', 'dataset_version_not_found'] }
    },
    async ({ params, principal }) =>
      presentVersion(await datasets.getVersion(principal.projectId, params.id, params.version))
  )

  app.post(
    '/v1/datasets/:id/versions/:version([0-9]+)::cancel',
    {
      schema: {
        operationId: 'cancelDatasetVersion',
        tags,
        summary: 'Cancel the making of a version',
        description:
          'It is cancelled at once; a worker that is making it stops within seconds. Cancelling it again changes nothing.',
        params: VersionParams,
        response: { 200: DatasetVersion }
      },
      config: { problems: ['dataset_not_found', 'dataset_version_not_found', 'dataset_version_not_cancelable'] }
    },
    async ({ params, principal }) =>
      presentVersion(await datasets.cancelVersion(principal.projectId, params.id, params.version))
  )

  app.delete(
    '/v1/datasets/:id/versions/:version',
    {
      schema: {
        operationId: 'deleteDatasetVersion',
        tags,
        summary: 'Delete a version with its images',
        description:
          'Also one that is being made. Refused while a run or an evaluation that has not ended needs it; its number is not given out again.',
        params: VersionParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['dataset_version_not_found', 'dataset_version_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await datasets.removeVersion(principal.projectId, { datasetId: params.id, version: params.version })
      return reply.code(204).send(null)
    }
  )
}

/** What was kept out of a ready version; what is in it: routes/dataset-images.ts. */
export function rejectedFileRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  const problems = [
    'dataset_not_found',
    'dataset_version_not_found',
    'dataset_version_not_ready',
    'storage_unavailable'
  ] as const

  app.get(
    '/v1/datasets/:id/versions/:version/rejected',
    {
      schema: {
        operationId: 'listRejectedFiles',
        tags,
        summary: 'List the files that were not taken, with the reason',
        params: VersionParams,
        querystring: PageQuery,
        response: { 200: RejectedFileList }
      },
      config: { problems }
    },
    async ({ params, query, principal }) => {
      const at = { datasetId: params.id, version: params.version }
      const page = await datasets.listRejected(principal.projectId, at, toPageRequest(query))
      return presentPage(page, (file) => ({ ...file }))
    }
  )
}
