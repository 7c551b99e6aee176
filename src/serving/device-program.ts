/** A model's program on a device: weights that lie there, and a ladder of compiled programs to which batches are filled up. */
import { invariant, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import type { Outputs } from '../engine/engine.ts'
import type { DeviceWeights, ServingDevice } from '../engine/xla/serving-device.ts'
import { splitRows } from '../model/embedder.ts'
import { BatchLadder } from './batch-ladder.ts'
import { type ModelPrograms, withoutRoom } from './device-programs.ts'
import type { BatchProgram, DeviceParts } from './device-thread.ts'

export interface DeviceServed {
  /** The largest batch; less when the device turns out to have no room for it. */
  readonly batch: number
  /** Rows of each output, in order. @throws AppError inference_unavailable where the device has no room even for one image */
  run(pixels: readonly Uint8Array[]): Promise<Record<string, Float32Array[]>>
  /** When no run is under way. */
  dispose(): Promise<void>
}

export interface OnDevice {
  readonly device: Pick<ServingDevice, 'hold'>
  readonly programs: ModelPrograms
  /** Of one run. */
  readonly maxRunBytes: number
  /** Of batches that cannot be had, which smaller ones stand in for. */
  readonly report: (error: unknown) => void
}

/**
 * Puts the weights onto the device and computes one image, so that no request is the first.
 * @throws AppError inference_unavailable, and what XLA says of a program that it cannot make
 */
export async function openOnDevice(parts: DeviceParts, on: OnDevice): Promise<DeviceServed> {
  try {
    const weights = await on.device.hold(parts.specs, parts.weights)
    try {
      const served = createDeviceServed({ programs: parts.programs, weights }, on)
      await served.begin()
      return served
    } catch (error) {
      await weights.dispose()
      throw error
    }
  } catch (error) {
    throw withoutRoom(error)
  }
}

interface Held {
  readonly programs: readonly BatchProgram[]
  readonly weights: DeviceWeights
}

function createDeviceServed({ programs, weights }: Held, { programs: compiled, maxRunBytes, report }: OnDevice) {
  const ladder = new BatchLadder(programs.map(({ batch }) => batch))
  const preparing = new Set<number>()
  const programOf = (size: number): BatchProgram => programs.find(({ batch }) => batch === size)!
  const { inputs } = programs[0]!.written
  const imageBytes = inputs.find(({ name }) => name === 'images')!.shape.reduce((product, size) => product * size, 1)

  /** Beside the requests, which smaller sizes answer meanwhile. */
  async function prepare(size: number): Promise<void> {
    if (ladder.has(size) || preparing.has(size)) return
    preparing.add(size)
    try {
      const runBytes = await compiled.prepare(programOf(size))
      if (size === 1 || runBytes <= maxRunBytes) ladder.add(size)
      else ladder.giveUp(size)
    } catch (error) {
      ladder.giveUp(size)
      report(error)
    } finally {
      preparing.delete(size)
    }
  }

  const compute = (size: number, pixels: readonly Uint8Array[]): Promise<Outputs> =>
    compiled.run(programOf(size), weights, filledUp(pixels, size, imageBytes))

  /** What does not fit goes on in smaller batches; the device's other tenants may have taken its room. */
  async function computed(pixels: readonly Uint8Array[]): Promise<{ size: number; outputs: Outputs }> {
    for (;;) {
      const size = ladder.next(pixels.length)
      try {
        return { size, outputs: await compute(size, pixels.slice(0, size)) }
      } catch (error) {
        if (size === 1 || !isOutOfMemory(toError(error))) throw withoutRoom(error)
        ladder.giveUp(size)
        report(error)
      }
    }
  }

  return {
    get batch() {
      return ladder.top
    },
    async begin(): Promise<void> {
      await compiled.prepare(programOf(1))
      ladder.add(1)
      await compute(1, [new Uint8Array(imageBytes)])
    },
    async run(pixels: readonly Uint8Array[]) {
      void prepare(ladder.wanted(pixels.length))
      const rows = new Map<string, Float32Array[]>()
      for (let done = 0; done < pixels.length; ) {
        const { size, outputs } = await computed(pixels.slice(done))
        const images = Math.min(size, pixels.length - done)
        for (const [name, values] of Object.entries(outputs))
          rows.set(name, [...(rows.get(name) ?? []), ...splitRows(values, size).slice(0, images)])
        done += images
      }
      return Object.fromEntries(rows)
    },
    dispose: () => weights.dispose()
  }
}

/** Empty places are black: what they give is thrown away, and no row sees another. */
function filledUp(pixels: readonly Uint8Array[], size: number, imageBytes: number): Uint8Array {
  const filled = new Uint8Array(size * imageBytes)
  pixels.forEach((image, i) => {
    invariant(image.length === imageBytes, `an image of ${image.length} bytes where the program takes ${imageBytes}`)
    filled.set(image, i * imageBytes)
  })
  return filled
}
