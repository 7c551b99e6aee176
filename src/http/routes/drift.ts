import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams } from '../schemas/common.ts'
import { Drift, presentDrift, presentDriftSettings, readDriftSettings, UpdateDrift } from '../schemas/drift.ts'
import type { App } from '../server.ts'

const tags = ['models']
const problems = ['model_not_found', 'model_not_ready', 'model_without_head', 'mixture_unavailable'] as const

export function driftRoutes(app: App, { drift }: Pick<Services, 'drift'>): void {
  app.get(
    '/v1/models/:id/drift',
    {
      schema: {
        operationId: 'getDrift',
        tags,
        summary: 'How served images differ from training images',
        description:
          'Of images that were assigned by the posterior of the training counts while this was switched on, window by window: counts alone, which a process adds every ten seconds. Embeddings are not counted.',
        params: IdParams,
        response: { 200: Drift, 304: Type.Null() }
      },
      config: { problems }
    },
    async ({ params, principal }) => presentDrift(await drift.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/models/:id/drift',
    {
      schema: {
        operationId: 'updateDrift',
        tags,
        summary: 'Count served images or stop, or change when they differ too much',
        description:
          'What is left out stays. Thresholds and the size of a window act on windows that end from now on. Switched off or on, the window that was being counted is thrown away, and one that ended stays.',
        params: IdParams,
        body: UpdateDrift,
        response: { 200: Drift }
      },
      config: { problems }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...readDriftSettings(body), isExpected: expectedBy(request, presentDriftSettings) }
      return presentDrift(await drift.update(principal.projectId, params.id, asked))
    }
  )
}
