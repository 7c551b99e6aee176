import { Type } from 'typebox'
import type { RunFilter } from '../../domain/stores.ts'
import type { Services } from '../../services/services.ts'
import { sendWithEtag } from '../core/etag.ts'
import { IdParams, presentPage, toPageRequest, type Wire } from '../schemas/common.ts'
import { presentInit } from '../schemas/init.ts'
import { presentEstimate, presentWarnings } from '../schemas/plan.ts'
import { presentRecipe } from '../schemas/recipe.ts'
import {
  CreatedRun,
  CreateRun,
  presentRun,
  Run,
  RunList,
  RunQuery,
  readRunRequest,
  ValidatedRun
} from '../schemas/run.ts'
import type { App } from '../server.ts'

const tags = ['runs']

const requestProblems = [
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
const readFilter = ({ status, dataset, metadata }: Wire<typeof RunQuery>): RunFilter => ({
  ...(status && { status }),
  ...(dataset && { datasetId: dataset.replace(/@.*$/, '') }),
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
      config: { isIdempotent: true, problems: requestProblems }
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
    async ({ body, principal }) => {
      const planned = await runs.plan(principal.projectId, readRunRequest(body))
      const { version, recipe, reasons, warnings, init, estimate } = planned
      return {
        object: 'run_validation' as const,
        dataset: `${version.datasetId}@${version.version}`,
        resolved_recipe: presentRecipe(recipe),
        init: init && presentInit(init),
        recipe_reasons: [...reasons],
        warnings: presentWarnings(warnings),
        estimate: presentEstimate(estimate)
      }
    }
  )
}

export function runRoutes(app: App, { runs }: Pick<Services, 'runs'>): void {
  app.get(
    '/v1/runs',
    {
      schema: {
        operationId: 'listRuns',
        tags,
        summary: 'List runs, newest first',
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
    async (request, reply) => {
      const run = await runs.get(request.principal.projectId, request.params.id)
      return sendWithEtag(request, reply, presentRun(run))
    }
  )

  app.post(
    '/v1/runs/:id([0-9a-z_]+)::cancel',
    {
      schema: {
        operationId: 'cancelRun',
        tags,
        summary: 'Cancel a run',
        description:
          'A run that nobody works on is cancelled at once; another one is cancelling until its worker has stopped.',
        params: IdParams,
        response: { 200: Run }
      },
      config: { problems: ['run_not_found', 'run_not_cancelable'] }
    },
    async ({ params, principal }) => presentRun(await runs.cancel(principal.projectId, params.id))
  )
}
