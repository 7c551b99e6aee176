/**
 * The training loop. Yields what happens and writes checkpoints; who supervises, uploads or draws a progress bar reads
 * the events. A run is a function of recipe and dataset: stopping, resuming and the number of loaders do not change it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Engine } from '../engine/engine.ts'
import { elementCount } from '../engine/tensor-spec.ts'
import type { Recipe } from '../recipe/schema.ts'
import { type Batches, createBatches } from './batches.ts'
import { checkResumable, readCheckpoint, type TrainState, writeCheckpoint } from './checkpoint.ts'
import type { FailedEvent, StartedEvent, TrainEvent } from './events.ts'
import { watchHealth } from './health.ts'
import { isWindowEnd, kappaQuantiles } from './probe.ts'
import { scheduleAt } from './schedule.ts'
import { createTrainStep, type StepSchedule } from './step.ts'
import { initialState, parameterSpecs } from './step-state.ts'

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
}

/**
 * `started`, then `step`, `alarm` and `checkpoint` as they come; the last one is `done` after a checkpoint, or `failed`
 * when a step gave no finite numbers: then the state before that step is the last checkpoint.
 * @throws AppError checkpoint_invalid, storage_full and what the dataset and the engine throw
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { recipe, datasetFolder, clock, loaders } = options
  const batches = await createBatches({ datasetFolder, recipe, clock, ...(loaders === undefined ? {} : { loaders }) })
  try {
    const state = await beginOrResume(options, batches)
    yield startedEvent(options, batches, state)
    yield* trainFrom(state, options, batches)
  } finally {
    await batches.close()
  }
}

async function* trainFrom(begin: TrainState, options: TrainOptions, batches: Batches): AsyncGenerator<TrainEvent> {
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
  readonly options: TrainOptions
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
  const { options, batches, checkpoints, lastStep } = run
  const { recipe, engine, outFolder, signal, clock } = options
  const { stepsPerEpoch } = batches
  const health = watchHealth(recipe, stepsPerEpoch)
  const trainStep = await createTrainStep(engine, recipe)
  let state = begin
  try {
    while (state.step < lastStep && !signal?.aborted) {
      const startedAt = clock.now()
      const batch = await batches.next(state.step)
      const at = scheduleAt(recipe, state.step, stepsPerEpoch)
      const { state: tensors, metrics } = await trainStep.run(state.tensors, batch, at)
      const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value))
      if (broken) return { state, failure: failedEvent(state.step + 1, broken) }

      const step = state.step + 1
      state = { ...state, step, epoch: Math.floor(step / stepsPerEpoch), tensors }
      const timing = { waitMs: batch.waitMs, totalMs: clock.now() - startedAt }
      const record = stepMetrics({ recipe, metrics, at, timing }, state, stepsPerEpoch)
      yield { type: 'step', step, epoch: state.epoch, metrics: record }
      yield* health.observe(step, metrics)
      if (checkpoints.isDue(step)) {
        yield await writeCheckpoint(outFolder, state)
        checkpoints.saved(step)
      }
      // A step computes synchronously: without a turn of the event loop no stop message would ever arrive.
      await nextTurn()
    }
    return { state, failure: null }
  } finally {
    await trainStep.dispose()
  }
}

async function beginOrResume({ recipe, resumeFrom }: TrainOptions, { contentHash }: Batches): Promise<TrainState> {
  if (resumeFrom === undefined) return { step: 0, epoch: 0, recipe, contentHash, tensors: initialState(recipe) }
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

function stepMetrics(record: StepRecord, { step, tensors }: TrainState, stepsPerEpoch: number): Record<string, number> {
  const { recipe, metrics, at, timing } = record
  const { prototypes, batchSize } = recipe.hyperparameters
  // A clock that did not move gives no rate.
  const totalMs = Math.max(timing.totalMs, 0.001)
  return {
    ...metrics,
    loss_over_ln_k: metrics.loss! / Math.log(prototypes),
    learning_rate: at.learningRate,
    weight_decay: at.weightDecay,
    teacher_momentum: at.teacherMomentum,
    teacher_temperature: at.teacherTemperature,
    images_per_second: (1000 * batchSize) / totalMs,
    data_wait_share: Math.min(1, timing.waitMs / totalMs),
    ...(isWindowEnd(step, stepsPerEpoch)
      ? kappaQuantiles(tensors['teacher.head.last_layer.weight_g']!, at.teacherTemperature)
      : {})
  }
}

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

const failedEvent = (step: number, [metric, value]: [string, number]): FailedEvent => ({
  type: 'failed',
  step,
  code: 'loss_not_finite',
  message: `${metric} is ${value} in step ${step}; the state before it is the last checkpoint.`
})
