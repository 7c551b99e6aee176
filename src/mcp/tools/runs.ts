/** A run from its request on: submitted, forked, made longer, paused, resumed, cancelled. */
import { Type } from 'typebox'
import { dataOf, idempotent, newIdempotencyKey } from '../../client/client.ts'
import type { CreateRun, ForkRun, Run, RunPlan } from '../../client/resources.ts'
import { defineTool, ENDS, READS, WRITES } from '../tool.ts'
import { runOf, summaryOf } from './lists.ts'

const RunId = Type.String({ minLength: 1, description: 'run_…' })
const Strict = { additionalProperties: false }
const ValidateOnly = Type.Optional(
  Type.Boolean({ description: 'true: answers what it would be, and queues nothing. false by default.' })
)

/** What a person would look at before saying yes; the recipe itself is in the run. */
const planOf = ({ dataset, recipe_reasons, warnings, estimate, resolved_recipe }: RunPlan, withRecipe: boolean) => ({
  ...{ dataset, recipe_reasons, warnings, estimate },
  ...(withRecipe && { resolved_recipe })
})

const getRun = defineTool({
  name: 'get_run',
  title: 'Get a run',
  description:
    'Everything about a run: its resolved recipe with the reasons for it, state, progress, failures, alarms asked for.',
  annotations: READS,
  input: Type.Object({ run: RunId }, Strict),
  run: ({ run }, { client, signal }) => runOf(client, run, signal)
})

const submitRun = defineTool({
  name: 'submit_run',
  title: 'Submit a run',
  description:
    'Queues a pretraining run. The request is validated first, and queued only if it is valid; the answer has the plan (reasons, ' +
    'warnings, estimate) beside the run. Without a preset the recipe is chosen for the images (auto). What the fields may be: the ' +
    'resources kappa://docs/hyperparameters.md, kappa://docs/presets.md and kappa://openapi.',
  annotations: WRITES,
  input: Type.Object(
    {
      request: Type.Object(
        {
          dataset: Type.String({ description: 'ds_…@3, or ds_… for the newest version.' }),
          name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          method: Type.Optional(Type.String({ description: 'dino-vmf, dino, ibot-vmf or ibot.' })),
          preset: Type.Optional(Type.String({ description: 'auto by default.' })),
          hyperparameters: Type.Optional(
            Type.Object({}, { additionalProperties: true, description: 'What is to differ from the preset.' })
          )
        },
        { additionalProperties: true, description: 'The body of POST /v1/runs, whose other fields are taken too.' }
      ),
      validate_only: ValidateOnly
    },
    Strict
  ),
  async run({ request, validate_only: isDry = false }, { client, signal }) {
    const body = request as CreateRun // the API checks it, and its words name the field
    const plan = await dataOf<RunPlan>(client.POST('/v1/runs:validate', { body, signal }))
    if (isDry) return { submitted: false, plan: planOf(plan, true) }
    const run = await dataOf<Run>(client.POST('/v1/runs', { body, ...idempotent(newIdempotencyKey()), signal }))
    return { submitted: true, run: summaryOf(run), plan: planOf(plan, false) }
  }
})

const forkRun = defineTool({
  name: 'fork_run',
  title: 'Fork a run',
  description:
    "Queues a new run that goes on from a checkpoint's whole training state under a recipe that may differ. Validated first. " +
    'The table of kappa://docs/api.md (Otherwise: :fork) says what a fork may change.',
  annotations: WRITES,
  input: Type.Object(
    {
      run: RunId,
      checkpoint: Type.Optional(Type.String({ description: 'Of this run; its newest by default.' })),
      overrides: Type.Optional(
        Type.Object(
          {},
          { additionalProperties: true, description: 'Fields of POST /v1/runs but name, dataset and init.' }
        )
      ),
      name: Type.Optional(Type.String()),
      validate_only: ValidateOnly
    },
    Strict
  ),
  async run({ run, validate_only: isDry = false, ...request }, { client, signal }) {
    const body = request as ForkRun // the API checks it
    const params = { path: { id: run } }
    const { forked_from, ...plan } = await dataOf(client.POST('/v1/runs/{id}:fork:validate', { params, body, signal }))
    if (isDry) return { submitted: false, forked_from, plan: planOf(plan, true) }
    const fork = await dataOf<Run>(
      client.POST('/v1/runs/{id}:fork', { params, body, ...idempotent(newIdempotencyKey()), signal })
    )
    return { submitted: true, run: summaryOf(fork), forked_from, plan: planOf(plan, false) }
  }
})

const extendRun = defineTool({
  name: 'extend_run',
  title: 'Make a run longer',
  description:
    'Trains a run, one that has ended too, for so many epochs in all. Its schedules are those of the new length from its newest ' +
    'checkpoint on, so the learning rate goes up again (kappa://docs/api.md).',
  annotations: WRITES,
  input: Type.Object({ run: RunId, epochs: Type.Integer({ minimum: 1, description: 'In all.' }) }, Strict),
  run: async ({ run, epochs }, { client, signal }) =>
    summaryOf(
      await dataOf<Run>(
        client.POST('/v1/runs/{id}:extend', { params: { path: { id: run } }, body: { epochs }, signal })
      )
    )
})

const VERBS = {
  pause: ['Pause a run', 'It writes a checkpoint and stops; resume_run goes on from it.', WRITES],
  resume: ['Resume a run', 'Goes on with a paused run from its newest checkpoint, bit for bit.', WRITES],
  cancel: ['Cancel a run', 'Stops a run that has not ended. Its checkpoints stay. Ask the person first.', ENDS]
} as const

const verbTools = (Object.keys(VERBS) as (keyof typeof VERBS)[]).map((verb) => {
  const [title, description, annotations] = VERBS[verb]
  return defineTool({
    name: `${verb}_run`,
    title,
    description,
    annotations: { ...annotations, idempotentHint: true },
    input: Type.Object({ run: RunId }, Strict),
    run: async ({ run }, { client, signal }) =>
      summaryOf(await dataOf<Run>(client.POST(`/v1/runs/{id}:${verb}`, { params: { path: { id: run } }, signal })))
  })
})

export const RUN_TOOLS = [getRun, submitRun, forkRun, extendRun, ...verbTools]
