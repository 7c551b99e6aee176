import type { Services } from '../../services/services.ts'
import { IdParams } from '../schemas/common.ts'
import { presentFork } from '../schemas/lineage.ts'
import { presentEstimate, presentWarnings } from '../schemas/plan.ts'
import { CreatedRun, ExtendedRun, presentRun, presentRunPlan, ValidatedFork } from '../schemas/run.ts'
import { ExtendRun, ForkRun, readForkRequest } from '../schemas/run-fork.ts'
import type { App } from '../server.ts'

const tags = ['runs']
const problems = ['run_not_found', 'invalid_recipe', 'checkpoint_not_found', 'dataset_version_not_found'] as const
const ofForks = [
  ...problems,
  'dataset_not_found',
  'dataset_version_not_ready',
  'evaluation_impossible',
  'evaluation_too_large',
  'storage_unavailable'
] as const

/** A run that goes on beyond what was asked for first. */
export function runForkRoutes(app: App, { runs }: Pick<Services, 'runs'>): void {
  app.post(
    '/v1/runs/:id([0-9a-z_]+)::extend' as '/v1/runs/:id',
    {
      schema: {
        operationId: 'extendRun',
        tags,
        summary: 'Train a run for more epochs',
        description:
          'From its newest checkpoint, with schedules laid over the new length from there on. Of a run that is queued, paused, or has ended in whatever way; one that is worked on has to be paused before.',
        params: IdParams,
        body: ExtendRun,
        response: { 200: ExtendedRun }
      },
      config: { problems: [...problems, 'run_not_extendable', 'quota_exceeded'] }
    },
    async ({ params, body, principal }) => {
      const { run, estimate } = await runs.extend(principal.projectId, { id: params.id, epochs: body.epochs })
      return { ...presentRun(run), estimate: presentEstimate(estimate) }
    }
  )

  app.post(
    '/v1/runs/:id([0-9a-z_]+)::fork' as '/v1/runs/:id',
    {
      schema: {
        operationId: 'forkRun',
        tags,
        summary: 'Queue a run that goes on from a checkpoint of this one',
        description:
          "From its whole training state, under the parent's recipe with what is overridden, on the same images. With nothing overridden it takes the steps that the parent takes, bit for bit.",
        params: IdParams,
        body: ForkRun,
        response: { 202: CreatedRun }
      },
      config: {
        isIdempotent: true,
        problems: [...ofForks, 'quota_exceeded']
      }
    },
    async ({ params, body, principal }, reply) => {
      const forked = await runs.fork(principal.projectId, readForkRequest(params.id, body))
      const created = {
        ...presentRun(forked.run),
        warnings: presentWarnings(forked.warnings),
        estimate: presentEstimate(forked.estimate)
      }
      return reply.code(202).header('location', `/v1/runs/${forked.run.id}`).send(created)
    }
  )

  app.post(
    '/v1/runs/:id([0-9a-z_]+)::fork::validate' as '/v1/runs/:id',
    {
      schema: {
        operationId: 'validateFork',
        tags,
        summary: 'What a fork would be, without queueing it',
        description: 'Its recipe, what it changes of the parent and from which step on, and what is left to do.',
        params: IdParams,
        body: ForkRun,
        response: { 200: ValidatedFork }
      },
      config: { problems: ofForks }
    },
    async ({ params, body, principal }) => {
      const planned = await runs.planFork(principal.projectId, readForkRequest(params.id, body))
      return { ...presentRunPlan(planned), forked_from: presentFork(planned.forkedFrom) }
    }
  )
}
