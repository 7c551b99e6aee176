/** A device whose programs give each image's first byte, and the batch that it was computed in. */
import { AppError } from '../../../src/base/errors.ts'
import type { DeviceWeights, ServingDevice } from '../../../src/engine/xla/serving-device.ts'
import type { DeviceParts } from '../../../src/serving/device-thread.ts'

export const outOfMemory = (): AppError => new AppError('out_of_memory', { message: 'RESOURCE_EXHAUSTED' })

export const IMAGE_BYTES = 3

/** @param name of the network: parts of one name share their programs */
export function partsOf(batches: readonly number[], name = 'network'): DeviceParts {
  return {
    config: {} as DeviceParts['config'], // nobody reads it
    specs: [{ name: 'w', shape: [2], dtype: 'float32' }],
    weights: { w: Float32Array.of(1, 2) },
    programs: batches.map((batch) => ({
      key: `${name} ${batch}`,
      batch,
      written: {
        text: `${name} ${batch}`,
        inputs: [
          { name: 'w', shape: [2], dtype: 'float32' },
          { name: 'images', shape: [batch, IMAGE_BYTES], dtype: 'uint8' }
        ],
        outputs: [{ name: 'embedding', shape: [batch, 2] }],
        held: new Set(['w'])
      }
    }))
  }
}

export interface FakeDevice extends Pick<ServingDevice, 'hold' | 'compile'> {
  readonly compiled: string[]
  /** Batches of the runs, in order. */
  readonly ran: number[]
  /** Weights and programs that are not given back. */
  held(): { readonly weights: number; readonly programs: number }
}

export interface FakeDeviceOptions {
  readonly beforeCompile?: (batch: number) => Promise<void> | void
  readonly beforeRun?: (batch: number) => void
  readonly runBytes?: (batch: number) => number
  readonly hold?: () => void
}

export function fakeDevice(options: FakeDeviceOptions = {}): FakeDevice {
  const { beforeCompile = () => {}, beforeRun = () => {}, runBytes = () => 1 } = options
  const compiled: string[] = []
  const ran: number[] = []
  const counts = { weights: 0, programs: 0 }
  return {
    compiled,
    ran,
    held: () => ({ ...counts }),
    async hold() {
      options.hold?.()
      counts.weights++
      const weights: DeviceWeights = { dispose: async () => void counts.weights-- }
      return weights
    },
    async compile({ text, inputs }) {
      const batch = inputs[1]!.shape[0]!
      compiled.push(text)
      await beforeCompile(batch)
      counts.programs++
      return {
        codeBytes: 1,
        runBytes: runBytes(batch),
        async run(_weights, feeds) {
          ran.push(batch)
          beforeRun(batch)
          const images = feeds['images'] as Uint8Array
          const rows = Array.from({ length: batch }, (_, i) => [images[i * IMAGE_BYTES]!, batch])
          return { embedding: Float32Array.from(rows.flat()) }
        },
        dispose: () => void counts.programs--
      }
    }
  }
}

export const imagesOf = (...firsts: readonly number[]): Uint8Array[] =>
  firsts.map((first) => Uint8Array.from({ length: IMAGE_BYTES }, (_, i) => (i === 0 ? first : 255)))
