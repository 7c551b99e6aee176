/**
 * The training loop. Yields what happens and writes checkpoints; who supervises, uploads or draws a progress bar reads
 * the events. A run is a function of recipe and dataset: stopping, resuming and the number of loaders do not change it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Engine } from '../engine/engine.ts'
import { elementCount } from '../engine/tensor-spec.ts'
import type { FailedEvent, StartedEvent, TrainEvent } from '../protocol/training-events.ts'
import { networkOf } from '../recipe/network.ts'
import type { Recipe } from '../recipe/schema.ts'
import { type Batches, createBatches } from './batches.ts'
import { checkResumable, readCheckpoint, type TrainState, writeCheckpoint } from './checkpoint.ts'
import { watchHealth } from './health/health.ts'
import { isWindowEnd, kappaQuantiles } from './health/probe.ts'
import { createHealthWindow, type HealthWindow, type TeacherViews } from './health/window.ts'
import { withEstimate } from './out-of-memory.ts'
import { affordableSteps, createStepCalls, type GivenStep, type StepCalls, takeFiniteSteps } from './step/calls.ts'
import { scheduleAt } from './step/schedule.ts'
import { initialState, parameterSpecs, type StateTensors } from './step/state.ts'
import type { StepSchedule } from './step/step.ts'

export interface TrainOptions {
  readonly datasetFolder: string
  readonly recipe: Recipe
  /** Checkpoints appear in `checkpoints/` below it. */
  readonly outFolder: string
  /** A checkpoint folder to go on from. */
  readonly resumeFrom?: string
  readonly checkpointEveryS?: number
  readonly checkpointEverySteps?: number
  /** Stops, as the signal would, after so many steps of this call. */
  readonly maxSteps?: number
  /** Stops before the next step, with a checkpoint. */
  readonly signal?: AbortSignal
  readonly engine: Engine
  readonly clock: Clock
  /** Threads that decode and crop. */
  readonly loaders?: number
  /** Steps in one call of the engine, which decides by itself otherwise. Changes nothing but speed and how soon a stop is heard. */
  readonly stepsPerCall?: number
}

/**
 * `started`, then `step`, `alarm` and `checkpoint` as they come; the last one is `done` after a checkpoint, or `failed`
 * when a step gave no finite numbers: then the state before that step is the last checkpoint.
 * @throws AppError checkpoint_invalid, storage_full, out_of_memory with the estimate that was wrong, and what the dataset and the engine throw
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { recipe, datasetFolder, clock, loaders } = options
  const stepsPerCall = affordableSteps(recipe, options.stepsPerCall ?? options.engine.stepsPerCall)
  const ahead = { prefetch: stepsPerCall, ...(loaders === undefined ? {} : { loaders }) }
  const batches = await createBatches({ datasetFolder, recipe, clock, ...ahead })
  try {
    const state = await beginOrResume(options, batches)
    yield startedEvent(options, batches, state)
    yield* trainFrom(state, { ...options, stepsPerCall }, batches)
  } catch (error) {
    throw withEstimate(error, recipe)
  } finally {
    await batches.close()
  }
}

type Decided = TrainOptions & { readonly stepsPerCall: number }

async function* trainFrom(begin: TrainState, options: Decided, batches: Batches): AsyncGenerator<TrainEvent> {
  const totalSteps = options.recipe.hyperparameters.epochs * batches.stepsPerEpoch
  const lastStep = Math.min(totalSteps, begin.step + (options.maxSteps ?? Number.POSITIVE_INFINITY))
  const checkpoints = checkpointRhythm(options)
  const run = { options, batches, checkpoints, lastStep }
  // Without a step to take nothing is compiled: a run of 0 epochs is there at once.
  const { state, failure } = begin.step < lastStep ? yield* takeSteps(begin, run) : { state: begin, failure: null }
  if (!checkpoints.isSaved(state.step)) yield await writeCheckpoint(options.outFolder, state)
  yield failure ?? { type: 'done', step: state.step, reason: state.step === totalSteps ? 'completed' : 'stopped' }
}

interface Run {
  readonly options: Decided
  readonly batches: Batches
  readonly checkpoints: CheckpointRhythm
  readonly lastStep: number
}

/** Where the steps ended; `failure` when a step gave numbers that are not finite, then `state` is the one before it. */
interface StepsTaken {
  readonly state: TrainState
  readonly failure: FailedEvent | null
}

async function* takeSteps(begin: TrainState, run: Run): AsyncGenerator<TrainEvent, StepsTaken> {
  const { options, checkpoints, lastStep } = run
  const { recipe, engine, outFolder, signal } = options
  const { stepsPerEpoch } = run.batches
  const alarms = watchHealth(recipe, { stepsPerEpoch, from: begin.health })
  const window = createHealthWindow(networkOf(recipe), begin.health)
  const withHealth = (at: TrainState): TrainState => ({
    ...at,
    health: new Map([...alarms.tensors(), ...window.tensors()])
  })
  const calls = await createStepCalls(engine, recipe, options.stepsPerCall)
  let state = begin
  let skipped = 0
  try {
    while (state.step < lastStep && !signal?.aborted) {
      const { taken, broken } = await takeCall(state, calls, run)
      for (const one of taken) {
        state = one.state
        const { step, epoch, tensors } = state
        window.observe(one.views)
        const ofWindow = isWindowEnd(step, stepsPerEpoch) ? windowMetrics(window, tensors, one.at) : {}
        yield { type: 'step', step, epoch, metrics: { ...stepMetrics(one), ...ofWindow } }
        yield* alarms.observe(step, one.metrics)
      }
      if (broken) return { state: withHealth(state), failure: failedEvent(state.step + 1, broken) }
      skipped = skippedInARow(skipped, taken)
      if (skipped >= MOST_SKIPPED) return { state: withHealth(state), failure: standsStill(state.step, skipped) }
      if (checkpoints.isDue(state.step)) {
        yield await writeCheckpoint(outFolder, withHealth(state))
        checkpoints.saved(state.step)
      }
      // A step computes synchronously: without a turn of the event loop no stop message would ever arrive.
      await nextTurn()
    }
    return { state: withHealth(state), failure: null }
  } finally {
    await calls.dispose()
  }
}

/** float16 skips a step now and then; a run that does nothing else trains nothing. */
const MOST_SKIPPED = 25

const skippedInARow = (before: number, taken: CallTaken['taken']): number =>
  taken.reduce((count, { metrics }) => (metrics['skipped'] === 1 ? count + 1 : 0), before)

interface CallTaken {
  /** Every state has the tensors after the last of these steps. */
  readonly taken: readonly (StepRecord & { readonly state: TrainState; readonly views: TeacherViews })[]
  readonly broken: readonly [metric: string, value: number] | null
}

async function takeCall(begin: TrainState, calls: StepCalls, run: Run): Promise<CallTaken> {
  const { batches, options } = run
  const { recipe, clock } = options
  const startedAt = clock.now()
  const given: (GivenStep & { waitMs: number })[] = []
  for (let step = begin.step; step < endOfCall(begin.step, run); step++) {
    given.push({ ...(await batches.next(step)), ...scheduleAt(recipe, step, batches.stepsPerEpoch) })
  }
  const { state: tensors, metrics, views, broken } = await takeFiniteSteps(calls, begin.tensors, given)
  const totalMs = (clock.now() - startedAt) / given.length
  const taken = metrics.map((measured, i) => {
    const step = begin.step + i + 1
    const at = given[i]!
    const state = { ...begin, step, epoch: Math.floor(step / batches.stepsPerEpoch), tensors }
    return { state, recipe, metrics: measured, views: views[i]!, at, timing: { waitMs: at.waitMs, totalMs } }
  })
  return { taken, broken }
}

/** A call ends where the state is looked at: at a checkpoint, at a probe and at the end. */
function endOfCall(begin: number, { options, batches, lastStep }: Run): number {
  const { stepsPerCall, checkpointEverySteps: every = Number.POSITIVE_INFINITY } = options
  let step = begin + 1
  while (
    step < Math.min(begin + stepsPerCall, lastStep) &&
    step % every !== 0 &&
    !isWindowEnd(step, batches.stepsPerEpoch)
  )
    step++
  return step
}

async function beginOrResume({ recipe, resumeFrom }: TrainOptions, { contentHash }: Batches): Promise<TrainState> {
  if (resumeFrom === undefined)
    return { step: 0, epoch: 0, recipe, contentHash, tensors: initialState(recipe), health: new Map() }
  const checkpoint = await readCheckpoint(resumeFrom)
  checkResumable(checkpoint, { recipe, contentHash })
  return { ...checkpoint, recipe }
}

interface CheckpointRhythm {
  isDue(step: number): boolean
  /** Whether this process has written the state at `step`. */
  isSaved(step: number): boolean
  saved(step: number): void
}

/** By time and by steps, whichever is set; both count from the last checkpoint, so that none follows right after another. */
function checkpointRhythm({ checkpointEveryS, checkpointEverySteps, clock }: TrainOptions): CheckpointRhythm {
  let savedStep: number | null = null
  let savedAt = clock.now()
  return {
    isDue: (step) =>
      (checkpointEverySteps !== undefined && step % checkpointEverySteps === 0) ||
      (checkpointEveryS !== undefined && clock.now() - savedAt >= checkpointEveryS * 1000),
    isSaved: (step) => step === savedStep,
    saved: (step) => {
      savedStep = step
      savedAt = clock.now()
    }
  }
}

interface StepRecord {
  readonly recipe: Recipe
  /** Of the program. */
  readonly metrics: Readonly<Record<string, number>>
  readonly at: StepSchedule
  readonly timing: { readonly waitMs: number; readonly totalMs: number }
}

function stepMetrics({ recipe, metrics, at, timing }: StepRecord): Record<string, number> {
  const { prototypes, batchSize } = recipe.hyperparameters
  // A clock that did not move gives no rate.
  const totalMs = Math.max(timing.totalMs, 0.001)
  return {
    ...metrics,
    // Of the class token: the patches' part also depends on how many crops have a mask.
    loss_over_ln_k: (metrics.cls_loss ?? metrics.loss!) / Math.log(prototypes),
    learning_rate: at.learningRate,
    weight_decay: at.weightDecay,
    teacher_momentum: at.teacherMomentum,
    teacher_temperature: at.teacherTemperature,
    ...(at.patchTeacherTemperature ? { patch_teacher_temperature: at.patchTeacherTemperature } : {}),
    images_per_second: (1000 * batchSize) / totalMs,
    data_wait_share: Math.min(1, timing.waitMs / totalMs)
  }
}

/** Of the teacher after the last step of the window, and of the images of all its steps. */
const windowMetrics = (window: HealthWindow, state: StateTensors, at: StepSchedule): Record<string, number> => ({
  ...kappaQuantiles(state['teacher.head.last_layer.weight_g']!, at.teacherTemperature),
  ...window.close(state['teacher.head.last_layer.weight_v']!)
})

function startedEvent({ recipe, engine }: TrainOptions, batches: Batches, { step }: TrainState): StartedEvent {
  const { images, stepsPerEpoch } = batches
  return {
    type: 'started',
    step,
    totalSteps: recipe.hyperparameters.epochs * stepsPerEpoch,
    stepsPerEpoch,
    images,
    parameters: parameterSpecs(recipe).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    engine: engine.name,
    device: engine.device
  }
}

const failedEvent = (step: number, [metric, value]: readonly [string, number]): FailedEvent => ({
  type: 'failed',
  step,
  code: 'loss_not_finite',
  message: `${metric} is ${value} in step ${step}; the state before it is the last checkpoint.`
})

const standsStill = (step: number, skipped: number): FailedEvent => ({
  type: 'failed',
  step,
  code: 'loss_not_finite',
  message: `The last ${skipped} steps had gradients outside float16's range and moved nothing; bfloat16 and float32 have the range.`
})
