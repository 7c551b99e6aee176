/** What happens around one execution: feeds go to the devices, results come back or become the next state. */
import { invariant } from '../../base/errors.ts'
import type { Feeds, LoadedProgram, Outputs } from '../engine.ts'
import { checkFeeds } from '../feeds.ts'
import { elementCount, type TensorSpec } from '../tensor-spec.ts'
import type { XlaBuffer } from './buffer.ts'
import type { XlaClient } from './client.ts'
import type { XlaDevice } from './devices.ts'
import type { XlaExecutable } from './executable.ts'
import type { HeldBuffers } from './held-buffers.ts'

export interface WrittenProgram {
  /** StableHLO. */
  readonly text: string
  /** As the executable takes them. */
  readonly inputs: readonly TensorSpec[]
  /** As the executable gives them, under the program's names. */
  readonly outputs: readonly ProgramOutput[]
  readonly held: ReadonlySet<string>
}

interface ProgramOutput {
  readonly name: string
  readonly shape: readonly number[]
}

interface Place {
  readonly client: XlaClient
  readonly device: XlaDevice
}

export const runnable = (
  executable: XlaExecutable,
  { inputs, outputs }: WrittenProgram,
  place: Place
): LoadedProgram => ({
  async run(feeds) {
    const args = await putAll(inputs, feeds, place)
    try {
      const [results] = await executable.execute([args])
      return await readAll(outputs, results!)
    } finally {
      disposeAll(args)
    }
  },
  dispose: async () => executable.dispose()
})

/** What was put when another could not be is given back. */
async function putAll(inputs: readonly TensorSpec[], feeds: Feeds, { client, device }: Place): Promise<XlaBuffer[]> {
  const buffers: XlaBuffer[] = []
  try {
    for (const { spec, values, shape } of checkFeeds(inputs, feeds)) {
      buffers.push(await client.put(values, { ...spec, shape }, device))
    }
    return buffers
  } catch (error) {
    disposeAll(buffers)
    throw error
  }
}

function disposeAll(buffers: readonly XlaBuffer[]): void {
  for (const buffer of buffers) buffer.dispose()
}

async function readAll(outputs: readonly ProgramOutput[], buffers: readonly XlaBuffer[]): Promise<Outputs> {
  const read = outputs.map(async ({ name, shape }, i): Promise<[string, Float32Array]> => {
    return [name, await buffers[i]!.read(new Float32Array(elementCount(shape)))]
  })
  try {
    return Object.fromEntries(await Promise.all(read))
  } finally {
    // Even where one cannot be read, the others may still be under way.
    await Promise.allSettled(read)
    disposeAll(buffers)
  }
}

export interface SteppingOnDevices {
  readonly executable: XlaExecutable
  readonly written: WrittenProgram
  readonly client: XlaClient
  readonly devices: readonly XlaDevice[]
}

export async function stepOnDevices(
  { executable, written, client, devices }: SteppingOnDevices,
  state: HeldBuffers,
  feeds: readonly Feeds[]
): Promise<Outputs[]> {
  const { inputs, outputs, held } = written
  const count = devices.length
  invariant(feeds.length === count, `${count} devices take the feeds of ${count} devices, not ${feeds.length}`)
  const fed = inputs.filter(({ name }) => !held.has(name))
  const given: XlaBuffer[][] = []
  try {
    for (const [i, device] of devices.entries()) given.push(await putAll(fed, feeds[i]!, { client, device }))
    const args = given.map((buffers, device) => {
      const ofFeeds = buffers.values()
      return inputs.map(({ name }) => (held.has(name) ? state.get(device, name) : ofFeeds.next().value!))
    })
    const results = await executable.execute(args)
    results.forEach((buffers, device) => {
      outputs.forEach(({ name }, i) => {
        if (held.has(name)) state.replace(device, name, buffers[i]!)
      })
    })
    const isResult = outputs.map(({ name }) => !held.has(name))
    return await Promise.all(
      results.map((buffers) =>
        readAll(
          outputs.filter((_, i) => isResult[i]),
          buffers.filter((_, i) => isResult[i])
        )
      )
    )
  } finally {
    disposeAll(given.flat())
  }
}
