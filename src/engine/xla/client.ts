/** What a plugin computes with: its devices, arrays on them, and programs compiled for them. */
import { AppError } from '../../base/errors.ts'
import type { Values } from '../tensor-spec.ts'
import { type ArraySpec, putBuffer, type XlaBuffer } from './buffer.ts'
import { encodeCompileOptions, type XlaCompileOptions } from './compile-options.ts'
import { devicesOf, type XlaDevice } from './devices.ts'
import { holdExecutable, type XlaExecutable } from './executable.ts'
import { openKeyValueCallbacks } from './key-value-callbacks.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { type NamedValues, namedValueList } from './named-values.ts'
import { type Pointer, textAt } from './native.ts'
import { openPlugin, type Plugin } from './plugin.ts'
import { PluginError } from './plugin-errors.ts'
import { programOf } from './program.ts'

export interface XlaClient {
  /** Such as `cpu` or `cuda`. */
  readonly platform: string
  readonly platformVersion: string
  readonly pluginPath: string
  readonly devices: readonly XlaDevice[]
  /** The values are copied before it returns. */
  put(values: Values, spec: ArraySpec, device: XlaDevice): Promise<XlaBuffer>
  /** @param text StableHLO; argument attributes `tf.aliasing_output` say what is donated */
  compile(text: string, options: XlaCompileOptions): Promise<XlaExecutable>
  /** What `XlaExecutable.serialize` gave. */
  load(serialized: Uint8Array, options: XlaCompileOptions): Promise<XlaExecutable>
  /** After its buffers and programs. */
  dispose(): void
}

export interface XlaClientOptions {
  /** The plugin's file, an absolute path. */
  readonly plugin: string
  /** The platform's own, such as `cpu_device_count`. */
  readonly options?: NamedValues
}

/** @throws AppError engine_unavailable when the plugin cannot be used or finds no device */
export function createXlaClient({ plugin: path, options = {} }: XlaClientOptions): XlaClient {
  const plugin = openPlugin(path)
  try {
    return clientOf(plugin, plugin.call('Client_Create', createInputs(options)).client)
  } catch (error) {
    throw withoutDevices(plugin, error)
  }
}

/** One of several processes, each with devices of its own, whose programs meet in collectives. */
export interface XlaHost {
  /** Below `count`, another one in every process. */
  readonly index: number
  readonly count: number
  /** The same for all, and of this meeting alone: a value of an earlier one would be taken for another's. */
  readonly store: KeyValueStore
}

/**
 * Ready when all hosts are; the plugin says for how long it waits for the others (minutes).
 * @throws AppError engine_unavailable when the plugin cannot be used, has no device, or a host or the store does not answer
 */
export async function createXlaClientOfHost(
  { plugin: path, options = {} }: XlaClientOptions,
  { index, count, store }: XlaHost
): Promise<XlaClient> {
  const plugin = openPlugin(path)
  const callbacks = await openKeyValueCallbacks(store)
  try {
    const { get, tryGet, put } = callbacks.addresses
    const { client } = await plugin.callAsync('Client_Create', {
      ...createInputs({ ...options, node_id: index, num_nodes: count }),
      kv_get_callback: get,
      kv_try_get_callback: tryGet,
      kv_put_callback: put
    })
    return clientOf(plugin, client, () => void callbacks.close())
  } catch (error) {
    await callbacks.close()
    throw withoutDevices(plugin, error)
  }
}

function clientOf(plugin: Plugin, client: Pointer, onDispose?: () => void): XlaClient {
  let isDisposed = false
  return {
    platform: platformOf(plugin, client),
    platformVersion: platformVersionOf(plugin, client),
    pluginPath: plugin.path,
    devices: devicesOf(plugin, client),
    put: async (values, spec, device) => putBuffer(plugin, { client, device, values, spec }),
    async compile(text, compileOptions) {
      const encoded = encodeCompileOptions(compileOptions)
      // Seconds to minutes of work, on a thread of the pool and XLA's own.
      const { executable } = await plugin.callAsync('Client_Compile', {
        client,
        program: programOf(text),
        compile_options: encoded,
        compile_options_size: encoded.length
      })
      return holdExecutable(plugin, executable)
    },
    async load(serialized, compileOptions) {
      const encoded = encodeCompileOptions(compileOptions)
      const { loaded_executable } = await plugin.callAsync('Executable_DeserializeAndLoad', {
        client,
        serialized_executable: serialized,
        serialized_executable_size: serialized.length,
        overridden_serialized_compile_options: encoded,
        overridden_serialized_compile_options_size: encoded.length
      })
      return holdExecutable(plugin, loaded_executable)
    },
    dispose() {
      if (isDisposed) return
      isDisposed = true
      plugin.call('Client_Destroy', { client })
      onDispose?.()
    }
  }
}

function createInputs(options: NamedValues) {
  const list = namedValueList(options)
  return { create_options: list, num_options: list.count }
}

function withoutDevices(plugin: Plugin, error: unknown): unknown {
  if (!(error instanceof PluginError) || error.code === 'out_of_memory') return error
  const message = `The plugin's devices cannot be used: ${error.message}`
  return new AppError('engine_unavailable', { message, plugin: plugin.path }, { cause: error.cause })
}

function platformOf(plugin: Plugin, client: Pointer): string {
  const { platform_name, platform_name_size } = plugin.call('Client_PlatformName', { client })
  return textAt(platform_name, platform_name_size)
}

function platformVersionOf(plugin: Plugin, client: Pointer): string {
  const { platform_version, platform_version_size } = plugin.call('Client_PlatformVersion', { client })
  return textAt(platform_version, platform_version_size)
}
