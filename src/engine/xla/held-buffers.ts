/** A state on every device of an engine; all have the same tensors. */
import { invariant } from '../../base/errors.ts'
import type { Feeds, HeldState, Outputs } from '../engine.ts'
import { checkFeeds } from '../feeds.ts'
import { elementCount, type TensorSpec } from '../tensor-spec.ts'
import type { XlaBuffer } from './buffer.ts'
import type { XlaClient } from './client.ts'
import type { XlaDevice } from './devices.ts'

type Buffers = Map<string, XlaBuffer>

export class HeldBuffers implements HeldState {
  readonly #specs: ReadonlyMap<string, TensorSpec>
  readonly #onDevices: readonly Buffers[]

  constructor(specs: readonly TensorSpec[], onDevices: readonly Buffers[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]))
    this.#onDevices = onDevices
  }

  get(device: number, name: string): XlaBuffer {
    const buffer = this.#onDevices[device]?.get(name)
    invariant(buffer, `the held state has ${name}, and is not disposed of`)
    return buffer
  }

  /** Lets go of what was there, which the step has consumed. */
  replace(device: number, name: string, buffer: XlaBuffer): void {
    this.get(device, name).dispose()
    this.#onDevices[device]!.set(name, buffer)
  }

  async read(names: readonly string[] = [...this.#specs.keys()]): Promise<Outputs> {
    const values: Outputs = {}
    // One after the other: a state of gigabytes is not copied through as many staging buffers at once.
    for (const name of names) {
      const buffer = this.get(0, name)
      values[name] = await buffer.read(new Float32Array(elementCount(this.#specs.get(name)!.shape)))
    }
    return values
  }

  async dispose(): Promise<void> {
    for (const buffers of this.#onDevices) {
      for (const buffer of buffers.values()) buffer.dispose()
      buffers.clear()
    }
  }
}

interface Devices {
  readonly client: XlaClient
  readonly devices: readonly XlaDevice[]
}

export async function createHeldBuffers(
  { client, devices }: Devices,
  specs: readonly TensorSpec[],
  values: Feeds
): Promise<HeldBuffers> {
  const onDevices = devices.map((): Buffers => new Map())
  const state = new HeldBuffers(specs, onDevices)
  try {
    for (const { spec, values: array, shape } of checkFeeds(specs, values)) {
      for (const [i, device] of devices.entries()) {
        onDevices[i]!.set(spec.name, await client.put(array, { ...spec, shape }, device))
      }
    }
  } catch (error) {
    await state.dispose()
    throw error
  }
  return state
}
