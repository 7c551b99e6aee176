/** A compiled program. */
import { invariant } from '../../base/errors.ts'
import { type HeldBuffer, holdBuffer, type XlaBuffer } from './buffer.ts'
import { type CompiledMemory, compiledMemory } from './compiled-memory.ts'
import { completed } from './events.ts'
import { bytesAt, native, type Pointer } from './native.ts'
import { EXECUTE_OPTIONS } from './pjrt-api.ts'
import type { Plugin } from './plugin.ts'
import { listOf, structOf } from './structs.ts'

export interface XlaExecutable {
  readonly memory: CompiledMemory
  /**
   * @param args of every device, in the program's order; those that the program's text donates are consumed
   * @returns of every device, the outputs, when all of them are done
   */
  execute(args: readonly (readonly XlaBuffer[])[]): Promise<XlaBuffer[][]>
  /** For `XlaClient.load` of the same plugin on the same kind of device. */
  serialize(): Uint8Array
  /** When no execution is under way. */
  dispose(): void
}

export function holdExecutable(plugin: Plugin, loaded: Pointer): XlaExecutable {
  const { executable } = plugin.call('LoadedExecutable_GetExecutable', { loaded_executable: loaded })
  const { num_outputs: outputs } = plugin.call('Executable_NumOutputs', { executable })
  let memory: CompiledMemory | undefined
  /** Which arguments an execution consumes, known after the first. */
  let donated: readonly number[] | undefined
  let isDisposed = false

  return {
    get memory() {
      if (!memory) {
        invariant(!isDisposed, 'a program is asked after it was disposed of')
        memory = compiledMemory(plugin, executable)
      }
      return memory
    },
    async execute(args) {
      invariant(!isDisposed, 'a program runs after it was disposed of')
      const lists = args as readonly (readonly HeldBuffer[])[]
      const results = await launch(plugin, loaded, lists, outputs)
      donated ??= lists[0]!.flatMap((buffer, i) => (isDeleted(plugin, buffer.handle()) ? [i] : []))
      for (const list of lists) for (const i of donated) list[i]!.dispose()
      const buffers = results.outputs.map((list) => list.map((buffer) => holdBuffer(plugin, buffer)))
      const failures = await failuresOf(plugin, results.events)
      if (failures.length === 0) return buffers
      for (const buffer of buffers.flat()) buffer.dispose()
      throw failures[0]
    },
    serialize: () => serialized(plugin, executable),
    dispose() {
      if (isDisposed) return
      isDisposed = true
      plugin.call('Executable_Destroy', { executable })
      plugin.call('LoadedExecutable_Destroy', { executable: loaded })
    }
  }
}

/** One device after the other: the slowest is waited for in any case, also when another has failed. */
async function failuresOf(plugin: Plugin, events: readonly Pointer[]): Promise<unknown[]> {
  const failures: unknown[] = []
  for (const event of events) await completed(plugin, event).catch((error: unknown) => failures.push(error))
  return failures
}

const isDeleted = (plugin: Plugin, buffer: Pointer): boolean => plugin.call('Buffer_IsDeleted', { buffer }).is_deleted

interface Launched {
  readonly outputs: readonly (readonly Pointer[])[]
  /** Of every device, when it is done. */
  readonly events: readonly Pointer[]
}

async function launch(
  plugin: Plugin,
  executable: Pointer,
  args: readonly (readonly HeldBuffer[])[],
  outputs: number
): Promise<Launched> {
  const inputLists = args.map((list) => BigUint64Array.from(list, (buffer) => buffer.handle()))
  const outputLists = args.map(() => new BigUint64Array(outputs))
  const events = new BigUint64Array(args.length)
  await plugin.callAsync('LoadedExecutable_Execute', {
    executable,
    options: structOf(EXECUTE_OPTIONS, {}),
    argument_lists: listOf(inputLists),
    num_devices: args.length,
    num_args: inputLists[0]!.length,
    output_lists: listOf(outputLists),
    device_complete_events: events
  })
  return { outputs: outputLists.map((list) => [...list]), events: [...events] }
}

function serialized(plugin: Plugin, executable: Pointer): Uint8Array {
  const result = plugin.call('Executable_Serialize', { executable })
  const bytes = bytesAt(result.serialized_bytes, result.serialized_bytes_size)
  const { call, proto } = native()
  call(result.serialized_executable_deleter, proto('void (void *serialized)'), result.serialized_executable)
  return bytes
}
