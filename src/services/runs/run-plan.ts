/** What is asked for of a run, and what that means before there is one. */
import { AppError } from '../../base/errors.ts'
import { isEvaluationMetric, isOfProtocols, isTrained } from '../../base/evaluation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { EvaluationOfRun } from '../../domain/evaluation.ts'
import { LAST, type RetentionWishes } from '../../domain/retention.ts'
import type { Alarm, CheckpointPolicy, Compute } from '../../domain/run.ts'
import type { InitRecord } from '../../recipe/init-record.ts'
import type { RecipeRequest } from '../../recipe/presets.ts'
import type { Recipe } from '../../recipe/schema.ts'
import type { RecipeWarning } from '../../recipe/warnings.ts'
import { networkOfRun, type PlanDeps, type PlanRequest, planEvaluation } from '../evaluations/plan-evaluation.ts'
import type { Estimate } from './estimate.ts'
import type { InitWish } from './inits.ts'

export interface CheckpointWishes extends RetentionWishes {
  readonly everyS?: number
}

export interface RunRequest {
  readonly name: string | null
  /** `ds_…@3`, or `ds_…` for its latest ready version. */
  readonly dataset: string
  readonly recipe: RecipeRequest
  readonly init: InitWish | null
  readonly compute: Compute
  readonly checkpoint: CheckpointWishes
  readonly alarms: readonly Alarm[]
  /** Of its model, once that is ready, and of checkpoints before; null for none. */
  readonly evaluation: (PlanRequest & { readonly everyEpochs?: number }) | null
  readonly metadata: JsonObject
}

/** A request that can be trained: what it means and what it takes. */
export interface RunPlan {
  readonly version: DatasetVersion
  readonly recipe: Recipe
  readonly init: InitRecord | null
  readonly reasons: readonly string[]
  /** What the recipe does not use of the images, or makes up; empty where the version has no report. */
  readonly warnings: readonly RecipeWarning[]
  readonly estimate: Estimate
  readonly evaluation: EvaluationOfRun | null
  readonly checkpoint: CheckpointPolicy
}

interface OwnEvaluation {
  readonly request: Pick<RunRequest, 'evaluation'>
  readonly recipe: Recipe
  /** Of the plan in the request. */
  readonly at?: string
}

export async function planOwnEvaluation(
  deps: PlanDeps,
  projectId: string,
  { request: { evaluation: request }, recipe, at = '/evaluation' }: OwnEvaluation
): Promise<EvaluationOfRun | null> {
  if (request === null) return null
  const { everyEpochs } = request
  const trained = request.protocols?.find(isTrained)
  if (everyEpochs !== undefined && trained !== undefined) {
    const message = 'trains for as long as the run may: it is not measured on the way'
    const errors = [{ path: `${at}/protocols/${request.protocols!.indexOf(trained)}`, message }]
    throw new AppError('evaluation_impossible', { message: `${trained} ${message}.`, errors })
  }
  const subject = { ...networkOfRun({ recipe }), at }
  const plan = await planEvaluation(deps, projectId, { request, subject })
  return { id: null, ...plan, ...(everyEpochs === undefined ? {} : { everyEpochs }) }
}

const CHECKPOINT_EVERY_S = 900

/** A run's own policy: what its project wants by then acts on it no more. @param defaults of the project, or of the parent */
export function policyOf(wishes: CheckpointWishes, defaults: Partial<CheckpointPolicy>): CheckpointPolicy {
  const { everyS, keepLast, keepEveryEpochs, keepBest } = { ...defaults, ...wishes }
  return {
    everyS: everyS ?? CHECKPOINT_EVERY_S,
    keepLast: keepLast ?? LAST,
    ...(keepEveryEpochs != null && { keepEveryEpochs }),
    ...(keepBest != null && { keepBest })
  }
}

/** Of a policy that asks for what the run itself never measures: it keeps nothing, and nothing else would say so. */
export function unmeasuredBest({
  checkpoint,
  evaluation
}: Pick<RunPlan, 'checkpoint' | 'evaluation'>): RecipeWarning[] {
  const metric = checkpoint.keepBest?.metric
  if (metric === undefined || !isEvaluationMetric(metric)) return []
  const isOnTheWay = evaluation?.everyEpochs !== undefined
  if (isOnTheWay && isOfProtocols(metric, evaluation.protocols)) return []
  const why = isOnTheWay ? 'is of no protocol in evaluation.protocols' : 'needs evaluation.every_epochs to be measured'
  const message = `checkpoint.keep_best: ${metric} ${why} while the run trains; only checkpoints that somebody else has evaluated are among the best`
  return [{ what: 'checkpoint', images: 0, message }]
}
