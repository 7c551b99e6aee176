/** From the body of a sweep to its trials' requests, each as valid as if it had been sent by itself. */
import { AppError, type FieldError } from '../../base/errors.ts'
import { isEvaluationMetric, isOfProtocols } from '../../base/evaluation.ts'
import { isRecord, type JsonObject } from '../../base/json.ts'
import {
  MOST_TRIALS,
  type SweepChoice,
  type SweepObjective,
  type SweepRange,
  type SweepSpace
} from '../../domain/sweep.ts'
import { canJudge } from '../../protocol/metrics.ts'
import { countTrials, drawTrials } from '../../services/sweeps/draw-trials.ts'
import type { SweepRequest, TrialRequest } from '../../services/sweeps/sweeps.ts'
import { findingOf, nameTrial } from '../../services/sweeps/trials.ts'
import { aboutWire } from '../core/problem.ts'
import { createBodyCheck } from '../core/validation.ts'
import type { Wire } from './common.ts'
import type { CreateSweepBody } from './create-sweep.ts'
import { CreateRun, readRunRequest } from './run.ts'

type RunBody = Wire<typeof CreateRun>

/** Enough to mend it. */
const MOST_ERRORS = 16

const checkRun = createBodyCheck(CreateRun)

/** @throws AppError invalid_request, invalid_recipe: what is wrong, where in this body, and of which trial */
export function readSweepRequest(body: CreateSweepBody): SweepRequest {
  const space = readSpace(body)
  const objective = body.objective ?? null
  const ofSpace = spaceErrors(space)
  // A space that cannot be drawn from has no trials to look at.
  if (ofSpace.length > 0) throw refuse(ofSpace)
  const errors = [...objectiveErrors(objective, body.run), ...overlapErrors(space, body.run)]
  const trials: TrialRequest[] = []
  for (const [index, drawn] of drawTrials(space).entries()) {
    const trial = nameTrial(space, index + 1, drawn)
    const run = trial.varied.reduce<JsonObject>(
      (made, { field, value }) => put(made, field.split('.'), value),
      asJson(body.run)
    )
    const found = checkRun(run).map((one) => findingOf(one, trial))
    // What all trials share is said of the first.
    if (found.length > 0) errors.push(...found.filter(({ path }) => !errors.some((one) => one.path === path)))
    else if (errors.length === 0) trials.push({ ...trial, request: readRunRequest(run as RunBody) })
    if (errors.length >= MOST_ERRORS) break
  }
  if (errors.length > 0) throw refuse(errors)
  return { name: body.name ?? null, metadata: body.metadata ?? {}, run: asJson(body.run), space, objective, trials }
}

/** It came as JSON. */
const asJson = (value: object): JsonObject => value as JsonObject

function refuse(errors: readonly FieldError[]): AppError {
  const isRecipe = errors.every(({ path }) => path.includes('/hyperparameters'))
  return aboutWire(
    new AppError(isRecipe ? 'invalid_recipe' : 'invalid_request', { errors: errors.slice(0, MOST_ERRORS) })
  )
}

function readSpace(body: CreateSweepBody): SweepSpace {
  if ('grid' in body) return { kind: 'grid', fields: body.grid }
  const fields = Object.entries(body.random).map(([field, choice]): [string, SweepChoice] => [
    field,
    'values' in choice ? choice : { ...choice, scale: choice.scale ?? 'linear', isWhole: isWhole(field) }
  ])
  return { kind: 'random', fields: Object.fromEntries(fields), trials: body.trials, seed: body.seed ?? 0 }
}

/** Whether a run's request takes whole numbers there. */
function isWhole(field: string): boolean {
  let schema: unknown = CreateRun
  for (const name of field.split('.')) {
    const properties = isRecord(schema) ? schema['properties'] : undefined
    schema = isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
  }
  return isRecord(schema) && schema['type'] === 'integer'
}

function spaceErrors(space: SweepSpace): FieldError[] {
  const names = Object.keys(space.fields)
  const nested = names.flatMap((field) => {
    const outer = names.find((one) => field.startsWith(`${one}.`))
    const message = `is a part of ${outer}, which is varied too`
    return outer === undefined ? [] : [{ path: `/${space.kind}/${field}`, message }]
  })
  const count = countTrials(space)
  const message = `makes ${count} trials, and ${MOST_TRIALS} are the most`
  if (space.kind === 'grid') return count > MOST_TRIALS ? [...nested, { path: '/grid', message }] : nested
  const ofRanges = Object.entries(space.fields).flatMap(([field, choice]) =>
    'values' in choice ? [] : rangeErrors(`/random/${field}`, choice)
  )
  return [...nested, ...ofRanges]
}

function rangeErrors(path: string, { min, max, scale, isWhole: whole }: SweepRange): FieldError[] {
  if (min >= max) return [{ path: `${path}/max`, message: 'must be more than min' }]
  if (scale === 'log' && min <= 0)
    return [{ path: `${path}/min`, message: 'must be more than 0 on a logarithmic scale' }]
  const broken = [['min', min] as const, ['max', max] as const].filter(
    ([, value]) => whole && !Number.isSafeInteger(value)
  )
  return broken.map(([end]) => ({ path: `${path}/${end}`, message: 'must be a whole number, as the field is' }))
}

function objectiveErrors(objective: SweepObjective | null, run: CreateSweepBody['run']): FieldError[] {
  if (objective === null) return []
  const path = '/objective/metric'
  if (!canJudge(objective.metric))
    return [{ path, message: 'is no metric of docs/metrics.md that says which trial is best' }]
  if (!isEvaluationMetric(objective.metric)) return []
  if (run.evaluation && isOfProtocols(objective.metric, run.evaluation.protocols ?? null)) return []
  if (run.evaluation) return [{ path, message: 'is of no protocol in run.evaluation.protocols' }]
  return [{ path, message: 'is measured by an evaluation, and the run has none: give run.evaluation' }]
}

/** Two values for one field: which of them is meant, nobody knows. */
const overlapErrors = ({ fields }: SweepSpace, run: object): FieldError[] =>
  Object.keys(fields).flatMap((field) => {
    const steps = field.split('.')
    let at: unknown = run
    for (const step of steps) at = isRecord(at) && Object.hasOwn(at, step) ? at[step] : undefined
    return at === undefined ? [] : [{ path: `/run/${steps.join('/')}`, message: 'is varied: leave it out here' }]
  })

/** A copy with the value in its place. */
function put(object: JsonObject, [step = '', ...rest]: readonly string[], value: JsonObject[string]): JsonObject {
  if (rest.length === 0) return { ...object, [step]: value }
  const inner = Object.hasOwn(object, step) ? object[step] : undefined
  return { ...object, [step]: put(isRecord(inner) ? asJson(inner) : {}, rest, value) }
}
