/** All of what a device needs to serve models, put together. */
import type { ServingDevice } from '../engine/xla/serving-device.ts'
import type { ServedModel } from '../protocol/inference-messages.ts'
import { createDeviceModels, type FellBack } from './device-model.ts'
import { makeDeviceParts } from './device-parts.ts'
import { createDevicePrograms } from './device-programs.ts'
import { roomOf } from './device-room.ts'
import type { ServingModel } from './serving-model.ts'

export interface DeviceServingOptions {
  readonly device: ServingDevice
  /** Of models, programs and runs together. */
  readonly maxModelBytes: number
  readonly maxBatch: number
  /** Runs that compute at the same time. */
  readonly runs: number
  /** As without a device; opens no program before it is asked for one. */
  readonly openOnCpu: (model: ServedModel) => Promise<ServingModel>
  readonly onFellBack: (what: FellBack) => void
  readonly onLost: (error: unknown) => void
  readonly report: (error: unknown) => void
}

export interface DeviceServing {
  /** Of the models that `open` gives. */
  readonly maxWeightBytes: number
  open(model: ServedModel): Promise<ServingModel>
  /** When all models are disposed of: the programs, and the device. */
  dispose(): Promise<void>
}

export function serveOnDevice({ maxModelBytes, onLost, ...options }: DeviceServingOptions): DeviceServing {
  const { device, report, runs } = options
  const { weightBytes, runBytes, programBytes } = roomOf(maxModelBytes, runs)
  const programs = createDevicePrograms({ device, maxBytes: programBytes, onLost, report })
  return {
    maxWeightBytes: weightBytes,
    open: createDeviceModels({ ...options, programs, maxRunBytes: runBytes, makeParts: makeDeviceParts }),
    async dispose() {
      await programs.dispose()
      device.dispose()
    }
  }
}
