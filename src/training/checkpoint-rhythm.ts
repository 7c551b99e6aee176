/** When a run writes its state down. */
import type { Clock } from '../base/clock.ts'
import type { TrainState } from './checkpoint.ts'

export interface RhythmOptions {
  readonly clock: Clock
  readonly checkpointEveryS?: number
  readonly checkpointEverySteps?: number
  /** At the end of every so many epochs; later, where that would take more than EXTRA_SHARE of the time. */
  readonly checkpointEveryEpochs?: number
}

type Position = Pick<TrainState, 'step' | 'epoch'>

export interface CheckpointRhythm {
  isDue(at: Position): boolean
  /** Whether this process has written the state at `step`. */
  isSaved(step: number): boolean
  saved(at: Position, tookMs: number): void
}

/** Of the time, that checkpoints at the end of epochs may take: an epoch can be over in a second. */
const EXTRA_SHARE = 0.1

/**
 * By time, by steps and by epochs, whichever is set; all count from the last checkpoint, so that none follows right after another.
 *
 * @param beganAt whole epochs at the state that the process begins with
 */
export function checkpointRhythm(options: RhythmOptions, beganAt: number): CheckpointRhythm {
  const { checkpointEveryS, checkpointEverySteps, checkpointEveryEpochs: epochs, clock } = options
  let savedStep: number | null = null
  let savedAt = clock.now()
  let savedEpoch = beganAt
  let tookMs = 0
  const isEpochDue = (epoch: number, every: number) =>
    Math.floor(epoch / every) > Math.floor(savedEpoch / every) && (clock.now() - savedAt) * EXTRA_SHARE >= tookMs
  return {
    isDue: ({ step, epoch }) =>
      (checkpointEverySteps !== undefined && step % checkpointEverySteps === 0) ||
      (checkpointEveryS !== undefined && clock.now() - savedAt >= checkpointEveryS * 1000) ||
      (epochs !== undefined && isEpochDue(epoch, epochs)),
    isSaved: (step) => step === savedStep,
    saved: ({ step, epoch }, took) => {
      savedStep = step
      savedEpoch = epoch
      savedAt = clock.now()
      tookMs = took
    }
  }
}
