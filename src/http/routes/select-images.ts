import type { Services } from '../../services/services.ts'
import { IdParams } from '../schemas/common.ts'
import { DatasetVersion, presentVersion } from '../schemas/dataset-version.ts'
import { readSelection, SelectImages } from '../schemas/selection.ts'
import type { App } from '../server.ts'

const problems = [
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_ready',
  'vector_set_not_found',
  'vector_set_not_ready',
  'vector_set_not_searchable',
  'selection_impossible',
  'quota_exceeded'
] as const

export function selectImagesRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  app.post(
    '/v1/datasets/:id([0-9a-z_]+)::select',
    {
      schema: {
        operationId: 'selectImages',
        tags: ['datasets'],
        summary: 'Make a version of chosen images of another',
        description:
          'Chosen by what a vector set knows of them, or by their numbers. Queued like every version; images, names and classes are those of the version that they are taken from, which may be deleted when this one is ready.',
        params: IdParams,
        body: SelectImages,
        response: { 202: DatasetVersion }
      },
      config: { isIdempotent: true, problems }
    },
    async ({ params, body, principal }, reply) => {
      const version = await datasets.select(principal.projectId, params.id, readSelection(body))
      const location = `/v1/datasets/${version.datasetId}/versions/${version.version}`
      return reply.code(202).header('location', location).send(presentVersion(version))
    }
  )
}
