/** A PJRT plugin: a shared library with one exported function, which gives a table of all others. */
import { realpathSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import { promisify } from 'node:util'
import { AppError, invariant, toError } from '../../base/errors.ts'
import { type NamedValue, readNamedValues } from './named-values.ts'
import { bytesAt, native, type Pointer, textAt } from './native.ts'
import {
  API_VERSION,
  type FieldsOf,
  FUNCTIONS,
  type FunctionName,
  isFitVersion,
  SLOTS_OFFSET,
  VERSION_OFFSET
} from './pjrt-api.ts'
import { type PluginError, pluginError } from './plugin-errors.ts'
import { type InputsOf, type Struct, structOf, type ValuesOf } from './structs.ts'
import { inTurn } from './turns.ts'

export interface Plugin {
  readonly path: string
  /** Of PJRT's C API, such as `0.115`. */
  readonly apiVersion: string
  /** What it says of itself, such as `xla_version` and `stablehlo_current_version`. */
  readonly attributes: Readonly<Record<string, NamedValue>>
  /**
   * Calls on this thread and returns the fields of the arguments as the plugin left them.
   * @throws PluginError
   */
  call<N extends FunctionName>(name: N, inputs: InputsOf<FieldsOf<N>>): ValuesOf<FieldsOf<N>>
  /** Calls on a thread of libuv's pool, so that this one's event loop turns meanwhile. */
  callAsync<N extends FunctionName>(name: N, inputs: InputsOf<FieldsOf<N>>): Promise<ValuesOf<FieldsOf<N>>>
}

interface NativeFunction {
  (args: Uint8Array): Pointer | null
  async(args: Uint8Array, done: (error: Error | null, result: Pointer | null) => void): void
}

/** A library stays in the process, and its global state with it: opened once, initialized once. */
const opened = new Map<string, Plugin>()

/** @throws AppError engine_unavailable, saying why the file cannot be used as a plugin here */
export function openPlugin(path: string): Plugin {
  invariant(isAbsolute(path), `the path of a plugin is absolute: ${path}`)
  const file = realPath(path)
  const known = opened.get(file)
  if (known) return known
  const plugin = createPlugin(file, tableOf(file))
  opened.set(file, plugin)
  return plugin
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw unusable(path, 'there is no such file', error)
  }
}

function tableOf(path: string): Pointer {
  let table: Pointer | null
  try {
    // The library reads it when it is loaded: no word on what goes well.
    process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1'
    keepLoaded(path)
    table = native().load(path).func('void *GetPjrtApi()')() as Pointer | null
  } catch (error) {
    if (error instanceof AppError) throw error
    throw unusable(path, toError(error).message.split('\n')[0]!, error)
  }
  if (table === null) throw unusable(path, 'it gives no table of functions')
  return table
}

/**
 * koffi unloads its libraries when Node's environment ends, and exit handlers that the plugin registered then point
 * nowhere: the process crashes after its work is done. Opened once more and never closed, the library stays.
 */
function keepLoaded(path: string): void {
  native().load(null).func('void *dlopen(const char *path, int flags)')(path, RTLD_NOW)
}

const RTLD_NOW = 2

function createPlugin(path: string, table: Pointer): Plugin {
  const apiVersion = checkedVersion(path, table)
  const functions = new Map<FunctionName, NativeFunction>()
  const { decode } = native()

  function functionOf(name: FunctionName): NativeFunction {
    let found = functions.get(name)
    if (!found) {
      const address = decode(table, SLOTS_OFFSET + 8 * FUNCTIONS[name].slot, 'void *') as Pointer | null
      if (address === null) throw unusable(path, `it has no PJRT_${name}`)
      found = decode(address, prototype()) as NativeFunction
      functions.set(name, found)
    }
    return found
  }

  const argumentsOf = <N extends FunctionName>(name: N, inputs: InputsOf<FieldsOf<N>>) =>
    structOf<FieldsOf<N>>(FUNCTIONS[name].fields as FieldsOf<N>, inputs)

  function finish<N extends FunctionName>(name: N, struct: Struct<FieldsOf<N>>, error: Pointer | null) {
    if (error !== null && !('isVoid' in FUNCTIONS[name])) throw taken(name, error)
    return struct.read()
  }

  /** An error is ours to free. */
  function taken(name: FunctionName, error: Pointer): PluginError {
    const { message, message_size } = plugin.call('Error_Message', { error })
    const text = textAt(message, message_size)
    const { code } = plugin.call('Error_GetCode', { error })
    plugin.call('Error_Destroy', { error })
    return pluginError(name, code, text)
  }

  const plugin: Plugin = {
    path,
    apiVersion,
    get attributes() {
      const { attributes, num_attributes } = plugin.call('Plugin_Attributes', {})
      return readNamedValues(attributes, num_attributes)
    },
    call(name, inputs) {
      const struct = argumentsOf(name, inputs)
      return finish(name, struct, functionOf(name)(struct.bytes))
    },
    callAsync(name, inputs) {
      const struct = argumentsOf(name, inputs)
      return inTurn(async () => {
        const error = await promisify(functionOf(name).async)(struct.bytes)
        // Named here, the struct lives until the call has ended, and what it points to with it.
        return finish(name, struct, error)
      })
    }
  }
  plugin.call('Plugin_Initialize', {})
  return plugin
}

let pjrtFunction: ReturnType<ReturnType<typeof native>['proto']> | undefined
/** All functions of the table are alike: the address of a struct goes in, that of an error or null comes out. */
const prototype = () => (pjrtFunction ??= native().proto('void *PjrtFunction(void *arguments)'))

function checkedVersion(path: string, table: Pointer): string {
  const [major, minor] = new Int32Array(bytesAt(table + BigInt(VERSION_OFFSET), 8).buffer)
  const version = { major: major!, minor: minor! }
  if (!isFitVersion(version)) {
    const { major: ours, minor: least } = API_VERSION
    const wanted = `${ours}.${least} or a later ${ours}.x`
    throw unusable(path, `it speaks version ${major}.${minor} of the PJRT C API, and Kappa needs ${wanted}`)
  }
  return `${major}.${minor}`
}

const unusable = (path: string, reason: string, cause?: unknown): AppError =>
  new AppError(
    'engine_unavailable',
    { message: `The plugin ${basename(path)} cannot be used: ${reason}.`, plugin: path, reason },
    { cause }
  )
