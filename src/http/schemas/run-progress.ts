/** How far a run is, by what, or why it is no further: of the run, and of a trial among others. */
import { type Static, Type } from 'typebox'
import { DEVICE_KINDS } from '../../base/devices.ts'
import type { RunEngine, RunProgress } from '../../domain/run.ts'
import { Nullable, Timestamp } from './common.ts'

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

export const Engine = Type.Object(
  {
    name: Type.String(),
    device: Type.String({ description: 'As the engine calls it.' }),
    device_kind: Type.Enum([...DEVICE_KINDS]),
    devices: Type.Integer({ description: 'How many share every batch.' }),
    precision: Type.String({ description: 'Of matrix products: float32, tf32, bfloat16 or float16.' })
  },
  { description: 'What the newest leg that started trains with; null before the first.' }
)

export const RunFailure = Type.Object({
  code: Type.String(),
  message: Type.String(),
  step: Nullable(Type.Integer()),
  node: Type.String({ description: 'Of the worker that had it: the same after a restart.' }),
  at: Timestamp
})

export const RaisedAlarm = Type.Object(
  { rule: Type.String(), step: Type.Integer(), at: Timestamp },
  { description: 'The newest alarm of the run, whether it paused it or not; what it means is among the events.' }
)

export const presentEngine = ({ name, device, deviceKind, devices, precision }: RunEngine) => ({
  name,
  device,
  device_kind: deviceKind,
  devices,
  precision
})
