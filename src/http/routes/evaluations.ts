import { Type } from 'typebox'
import { readResults } from '../../report/measurement.ts'
import { REPORT_POLICY, reportPieces } from '../../report/page.ts'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { joinedInTurns } from '../core/in-turns.ts'
import { IdParams, OptionalDescription, presentPage, toPageRequest } from '../schemas/common.ts'
import { CreateEvaluation, readEvaluationRequest } from '../schemas/create-evaluation.ts'
import {
  Evaluation,
  EvaluationList,
  EvaluationQuery,
  presentEvaluation,
  ReportQuery,
  readEvaluationQuery
} from '../schemas/evaluation.ts'
import type { App } from '../server.ts'

const tags = ['evaluations']

/** Nor may another page frame it. */
const PAGE_POLICY = `${REPORT_POLICY}; frame-ancestors 'none'`

const requestProblems = [
  'model_not_found',
  'model_not_ready',
  'checkpoint_not_found',
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_ready',
  'evaluation_impossible',
  'evaluation_too_large',
  'storage_unavailable'
] as const

export function evaluationRoutes(app: App, { evaluations }: Pick<Services, 'evaluations'>): void {
  app.post(
    '/v1/evaluations',
    {
      schema: {
        operationId: 'createEvaluation',
        tags,
        summary: 'Queue an evaluation of a model, or of a checkpoint, on a dataset',
        description:
          'By the protocols of docs/evaluation.md, each with its interval and all its settings. A worker computes it in a process of its own.',
        body: CreateEvaluation,
        response: { 202: Evaluation }
      },
      config: { isIdempotent: true, problems: requestProblems }
    },
    async ({ body, principal }, reply) => {
      const evaluation = await evaluations.create(principal.projectId, readEvaluationRequest(body))
      return reply.code(202).header('location', `/v1/evaluations/${evaluation.id}`).send(presentEvaluation(evaluation))
    }
  )

  app.get(
    '/v1/evaluations',
    {
      schema: {
        operationId: 'listEvaluations',
        tags,
        summary: 'List evaluations, newest first',
        description: 'Results are comparable where protocol, dataset, queries and settings are the same.',
        querystring: EvaluationQuery,
        response: { 200: EvaluationList }
      },
      config: { problems: ['model_not_found', 'model_not_ready'] }
    },
    async ({ query, principal }) =>
      presentPage(
        await evaluations.list(principal.projectId, readEvaluationQuery(query), toPageRequest(query)),
        presentEvaluation
      )
  )

  app.get(
    '/v1/evaluations/report',
    {
      schema: {
        operationId: 'getEvaluationReport',
        tags,
        summary: 'Compare evaluations on one page',
        description:
          'As `kappa report` writes it: a page of HTML that loads and runs nothing. Name each as `id=eval_…`.',
        querystring: ReportQuery,
        response: { 200: { description: 'A page.', content: { 'text/html': { schema: Type.String() } } } }
      },
      config: { problems: ['evaluation_not_found', 'evaluation_not_measured'] }
    },
    async ({ query, principal }, reply) => {
      const ids = [...new Set([query.id].flat())]
      const chosen = await evaluations.getMeasured(principal.projectId, ids)
      reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
      const measured = chosen.flatMap((one) => readResults(presentEvaluation(one), one.id))
      return reply.send(await joinedInTurns(reportPieces(measured)))
    }
  )

  app.get(
    '/v1/evaluations/:id',
    {
      schema: {
        operationId: 'getEvaluation',
        tags,
        summary: 'Get an evaluation',
        params: IdParams,
        response: { 200: Evaluation, 304: Type.Null() }
      },
      config: { problems: ['evaluation_not_found'] }
    },
    async ({ params, principal }) => presentEvaluation(await evaluations.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/evaluations/:id',
    {
      schema: {
        operationId: 'updateEvaluation',
        tags,
        summary: 'Rename an evaluation, change its metadata',
        description: 'What is left out stays.',
        params: IdParams,
        body: OptionalDescription,
        response: { 200: Evaluation }
      },
      config: { problems: ['evaluation_not_found', 'metadata_full'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentEvaluation) }
      return presentEvaluation(await evaluations.describe(principal.projectId, params.id, asked))
    }
  )

  app.post(
    '/v1/evaluations/:id([0-9a-z_]+)::cancel',
    {
      schema: {
        operationId: 'cancelEvaluation',
        tags,
        summary: 'Cancel an evaluation',
        description: 'At once, and nothing of it is kept; a worker that computes it stops within seconds.',
        params: IdParams,
        response: { 200: Evaluation }
      },
      config: { problems: ['evaluation_not_found', 'evaluation_not_cancelable'] }
    },
    async ({ params, principal }) => presentEvaluation(await evaluations.cancel(principal.projectId, params.id))
  )

  app.delete(
    '/v1/evaluations/:id',
    {
      schema: {
        operationId: 'deleteEvaluation',
        tags,
        summary: 'Delete an evaluation',
        description: 'One that has ended. What its run knows of it stays: events, and metrics.',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['evaluation_not_found', 'evaluation_not_deletable'] }
    },
    async ({ params, principal }, reply) => {
      await evaluations.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
