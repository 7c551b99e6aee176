import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  Checkpoint,
  CheckpointList,
  CheckpointParams,
  presentCheckpoint,
  UpdateCheckpoint
} from '../schemas/run-records.ts'
import type { App } from '../server.ts'

const tags = ['runs']

export function checkpointRoutes(app: App, { runs }: Pick<Services, 'runs'>): void {
  app.get(
    '/v1/runs/:id/checkpoints',
    {
      schema: {
        operationId: 'listRunCheckpoints',
        tags,
        summary: 'List checkpoints of a run, from the last step on',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: CheckpointList }
      },
      config: { problems: ['run_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentPage(await runs.listCheckpoints(principal.projectId, params.id, toPageRequest(query)), presentCheckpoint)
  )

  app.get(
    '/v1/runs/:id/checkpoints/:checkpoint_id',
    {
      schema: {
        operationId: 'getCheckpoint',
        tags,
        summary: 'Get a checkpoint of a run',
        params: CheckpointParams,
        response: { 200: Checkpoint, 304: Type.Null() }
      },
      config: { problems: ['run_not_found', 'checkpoint_not_found'] }
    },
    async ({ params, principal }) => {
      const name = { runId: params.id, checkpointId: params.checkpoint_id }
      return presentCheckpoint(await runs.getCheckpoint(principal.projectId, name))
    }
  )

  app.patch(
    '/v1/runs/:id/checkpoints/:checkpoint_id',
    {
      schema: {
        operationId: 'updateCheckpoint',
        tags,
        summary: 'Keep a checkpoint, or let go of it',
        description:
          'What is kept is removed by no policy, and neither it nor its run can be deleted. What is let go of stays until the policy of its run is applied next.',
        params: CheckpointParams,
        body: UpdateCheckpoint,
        response: { 200: Checkpoint }
      },
      config: { problems: ['run_not_found', 'checkpoint_not_found'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const name = { runId: params.id, checkpointId: params.checkpoint_id }
      const asked = { ...body, isExpected: expectedBy(request, ({ keep }: { readonly keep: boolean }) => ({ keep })) }
      return presentCheckpoint(await runs.keepCheckpoint(principal.projectId, name, asked))
    }
  )

  app.delete(
    '/v1/runs/:id/checkpoints/:checkpoint_id',
    {
      schema: {
        operationId: 'deleteCheckpoint',
        tags,
        summary: 'Delete a checkpoint',
        description:
          'Refused for the newest of a run that may go on, for one that is kept, and while a run, an evaluation or an export that has not ended needs it.',
        params: CheckpointParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['run_not_found', 'checkpoint_not_found', 'checkpoint_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await runs.removeCheckpoint(principal.projectId, { runId: params.id, checkpointId: params.checkpoint_id })
      return reply.code(204).send(null)
    }
  )
}
