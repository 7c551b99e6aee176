/**
 * The training loop. Yields what happens and writes checkpoints; who supervises, uploads or draws a progress bar reads
 * the events. A run is a function of recipe, dataset and init: stopping, resuming and the number of loaders do not change it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { GpuMeter } from '../engine/gpu-meter.ts'
import { elementCount } from '../engine/tensor-spec.ts'
import { signedRows } from '../math/vectors.ts'
import type { FailedEvent, StartedEvent, TrainEvent } from '../protocol/training-events.ts'
import { devicesProblems } from '../recipe/check.ts'
import { networkOf } from '../recipe/network.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import { type Batches, createBatches } from './batches.ts'
import { firstState, type Init } from './begin.ts'
import { checkResumable, readCheckpoint, type TrainState, writeCheckpoint } from './checkpoint.ts'
import { checkpointRhythm, type RhythmOptions } from './checkpoint-rhythm.ts'
import { watchHealth } from './health/health.ts'
import { isWindowEnd, kappaQuantiles } from './health/probe.ts'
import { createHealthWindow, type HealthWindow } from './health/window.ts'
import { withEstimate } from './out-of-memory.ts'
import { operate } from './prototype-surgery.ts'
import type { StepSchedule } from './step/feeds.ts'
import type { StepResult } from './step/results.ts'
import { scheduleAt } from './step/schedule.ts'
import { parameterSpecs } from './step/state.ts'
import { createTrainStep, type TrainStep } from './step/step.ts'

export interface TrainOptions extends RhythmOptions {
  readonly datasetFolder: string
  readonly recipe: Recipe
  /** Checkpoints appear in `checkpoints/` below it. */
  readonly outFolder: string
  /** A checkpoint folder to go on from. */
  readonly resumeFrom?: string
  /** The run is a fork or was extended: the checkpoint may be of another recipe, as far as recipe/forks.ts allows. */
  readonly isFork?: boolean
  /** What is done to the prototypes of that checkpoint before the first step: of a fork that has none of its own yet. */
  readonly surgery?: PrototypeSurgery
  /** What the run begins from, random weights by default; its weights are read at step 0 alone. */
  readonly init?: Init | undefined
  /** Stops, as the signal would, after so many steps of this call. */
  readonly maxSteps?: number
  /** Stops before the next step, with a checkpoint. */
  readonly signal?: AbortSignal
  readonly engine: Engine
  /** Threads that decode and crop. */
  readonly loaders?: number
  /** Read with every window, while its last step is under way. */
  readonly gpuMeter?: GpuMeter | undefined
}

/**
 * `started`, then `step`, `alarm` and `checkpoint` as they come; the last one is `done` after a checkpoint, or `failed`
 * when a step gave no finite numbers: then the state before that step is the last checkpoint.
 * @throws AppError invalid_recipe where the engine's devices cannot share its batches, checkpoint_invalid, init_unavailable,
 *   weights_mismatch, storage_full, out_of_memory with the estimate that was wrong, and what the dataset and the engine throw
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { recipe, datasetFolder, clock, loaders, engine } = options
  const errors = devicesProblems(recipe, engine.devices)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  const batches = await createBatches({ datasetFolder, recipe, clock, ...(loaders === undefined ? {} : { loaders }) })
  try {
    const state = await beginOrResume(options, batches)
    if (state === null) return yield { type: 'done', step: 0, reason: 'stopped' }
    yield startedEvent(options, batches, state)
    yield* trainFrom(state, options, batches)
  } catch (error) {
    throw await withEstimate(error, recipe, engine)
  } finally {
    await batches.close()
  }
}

async function* trainFrom(begin: TrainState, options: TrainOptions, batches: Batches): AsyncGenerator<TrainEvent> {
  const totalSteps = options.recipe.hyperparameters.epochs * batches.stepsPerEpoch
  const lastStep = Math.min(totalSteps, begin.step + (options.maxSteps ?? Number.POSITIVE_INFINITY))
  if (begin.step < lastStep) {
    const { step, failure } = yield* takeSteps(begin, { options, batches, lastStep })
    yield failure ?? { type: 'done', step, reason: step === totalSteps ? 'completed' : 'stopped' }
    return
  }
  // Without a step to take nothing is compiled: a run of 0 epochs is there at once.
  yield await writeCheckpoint(options.outFolder, begin)
  yield { type: 'done', step: begin.step, reason: begin.step === totalSteps ? 'completed' : 'stopped' }
}

interface Run {
  readonly options: TrainOptions
  readonly batches: Batches
  readonly lastStep: number
}

/** Where the steps ended; `failure` when a step gave numbers that are not finite, then the state is the one before it. */
interface StepsTaken {
  readonly step: number
  readonly failure: FailedEvent | null
}

/** Ends with a checkpoint of the last state. */
async function* takeSteps(begin: TrainState, run: Run): AsyncGenerator<TrainEvent, StepsTaken> {
  const { options, lastStep, batches } = run
  const { recipe, engine, outFolder, signal, gpuMeter, clock } = options
  const { stepsPerEpoch } = batches
  const checkpoints = checkpointRhythm(options, begin.epoch)
  const alarms = watchHealth(recipe, { stepsPerEpoch, from: begin.health })
  const window = createHealthWindow(networkOf(recipe), begin.health)
  const trainStep = await createTrainStep(engine, recipe, begin.tensors)
  const { contentHash, init, surgeries } = begin
  let { step, epoch } = begin
  let failure: FailedEvent | null = null
  let skipped = 0

  async function checkpoint(): Promise<TrainEvent> {
    const startedAt = clock.now()
    const health = new Map([...alarms.tensors(), ...window.tensors()])
    const state = {
      step,
      epoch,
      stepsPerEpoch,
      recipe,
      contentHash,
      init,
      surgeries,
      tensors: await trainStep.read(),
      health
    }
    const event = await writeCheckpoint(outFolder, state)
    checkpoints.saved({ step, epoch }, clock.now() - startedAt)
    return event
  }

  try {
    while (step < lastStep && !failure && !signal?.aborted) {
      const isWindow = isWindowEnd(step + 1, stepsPerEpoch)
      const usage = isWindow ? gpuMeter?.read() : undefined
      const one = await takeStep(step, trainStep, run)
      if (!one.moved) failure = notFinite(step + 1, one.metrics)
      else {
        step++
        epoch = Math.floor(step / stepsPerEpoch)
        window.observe(one.views)
        const ofWindow = isWindow ? await windowMetrics(window, trainStep, one.at) : {}
        const ofDevices = isWindow ? { ...(await memoryMetrics(engine)), ...(await usage) } : {}
        yield { type: 'step', step, epoch, metrics: { ...stepMetrics(one), ...ofWindow, ...ofDevices } }
        yield* alarms.observe(step, one.metrics)
        skipped = one.metrics['skipped'] === 1 ? skipped + 1 : 0
        if (skipped >= MOST_SKIPPED) failure = standsStill(step, skipped)
        else if (checkpoints.isDue({ step, epoch })) yield await checkpoint()
      }
      // A step computes synchronously: without a turn of the event loop no stop message would ever arrive.
      await nextTurn()
    }
    if (!checkpoints.isSaved(step)) yield await checkpoint()
    return { step, failure }
  } finally {
    await trainStep.dispose()
  }
}

/** float16 skips a step now and then; a run that does nothing else trains nothing. */
const MOST_SKIPPED = 25

/** @param step steps completed before this one */
async function takeStep(step: number, trainStep: TrainStep, { batches, options }: Run): Promise<StepRecord> {
  const { recipe, clock } = options
  const startedAt = clock.now()
  const batch = await batches.next(step)
  const at = scheduleAt(recipe, step, batches.stepsPerEpoch)
  const result = await trainStep.step(batch, at)
  return { ...result, recipe, at, timing: { waitMs: batch.waitMs, totalMs: clock.now() - startedAt } }
}

/** Null when it was stopped before there was a state to keep. */
async function beginOrResume(options: TrainOptions, batches: Batches): Promise<TrainState | null> {
  const { recipe, resumeFrom, isFork, surgery } = options
  const { contentHash, stepsPerEpoch } = batches
  const init = options.init?.record
  if (resumeFrom === undefined) {
    const tensors = await firstState({ ...options, batches })
    return tensors && { step: 0, epoch: 0, stepsPerEpoch, recipe, contentHash, init, tensors, health: new Map() }
  }
  const checkpoint = await readCheckpoint(resumeFrom)
  checkResumable(checkpoint, { recipe, contentHash, init, isFork })
  if (surgery === undefined) return { ...checkpoint, stepsPerEpoch, recipe }
  operate(checkpoint.tensors, { recipe, surgery, step: checkpoint.step })
  const surgeries = [...(checkpoint.surgeries ?? []), surgery]
  // What was counted of prototypes that are others now says nothing.
  return { ...checkpoint, stepsPerEpoch, recipe, surgeries, health: new Map() }
}

interface StepRecord extends StepResult {
  readonly recipe: Recipe
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

const [NORMS, DIRECTIONS] = ['teacher.head.last_layer.weight_g', 'teacher.head.last_layer.weight_v'] as const

/** Of the teacher after the last step of the window, and of the images of all its steps. */
async function windowMetrics(
  window: HealthWindow,
  trainStep: TrainStep,
  at: StepSchedule
): Promise<Record<string, number>> {
  const teacher = await trainStep.read([NORMS, DIRECTIONS])
  const directions = signedRows(teacher[DIRECTIONS]!, teacher[NORMS]!)
  return { ...kappaQuantiles(teacher[NORMS]!, at.teacherTemperature), ...window.close(directions) }
}

async function memoryMetrics({ memory }: Engine): Promise<Record<string, number>> {
  const peak = (await memory?.())?.peakBytes ?? null
  return peak === null ? {} : { device_memory_peak_bytes: peak }
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
    device: engine.device,
    deviceKind: engine.deviceKind,
    devices: engine.devices,
    precision: engine.precision
  }
}

/** Names the first metric that is no finite number, or the largest when only their sum is none. */
function notFinite(step: number, metrics: Readonly<Record<string, number>>): FailedEvent {
  const entries = Object.entries(metrics)
  const largest = entries.reduce((most, one) => (Math.abs(one[1]) > Math.abs(most[1]) ? one : most))
  const [metric, value] = entries.find(([, number]) => !Number.isFinite(number)) ?? largest
  const message = `${metric} is ${value} in step ${step}; the state before it is the last checkpoint.`
  return { type: 'failed', step, code: 'loss_not_finite', message }
}

const standsStill = (step: number, skipped: number): FailedEvent => ({
  type: 'failed',
  step,
  code: 'loss_not_finite',
  message: `The last ${skipped} steps had gradients outside float16's range and moved nothing; bfloat16 and float32 have the range.`
})
