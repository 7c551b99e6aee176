import { Type } from 'typebox'
import type { Sweep } from '../../domain/sweep.ts'
import type { Services } from '../../services/services.ts'
import { SWEEP_VERBS, type SweepVerb } from '../../services/sweeps/sweeps.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, NamedQuery, OptionalDescription, presentPage, toPageRequest } from '../schemas/common.ts'
import { CreateSweep } from '../schemas/create-sweep.ts'
import { presentEstimate, presentWarnings } from '../schemas/plan.ts'
import {
  CreatedSweep,
  presentComparison,
  presentSweep,
  presentSweepPlan,
  readSweepMetrics,
  SweepComparison,
  SweepList,
  SweepQuery,
  ValidatedSweep
} from '../schemas/sweep.ts'
import { readSweepRequest } from '../schemas/sweep-request.ts'
import type { App } from '../server.ts'
import { requestProblems } from './runs.ts'

const tags = ['sweeps']

/** The two that read what is varied. */
export function sweepRequestRoutes(app: App, { sweeps }: Pick<Services, 'sweeps'>): void {
  app.post(
    '/v1/sweeps',
    {
      schema: {
        operationId: 'createSweep',
        tags,
        summary: 'Queue a run for each trial of a sweep',
        description:
          'All of them or none: a trial that could not be queued by itself is refused with its number and the field. A trial is a run like any other; `GET /v1/runs?sweep=` lists them.',
        body: CreateSweep,
        response: { 202: CreatedSweep }
      },
      config: { isIdempotent: true, problems: [...requestProblems, 'quota_exceeded'] }
    },
    async ({ body, principal }, reply) => {
      const { projectId } = principal
      const { id, warnings, estimate } = await sweeps.create(projectId, readSweepRequest(body))
      const created = {
        ...presentComparison(await sweeps.get(projectId, id, null)),
        warnings: presentWarnings(warnings),
        estimate: presentEstimate(estimate)
      }
      return reply.code(202).header('location', `/v1/sweeps/${id}`).send(created)
    }
  )

  app.post(
    '/v1/sweeps::validate',
    {
      schema: {
        operationId: 'validateSweep',
        tags,
        summary: 'What a sweep would be, without queueing anything',
        description: 'The estimate of the whole is that of all trials one after the other; its memory is the largest.',
        body: CreateSweep,
        response: { 200: ValidatedSweep }
      },
      config: { problems: requestProblems }
    },
    async ({ body, principal }) => presentSweepPlan(await sweeps.plan(principal.projectId, readSweepRequest(body)))
  )
}

const VERBS = {
  pause: { operationId: 'pauseSweep', summary: 'Pause the trials of a sweep', problems: [] },
  resume: {
    operationId: 'resumeSweep',
    summary: 'Let the paused trials of a sweep go on',
    problems: ['dataset_version_not_found', 'quota_exceeded']
  },
  cancel: { operationId: 'cancelSweep', summary: 'Cancel the trials of a sweep', problems: [] },
  retry: {
    operationId: 'retrySweep',
    summary: 'Go on with the trials of a sweep that failed or were cancelled',
    problems: ['dataset_version_not_found', 'quota_exceeded']
  }
} as const satisfies Record<SweepVerb, object>

export function sweepRoutes(app: App, { sweeps }: Pick<Services, 'sweeps'>): void {
  app.get(
    '/v1/sweeps',
    {
      schema: {
        operationId: 'listSweeps',
        tags,
        summary: 'List sweeps, newest first',
        querystring: NamedQuery,
        response: { 200: SweepList }
      }
    },
    async ({ query, principal }) => {
      const filter = query.name === undefined ? {} : { name: query.name }
      const { page, runs } = await sweeps.list(principal.projectId, filter, toPageRequest(query))
      return presentPage(page, (sweep) => presentSweep(sweep, runs))
    }
  )

  app.get(
    '/v1/sweeps/:id',
    {
      schema: {
        operationId: 'getSweep',
        tags,
        summary: 'Compare the trials of a sweep',
        params: IdParams,
        querystring: SweepQuery,
        response: { 200: SweepComparison, 304: Type.Null() }
      },
      config: { problems: ['sweep_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentComparison(await sweeps.get(principal.projectId, params.id, readSweepMetrics(query)))
  )

  app.patch(
    '/v1/sweeps/:id',
    {
      schema: {
        operationId: 'updateSweep',
        tags,
        summary: 'Rename a sweep, change its metadata',
        description: 'What is left out stays; so do the names of its runs.',
        params: IdParams,
        body: OptionalDescription,
        response: { 200: SweepComparison }
      },
      config: { problems: ['sweep_not_found', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, (sweep: Sweep) => presentSweep(sweep, [])) }
      return presentComparison(await sweeps.describe(principal.projectId, params.id, asked))
    }
  )

  app.delete(
    '/v1/sweeps/:id',
    {
      schema: {
        operationId: 'deleteSweep',
        tags,
        summary: 'Delete a sweep',
        description: 'Its runs stay as they are, as runs of no sweep.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['sweep_not_found'] }
    },
    async ({ params, principal }, reply) => {
      await sweeps.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )

  for (const verb of SWEEP_VERBS) {
    const { operationId, summary, problems } = VERBS[verb]
    app.post(
      `/v1/sweeps/:id([0-9a-z_]+)::${verb}` as '/v1/sweeps/:id',
      {
        schema: {
          operationId,
          tags,
          summary,
          description: `As \`${verb}\` does with each; those that cannot take it stay as they are.`,
          params: IdParams,
          response: { 200: SweepComparison }
        },
        config: { problems: ['sweep_not_found', ...problems] }
      },
      async ({ params, principal }) => presentComparison(await sweeps.ask(principal.projectId, { id: params.id, verb }))
    )
  }
}
