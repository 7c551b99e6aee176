/**
 * A device that serves: weights of models that stay there, and programs of one batch each that are given them. Programs are traced
 * elsewhere (write-program.ts): weights are their arguments, so that models of one network share what was compiled once.
 */
import type { DeviceKind } from '../../base/devices.ts'
import type { Feeds, HeldState, Outputs, Precision } from '../engine.ts'
import { elementCount, type TensorSpec } from '../tensor-spec.ts'
import type { XlaClient } from './client.ts'
import type { XlaDevice } from './devices.ts'
import type { XlaExecutable } from './executable.ts'
import { createHeldBuffers, type HeldBuffers } from './held-buffers.ts'
import type { ProgramCache } from './program-cache.ts'
import { stepOnDevices, type WrittenProgram } from './run-program.ts'
import { kindOf, versionOf } from './version.ts'
import { optionsOn } from './xla-engine.ts'

/** They stay until they are disposed of, when no run with them is under way. */
export type DeviceWeights = Pick<HeldState, 'dispose'>

export interface DeviceProgram {
  /** As long as it is kept. */
  readonly codeBytes: number
  /** As long as a run takes: its images, what it computes with, and what comes of it. */
  readonly runBytes: number
  /** Runs may overlap, for nothing of the weights changes. @throws AppError out_of_memory */
  run(weights: DeviceWeights, feeds: Feeds): Promise<Outputs>
  /** When no run is under way. */
  dispose(): void
}

export interface ServingDevice {
  readonly version: string
  readonly device: string
  readonly deviceKind: DeviceKind
  /** Of products; everything else is float32. */
  readonly precision: Precision
  /** The values are copied. @throws AppError out_of_memory */
  hold(specs: readonly TensorSpec[], values: Feeds): Promise<DeviceWeights>
  /** From the folder of compiled programs, where it is there. @throws AppError out_of_memory, internal with what XLA says */
  compile(written: WrittenProgram): Promise<DeviceProgram>
  dispose(): void
}

export interface ServingDeviceOptions {
  readonly client: XlaClient
  readonly precision: Precision
  readonly cache: ProgramCache
}

/** The device owns the client: both end together. */
export function createServingDevice({ client, precision, cache }: ServingDeviceOptions): ServingDevice {
  const [device] = client.devices as readonly [XlaDevice, ...XlaDevice[]] // a plugin without one is refused
  const devices = [device]
  const held = new WeakMap<DeviceWeights, HeldBuffers>()
  const programOf = (executable: XlaExecutable, written: WrittenProgram): DeviceProgram => {
    const { codeBytes, outputBytes, temporaryBytes } = executable.memory
    return {
      codeBytes,
      runBytes: fedBytes(written) + outputBytes + temporaryBytes,
      async run(weights, feeds) {
        const [outputs] = await stepOnDevices({ executable, written, client, devices }, held.get(weights)!, [feeds])
        return outputs!
      },
      dispose: () => executable.dispose()
    }
  }
  return {
    version: versionOf(client),
    device: [device.kind, ...(precision === 'float32' ? [] : [precision])].join(', '),
    deviceKind: kindOf(client),
    precision,
    async hold(specs, values) {
      const buffers = await createHeldBuffers({ client, devices }, specs, values)
      held.set(buffers, buffers)
      return buffers
    },
    async compile(written) {
      const { executable } = await cache.compile(client, written.text, optionsOn(client, 1))
      return programOf(executable, written)
    },
    dispose: () => client.dispose()
  }
}

const BYTES = { float32: 4, int32: 4, uint8: 1 } as const

const fedBytes = ({ inputs, held }: WrittenProgram): number =>
  inputs
    .filter(({ name }) => !held.has(name))
    .reduce((sum, { shape, dtype }) => sum + elementCount(shape) * BYTES[dtype], 0)
