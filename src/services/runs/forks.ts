/**
 * A run that goes on from the whole state of another one's checkpoint: student, teacher, moments, centers and position. Its
 * recipe is the parent's but for what the request overrides, as far as recipe/forks.ts allows; images and what the parent
 * began from are the parent's. Another network, or other images, is a run with an init.
 */
import { AppError, type FieldError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Alarm, Compute, FieldChange, ForkRecord, Run } from '../../domain/run.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkRecipe, devicesProblems } from '../../recipe/check.ts'
import { FORK_REASONS, type ForkChange, forkChanges } from '../../recipe/forks.ts'
import { mergeFields, type RecipeRequest, schemaErrors } from '../../recipe/presets.ts'
import { type PrototypeSurgery, surgeryProblems } from '../../recipe/prototype-surgery.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { warningsOf } from '../../recipe/warnings.ts'
import type { PlanDeps } from '../evaluations/plan-evaluation.ts'
import { circumstancesOf } from './auto-circumstances.ts'
import { estimateRun, lastSuccesses } from './estimate.ts'
import { newestCheckpoint } from './extensions.ts'
import { type NewRunDeps, newRun, queueRun } from './new-run.ts'
import {
  type CheckpointWishes,
  planOwnEvaluation,
  policyOf,
  type RunPlan,
  type RunRequest,
  unmeasuredBest
} from './run-plan.ts'

/** What is left out is the parent's. */
export interface ForkOverrides {
  readonly recipe: RecipeRequest
  readonly compute: Partial<Compute>
  readonly checkpoint: CheckpointWishes
  readonly alarms: readonly Alarm[] | null
  /** Undefined for the parent's, null for none. */
  readonly evaluation: RunRequest['evaluation'] | undefined
  readonly metadata: JsonObject | null
}

export interface ForkRequest {
  readonly id: string
  readonly name: string | null
  /** Null for the newest of the run. */
  readonly checkpoint: string | null
  readonly overrides: ForkOverrides
  /** Null: they stay as they are. */
  readonly prototypes: PrototypeSurgery | null
}

export interface ForkDeps extends PlanDeps, NewRunDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly get: (projectId: string, id: string) => Promise<Run>
}

/** What a fork would be. */
export interface ForkPlan extends RunPlan {
  readonly parent: Run
  readonly compute: Compute
  readonly forkedFrom: ForkRecord
  readonly progress: Run['progress']
}

/**
 * @throws AppError run_not_found, checkpoint_not_found, invalid_recipe, dataset_version_not_found, and what the plan of an
 *   evaluation is refused with
 */
export const createForkPlan =
  (deps: ForkDeps) =>
  async (projectId: string, { id, checkpoint: wanted, overrides, prototypes }: ForkRequest): Promise<ForkPlan> => {
    const { stores } = deps
    const parent = await deps.get(projectId, id)
    const checkpoint = await findCheckpoint(stores, parent, wanted)
    const version = await findImages(stores, parent)
    const { recipe, changes } = forkedRecipe(parent.recipe, overrides.recipe)
    refuseSurgery(prototypes, recipe)
    const compute = { ...parent.compute, ...overrides.compute }
    const sized = { images: version.images, steps: checkpoint.step, ...compute }
    const estimate = estimateRun(recipe, sized, await lastSuccesses(stores, projectId))
    refuseUnfit(recipe, { parent, version, compute, checkpoint, stepsLeft: estimate.steps })
    const evaluation = await evaluationOf(deps, { parent, recipe, overrides })
    const policy = policyOf(overrides.checkpoint, parent.checkpoint)
    return {
      parent,
      version,
      recipe,
      init: parent.init,
      reasons: changes.length === 0 ? parent.recipeReasons : [],
      warnings: [
        ...(version.report === null ? [] : warningsOf(version.report, recipe, parent.init !== null)),
        ...unmeasuredBest({ checkpoint: policy, evaluation })
      ],
      estimate,
      evaluation,
      compute,
      checkpoint: policy,
      forkedFrom: {
        runId: parent.id,
        checkpointId: checkpoint.id,
        step: checkpoint.step,
        changes,
        ...(prototypes && { prototypes })
      },
      progress: progressAt(checkpoint, { recipe, totalSteps: checkpoint.step + estimate.steps })
    }
  }

type Forked = { readonly run: Run } & Pick<RunPlan, 'estimate' | 'warnings'>

/** @throws AppError quota_exceeded, and what the plan throws */
export const createFork = (deps: ForkDeps) => {
  const plan = createForkPlan(deps)
  return async (projectId: string, request: ForkRequest): Promise<Forked> => {
    const planned = await plan(projectId, request)
    const { parent, compute, forkedFrom, progress, estimate, warnings } = planned
    const wishes = { name: request.name, compute, ...wishesOf(parent, request.overrides) }
    const run: Run = { ...newRun(deps, projectId, { request: wishes, planned }), forkedFrom, progress }
    await deps.unitOfWork((tx) => queueRun(tx, run))
    return { run, estimate, warnings }
  }
}

async function findCheckpoint(stores: Stores, parent: Run, wanted: string | null): Promise<Checkpoint> {
  const { projectId, id } = parent
  const checkpoint =
    wanted === null ? await newestCheckpoint(stores, parent) : await stores.checkpoints.find(projectId, wanted)
  if (checkpoint?.status === 'complete' && checkpoint.runId === id) return checkpoint
  if (wanted === null)
    throw new AppError('checkpoint_not_found', { message: `Run ${id} has no checkpoint.`, runId: id })
  const errors = [{ path: '/checkpoint', message: `names no checkpoint of run ${id} that is there` }]
  throw new AppError('checkpoint_not_found', { errors })
}

async function findImages({ datasets }: Stores, parent: Run): Promise<DatasetVersion> {
  const { projectId, datasetId, datasetVersion } = parent
  const version = await datasets.findVersion(projectId, datasetId, datasetVersion)
  if (version?.status === 'ready') return version
  const message = `The images of run ${parent.id} are gone: ${datasetId}@${datasetVersion}.`
  throw new AppError('dataset_version_not_found', { message, datasetId })
}

const below = ({ path, message }: FieldError): FieldError => ({ path: `/overrides${path}`, message })

function forkedRecipe(
  parent: Recipe,
  asked: RecipeRequest
): { readonly recipe: Recipe; readonly changes: readonly FieldChange[] } {
  const recipe = mergeFields(parent, asked) as Recipe // its schema is checked in the next line
  const broken = schemaErrors(recipe)
  if (broken.length > 0) throw new AppError('invalid_recipe', { errors: broken.map(below) })
  const changes = forkChanges(parent, recipe)
  const errors = changes.flatMap(refusalOf)
  if (recipe.preset !== parent.preset)
    errors.push({ path: '/preset', message: `cannot change: a fork keeps the recipe of its parent; name what differs` })
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors: errors.map(below) })
  return { recipe, changes: changes.map(recordOf) }
}

function refuseSurgery(surgery: PrototypeSurgery | null, { hyperparameters }: Recipe): void {
  const problems = surgery === null ? [] : surgeryProblems(surgery, hyperparameters.prototypes)
  const errors = problems.map(({ path, message }) => ({ path: `/prototypes${path}`, message }))
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
}

function refusalOf({ path, reason, before, after }: ForkChange): FieldError[] {
  if (reason === null) return []
  const was = `${before === null ? 'left out' : JSON.stringify(before)} in the parent, got ${JSON.stringify(after)}`
  const message = `cannot change in a fork (${was}): ${FORK_REASONS[reason]}. Begin a run from the checkpoint with init instead`
  return [{ path: `/${path.join('/')}`, message }]
}

const recordOf = ({ name, before, after }: ForkChange): FieldChange => ({
  field: name,
  // Values of a recipe, which is JSON.
  before: before as FieldChange['before'],
  after: after as FieldChange['after']
})

interface Circumstances {
  readonly parent: Run
  readonly version: DatasetVersion
  readonly compute: Compute
  readonly checkpoint: Checkpoint
  readonly stepsLeft: number
}

function refuseUnfit(recipe: Recipe, { parent, version, compute, checkpoint, stepsLeft }: Circumstances): void {
  const errors = [
    ...checkRecipe(recipe, { ...circumstancesOf(version), hasInit: parent.init !== null }),
    ...devicesProblems(recipe, compute.devices)
  ]
  if (stepsLeft === 0) {
    const message = `leaves no step to take: the checkpoint has taken ${checkpoint.step}, ${checkpoint.epoch} epochs; name more`
    errors.push({ path: '/hyperparameters/epochs', message })
  }
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors: errors.map(below) })
}

const wishesOf = (parent: Run, { alarms, metadata }: ForkOverrides) => ({
  alarms: alarms ?? parent.alarms,
  metadata: metadata ?? parent.metadata
})

async function evaluationOf(
  deps: ForkDeps,
  {
    parent,
    recipe,
    overrides: { evaluation }
  }: { readonly parent: Run; readonly recipe: Recipe; readonly overrides: ForkOverrides }
): Promise<Run['evaluation']> {
  if (evaluation === undefined) return parent.evaluation && { ...parent.evaluation, id: null }
  const request = { evaluation }
  return planOwnEvaluation(deps, parent.projectId, { request, recipe, at: '/overrides/evaluation' })
}

const progressAt = (
  { step, epoch }: Checkpoint,
  { recipe, totalSteps }: { readonly recipe: Recipe; readonly totalSteps: number }
): Run['progress'] => ({
  step,
  totalSteps,
  epoch,
  percent: (100 * step) / totalSteps,
  imagesSeen: step * recipe.hyperparameters.batchSize
})
