import { type Static, Type } from 'typebox'
import { DEVICE_WISHES } from '../../base/devices.ts'
import {
  type Compute as DomainCompute,
  type CheckpointPolicy as DomainPolicy,
  type Run as DomainRun,
  RUN_STATUSES
} from '../../domain/run.ts'
import type { CheckpointWishes, RunPlan, RunRequest } from '../../services/runs/run-plan.ts'
import {
  closed,
  ListOf,
  Metadata,
  Name,
  Nullable,
  OptionalDescription,
  Resource,
  Text,
  Timestamp,
  timestampOrNull
} from './common.ts'
import { PlanOfRun, presentRunEvaluation, RunEvaluation, readPlanOfRun } from './evaluation-plan.ts'
import { Init, InitRequest, presentInit, readInit } from './init.ts'
import { Extensions, ForkedFrom, presentFork } from './lineage.ts'
import { Estimate, presentEstimate, presentWarnings, RecipeReasons, Warnings } from './plan.ts'
import { presentRecipe, ResolvedRecipe, readHyperparameters, recipeFields } from './recipe.ts'
import { PresentedBest, presentRetention, readRetention, retentionFields } from './retention.ts'
import { Engine, Progress, presentEngine, presentProgress, RaisedAlarm, RunError, RunFailure } from './run-progress.ts'

const WEEKS_4_S = 2_419_200

/** As many as one machine has. */
const MOST_DEVICES = 64

const limits = {
  devices: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MOST_DEVICES,
      description: 'How many of one host share every batch, 1 by default; a worker with fewer does not take the run.'
    })
  ),
  max_runtime_s: Type.Optional(Type.Integer({ minimum: 60, maximum: WEEKS_4_S })),
  priority: Type.Optional(Type.Integer({ minimum: -100, maximum: 100 }))
}

const Compute = Type.Object({ device: Type.Optional(Type.Enum([...DEVICE_WISHES])), ...limits }, closed)

export const ComputeWish = Type.Object(
  {
    device: Type.Optional(
      Type.Enum([...DEVICE_WISHES, 'cuda'], {
        description:
          'What the run has to be trained on; it waits for a worker that has it. `any`, the default, is whatever the ' +
          "worker's engine computes on. `cuda` is deprecated and means `gpu`."
      })
    ),
    ...limits
  },
  closed
)

export const CheckpointPolicy = Type.Object(
  {
    every_s: Type.Optional(Type.Integer({ minimum: 10, maximum: 86_400 })),
    keep_last: Type.Optional(retentionFields.keep_last),
    keep_every_epochs: Type.Optional(retentionFields.keep_every_epochs),
    keep_best: Type.Optional(retentionFields.keep_best)
  },
  { ...closed, description: 'What is not said of which checkpoints stay is as the project has it.' }
)

export const Alarm = Type.Object({ rule: Type.Enum(['collapse']), action: Type.Enum(['notify', 'pause']) }, closed)
/** As a run has it; without `keep_every_epochs` none is kept for its epoch, without `keep_best` none for a metric. */
const PresentedPolicy = Type.Object(
  {
    every_s: Type.Integer(),
    keep_last: Type.Integer(),
    keep_every_epochs: Type.Optional(Type.Integer()),
    keep_best: Type.Optional(PresentedBest)
  },
  closed
)

const examples = [
  {
    name: 'shoes',
    dataset: 'ds_01jexample@3',
    method: 'dino-vmf',
    arch: 'vit_small',
    patch_size: 16,
    hyperparameters: { epochs: 100, batch_size: 256, teacher_temperature: [0.04, 0.07, 30] },
    metadata: { team: 'x' }
  }
]

export const runFields = {
  name: Type.Optional(Nullable(Name)),
  dataset: Text({
    minLength: 1,
    maxLength: 100,
    description: 'ds_…@3, or ds_… for the latest ready version.'
  }),
  ...recipeFields,
  init: Type.Optional(InitRequest),
  compute: Type.Optional(ComputeWish),
  checkpoint: Type.Optional(CheckpointPolicy),
  alarms: Type.Optional(Type.Array(Alarm, { maxItems: 8 })),
  evaluation: Type.Optional(Nullable(PlanOfRun)),
  metadata: Type.Optional(Metadata)
}

export const CreateRun = Type.Object(runFields, { ...closed, $id: 'CreateRun', examples })

const properties = {
  id: Type.String(),
  object: Type.Literal('run'),
  project_id: Type.String(),
  sweep: Nullable(Type.String({ description: 'That made it; null where a user did.' })),
  trial: Nullable(Type.Integer({ description: 'Which of the sweep, from 1.' })),
  name: Nullable(Type.String()),
  dataset: Type.String(),
  method: Type.String(),
  arch: Type.String(),
  resolved_recipe: ResolvedRecipe,
  init: Nullable(Init),
  forked_from: Nullable(ForkedFrom),
  extensions: Extensions,
  recipe_reasons: RecipeReasons,
  compute: Type.Required(Compute),
  checkpoint: PresentedPolicy,
  alarms: Type.Array(Alarm),
  metadata: Metadata,
  archived: Type.Boolean({ description: 'By a user: lists leave it out where they are asked with archived=false.' }),
  status: Type.Enum([...RUN_STATUSES]),
  status_reason: Nullable(Type.String()),
  engine: Nullable(Engine),
  progress: Progress,
  images_per_second: Nullable(Type.Number()),
  eta_s: Nullable(Type.Number()),
  attempt: Type.Integer(),
  leg: Type.Integer(),
  latest_checkpoint: Nullable(Type.String()),
  model: Nullable(Type.String()),
  evaluation: Nullable(RunEvaluation),
  error: Nullable(RunError),
  traceparent: Nullable(
    Type.String({
      description:
        'W3C trace context of the request that made it: the one that the request was sent with, or the one that was recorded of it. Legs belong to the same trace.'
    })
  ),
  failures: Type.Array(RunFailure, {
    description:
      'Tries that came to nothing since training last got further, the newest last. Two nodes with the same error, three times the ' +
      'same on one, or ten processes that were killed or fell silent end the run; outages of database and store do not count.'
  }),
  last_alarm: Nullable(RaisedAlarm),
  created_at: Timestamp,
  started_at: Nullable(Timestamp),
  resumed_at: Nullable(Timestamp),
  finished_at: Nullable(Timestamp)
}

export const RunDescription = Type.Object(
  {
    ...OptionalDescription.properties,
    archived: Type.Optional(
      Type.Boolean({
        description:
          'Whether it is out of the way. What it has stays, and it goes on. To resume, retry or extend it brings it back.'
      })
    )
  },
  { ...closed, $id: 'RunDescription', minProperties: 1, examples: [{ name: 'shoes, second try', archived: true }] }
)

export const Run = Resource(properties, 'Run')
export const RunList = ListOf(Run, 'RunList')
export const CreatedRun = Resource({ ...properties, warnings: Warnings, estimate: Estimate }, 'CreatedRun')

export const ExtendedRun = Resource({ ...properties, estimate: Estimate }, 'ExtendedRun')

const validated = {
  object: Type.Literal('run_validation'),
  dataset: Type.String(),
  resolved_recipe: ResolvedRecipe,
  init: Nullable(Init),
  recipe_reasons: RecipeReasons,
  warnings: Warnings,
  estimate: Estimate
}

export const ValidatedRun = Resource(validated, 'ValidatedRun')
export const ValidatedFork = Resource({ ...validated, forked_from: ForkedFrom }, 'ValidatedFork')

/** An older word is still taken. */
export const readDevice = (device: Static<typeof ComputeWish>['device']): DomainCompute['device'] | undefined =>
  device === 'cuda' ? 'gpu' : device

/** The request with everything that is not the recipe's business filled in. */
export function readRunRequest(body: Static<typeof CreateRun>): RunRequest {
  const { method, preset, arch, patch_size: patchSize, seed, hyperparameters } = body
  return {
    name: body.name ?? null,
    dataset: body.dataset,
    recipe: {
      method,
      preset,
      arch,
      patchSize,
      seed,
      hyperparameters: hyperparameters && readHyperparameters(hyperparameters)
    },
    init: readInit(body.init),
    compute: {
      device: readDevice(body.compute?.device) ?? 'any',
      devices: body.compute?.devices ?? 1,
      maxRuntimeS: body.compute?.max_runtime_s ?? WEEKS_4_S,
      priority: body.compute?.priority ?? 0
    },
    checkpoint: readCheckpointPolicy(body.checkpoint ?? {}, '/checkpoint'),
    evaluation: body.evaluation ? readPlanOfRun(body.evaluation) : null,
    alarms: body.alarms ?? [{ rule: 'collapse', action: 'notify' }],
    metadata: body.metadata ?? {}
  }
}

/** @param at where it is in the request */
export const readCheckpointPolicy = (policy: Static<typeof CheckpointPolicy>, at: string): CheckpointWishes => ({
  ...(policy.every_s !== undefined && { everyS: policy.every_s }),
  ...readRetention(policy, at)
})

const presentCheckpointPolicy = ({ everyS, ...retention }: DomainPolicy) => ({
  every_s: everyS,
  ...presentRetention(retention)
})

const presentCompute = ({ device, devices, maxRuntimeS, priority }: DomainCompute) => ({
  device,
  devices,
  max_runtime_s: maxRuntimeS,
  priority
})

export function presentRunPlan({
  version,
  recipe,
  reasons,
  warnings,
  init,
  estimate
}: RunPlan): Static<typeof ValidatedRun> {
  return {
    object: 'run_validation',
    dataset: `${version.datasetId}@${version.version}`,
    resolved_recipe: presentRecipe(recipe),
    init: init && presentInit(init),
    recipe_reasons: [...reasons],
    warnings: presentWarnings(warnings),
    estimate: presentEstimate(estimate)
  }
}

export const presentRun = (run: DomainRun): Static<typeof Run> => ({
  id: run.id,
  object: 'run',
  project_id: run.projectId,
  sweep: run.sweepId,
  trial: run.trial,
  name: run.name,
  dataset: `${run.datasetId}@${run.datasetVersion}`,
  method: run.recipe.method,
  arch: run.recipe.arch,
  resolved_recipe: presentRecipe(run.recipe),
  init: run.init && presentInit(run.init),
  forked_from: run.forkedFrom && presentFork(run.forkedFrom),
  extensions: run.extensions.map((extension) => ({ ...extension })),
  recipe_reasons: [...run.recipeReasons],
  compute: presentCompute(run.compute),
  checkpoint: presentCheckpointPolicy(run.checkpoint),
  alarms: run.alarms.map((alarm) => ({ ...alarm })),
  metadata: run.metadata as Record<string, string>, // Metadata is what created it
  archived: run.archived,
  status: run.status,
  status_reason: run.statusReason,
  engine: run.engine && presentEngine(run.engine),
  progress: presentProgress(run.progress),
  images_per_second: run.imagesPerSecond,
  eta_s: run.etaS,
  attempt: run.attempt,
  leg: run.leg,
  latest_checkpoint: run.latestCheckpointId,
  model: run.modelId,
  evaluation: run.evaluation && presentRunEvaluation(run.evaluation),
  error: run.error && { ...run.error },
  traceparent: run.traceparent,
  failures: run.failures.map(({ code, message, step, node, at }) => ({ code, message, step, node, at })),
  last_alarm: run.lastAlarm && { ...run.lastAlarm },
  created_at: run.createdAt.toISOString(),
  started_at: timestampOrNull(run.startedAt),
  resumed_at: timestampOrNull(run.resumedAt),
  finished_at: timestampOrNull(run.finishedAt)
})
