import { Type } from 'typebox'
import type { ErrorCode } from '../../base/errors.ts'
import { RUN_VERBS, type RunVerb } from '../../domain/run-verbs.ts'
import type { RunFilter } from '../../domain/stores.ts'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, presentPage, toPageRequest, type Wire } from '../schemas/common.ts'
import { presentEstimate, presentWarnings } from '../schemas/plan.ts'
import {
  CreatedRun,
  CreateRun,
  presentRun,
  presentRunPlan,
  Run,
  RunDescription,
  RunList,
  readRunRequest,
  ValidatedRun
} from '../schemas/run.ts'
import { RunQuery } from '../schemas/run-query.ts'
import type { App } from '../server.ts'

const tags = ['runs']

export const requestProblems = [
  'invalid_recipe',
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_ready',
  'model_not_found',
  'model_not_ready',
  'checkpoint_not_found',
  'evaluation_impossible',
  'evaluation_too_large',
  'storage_unavailable'
] as const

/** `dataset` may carry a version, which a list of runs does not look at. */
const readFilter = ({ name, order, status, dataset, sweep, archived, metadata }: Wire<typeof RunQuery>): RunFilter => ({
  ...(name && { name }),
  ...(order === 'oldest' && { isOldestFirst: true }),
  ...(status && { status }),
  ...(dataset && { datasetId: dataset.replace(/@.*$/, '') }),
  ...(sweep && { sweepId: sweep }),
  ...(archived !== undefined && { archived }),
  ...(metadata && { metadata })
})

/** The two that read a recipe. */
export function runRequestRoutes(app: App, { runs }: Pick<Services, 'runs'>): void {
  app.post(
    '/v1/runs',
    {
      schema: {
        operationId: 'createRun',
        tags,
        summary: 'Queue a run',
        description:
          'Only the dataset is required; the rest comes from a preset and is kept as resolved_recipe, with recipe_reasons of preset auto.',
        body: CreateRun,
        response: { 202: CreatedRun }
      },
      config: { isIdempotent: true, problems: [...requestProblems, 'quota_exceeded'] }
    },
    async ({ body, principal }, reply) => {
      const { run, estimate, warnings } = await runs.create(principal.projectId, readRunRequest(body))
      const created = {
        ...presentRun(run),
        warnings: presentWarnings(warnings),
        estimate: presentEstimate(estimate)
      }
      return reply.code(202).header('location', `/v1/runs/${run.id}`).send(created)
    }
  )

  app.post(
    '/v1/runs::validate',
    {
      schema: {
        operationId: 'validateRun',
        tags,
        summary: 'What a run would be, without queueing it',
        body: CreateRun,
        response: { 200: ValidatedRun }
      },
      config: { problems: requestProblems }
    },
    async ({ body, principal }) => presentRunPlan(await runs.plan(principal.projectId, readRunRequest(body)))
  )
}

const gone = 'dataset_version_not_found'

const VERBS = {
  pause: {
    operationId: 'pauseRun',
    summary: 'Pause a run',
    description: 'At once where nobody works on it; otherwise it is pausing until its worker has written a checkpoint.',
    problems: ['run_not_pausable']
  },
  resume: {
    operationId: 'resumeRun',
    summary: 'Let a paused run go on',
    description: 'From its newest checkpoint. Its time, max_runtime_s, is counted anew.',
    problems: ['run_not_resumable', 'quota_exceeded', gone]
  },
  cancel: {
    operationId: 'cancelRun',
    summary: 'Cancel a run',
    description:
      'A run that nobody works on is cancelled at once; another one is cancelling until its worker has stopped.',
    problems: ['run_not_cancelable']
  },
  retry: {
    operationId: 'retryRun',
    summary: 'Go on with a run that failed or was cancelled',
    description:
      'From its newest checkpoint, or from the start where it has none. Its time, max_runtime_s, is counted anew.',
    problems: ['run_not_retryable', 'quota_exceeded', gone]
  }
} as const satisfies Record<RunVerb, { readonly problems: readonly ErrorCode[]; readonly [field: string]: unknown }>

export function runRoutes(app: App, { runs }: Pick<Services, 'runs'>): void {
  app.get(
    '/v1/runs',
    {
      schema: {
        operationId: 'listRuns',
        tags,
        summary: 'List runs, newest first unless asked otherwise',
        querystring: RunQuery,
        response: { 200: RunList }
      }
    },
    async ({ query, principal }) =>
      presentPage(await runs.list(principal.projectId, readFilter(query), toPageRequest(query)), presentRun)
  )

  app.get(
    '/v1/runs/:id',
    {
      schema: {
        operationId: 'getRun',
        tags,
        summary: 'Get a run',
        params: IdParams,
        response: { 200: Run, 304: Type.Null() }
      },
      config: { problems: ['run_not_found'] }
    },
    async ({ params, principal }) => presentRun(await runs.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/runs/:id',
    {
      schema: {
        operationId: 'updateRun',
        tags,
        summary: 'Rename a run, change its metadata, archive it',
        description: 'What is left out stays.',
        params: IdParams,
        body: RunDescription,
        response: { 200: Run }
      },
      config: { problems: ['run_not_found', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentRun) }
      return presentRun(await runs.describe(principal.projectId, params.id, asked))
    }
  )

  app.delete(
    '/v1/runs/:id',
    {
      schema: {
        operationId: 'deleteRun',
        tags,
        summary: 'Delete a run with its checkpoints, events and metrics',
        description:
          'One that has ended or is paused. Its models and evaluations stay. Refused while something that has not ended needs a checkpoint of it, or one is kept.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['run_not_found', 'run_not_deletable', 'run_in_use'] }
    },
    async ({ params, principal }, reply) => {
      await runs.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )

  for (const verb of RUN_VERBS) {
    const { operationId, summary, description, problems } = VERBS[verb]
    app.post(
      `/v1/runs/:id([0-9a-z_]+)::${verb}` as '/v1/runs/:id',
      {
        schema: { operationId, tags, summary, description, params: IdParams, response: { 200: Run } },
        config: { problems: ['run_not_found', ...problems] }
      },
      async ({ params, principal }) => presentRun(await runs.ask(principal.projectId, { id: params.id, verb }))
    )
  }
}
