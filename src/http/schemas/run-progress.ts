/** How far a run is, or why it is no further: of the run, and of a trial among others. */
import { type Static, Type } from 'typebox'
import type { RunProgress } from '../../domain/run.ts'
import { Nullable } from './common.ts'

export const Progress = Type.Object({
  step: Type.Integer(),
  total_steps: Type.Integer(),
  epoch: Type.Integer(),
  percent: Type.Number(),
  images_seen: Type.Integer()
})

export const RunError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  retryable: Type.Boolean(),
  step: Nullable(Type.Integer())
})

export const presentProgress = (progress: RunProgress): Static<typeof Progress> => ({
  step: progress.step,
  total_steps: progress.totalSteps,
  epoch: progress.epoch,
  percent: progress.percent,
  images_seen: progress.imagesSeen
})
